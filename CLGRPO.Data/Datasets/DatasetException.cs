namespace CLGRPO.Data.Datasets;

/// <summary>One thing wrong with a dataset version.</summary>
/// <param name="File">File name in the version's folder, such as <c>train.jsonl</c>.</param>
/// <param name="Line">Line in the file, from 1; 0 when the whole file is meant.</param>
/// <param name="Reason">What is wrong, with the value and what would be right.</param>
public sealed record DatasetProblem(string File, int Line, string Reason)
{
    /// <summary><c>train.jsonl:12: reason</c>.</summary>
    public override string ToString() => Line > 0 ? $"{File}:{Line}: {Reason}" : $"{File}: {Reason}";
}

/// <summary>A dataset version that cannot be used; carries every problem found, not only the first.</summary>
public sealed class DatasetException : Exception
{
    private const int ShownInMessage = 20;

    public DatasetException(string path, IReadOnlyList<DatasetProblem> problems)
        : base(Describe(path, problems)) => Problems = problems;

    /// <summary>All problems, in the order of files and lines.</summary>
    public IReadOnlyList<DatasetProblem> Problems { get; }

    private static string Describe(string path, IReadOnlyList<DatasetProblem> problems)
    {
        var more = problems.Count > ShownInMessage ? $"\n… and {problems.Count - ShownInMessage} more" : "";
        return $"Dataset version '{path}' has {problems.Count} problem(s):\n{string.Join('\n', problems.Take(ShownInMessage))}{more}";
    }
}
