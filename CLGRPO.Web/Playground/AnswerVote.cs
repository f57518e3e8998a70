namespace CLGRPO.Web.Playground;

/// <summary>Counts answers.</summary>
public static class AnswerVote
{
    /// <summary>Answers with how often they were given, the most frequent first, the earliest first among equals.</summary>
    /// <param name="answers">null: no answer, which does not vote.</param>
    public static IReadOnlyList<(string Answer, int Count)> Of(IEnumerable<string?> answers) =>
        [
            .. answers
                .OfType<string>()
                .CountBy(answer => answer, StringComparer.OrdinalIgnoreCase)
                .OrderByDescending(answer => answer.Value)
                .Select(answer => (answer.Key, answer.Value)),
        ];
}
