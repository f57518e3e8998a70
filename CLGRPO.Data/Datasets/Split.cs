namespace CLGRPO.Data.Datasets;

/// <summary>The three parts of a dataset version.</summary>
public enum Split
{
    /// <summary>What models learn from.</summary>
    Train,

    /// <summary>What settings are chosen on.</summary>
    Validation,

    /// <summary>What results are reported on; nothing is ever chosen on it.</summary>
    Test,
}

/// <summary>Names of the splits in files.</summary>
public static class Splits
{
    /// <summary>All splits, in the order of <c>dataset.json</c>.</summary>
    public static IReadOnlyList<Split> All { get; } = [Split.Train, Split.Validation, Split.Test];

    /// <summary><c>train</c>, <c>val</c> or <c>test</c>.</summary>
    public static string Key(this Split split) =>
        split switch
        {
            Split.Train => "train",
            Split.Validation => "val",
            Split.Test => "test",
            _ => throw new ArgumentOutOfRangeException(nameof(split), split, "Not a split."),
        };

    /// <summary>The split's file in a dataset version, such as <c>train.jsonl</c>.</summary>
    public static string FileName(this Split split) => split.Key() + ".jsonl";
}
