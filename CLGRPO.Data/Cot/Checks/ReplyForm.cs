using CLGRPO.Data.Teachers;

namespace CLGRPO.Data.Cot.Checks;

/// <summary>A generator's reply, brought into the completion format.</summary>
/// <param name="Completion">Well formed where <paramref name="Problem"/> is null; else as near to it as the reply allows.</param>
/// <param name="Think">The reasoning, trimmed; null where there is none.</param>
/// <param name="Label">The label that the answer names; null where it names none.</param>
/// <param name="Problem">A reason as it stands in a record; null when the form is right.</param>
public sealed record ReplyForm(string Completion, string? Think, string? Label, string? Problem)
{
    /// <param name="reply">Reasoning in a field of its own, in think tags, or before the answer tag.</param>
    /// <param name="labels">The data set's labels.</param>
    public static ReplyForm Of(TeacherReply reply, IReadOnlyList<string> labels)
    {
        var inline = CompletionFormat.Parse(reply.Content.Trim(), CompletionStyle.Cot);
        var think = (inline.Think ?? reply.Reasoning)?.Trim();
        var answer = inline.Answer?.Trim() ?? PlainAnswer(reply.Content);
        var label = LabelOf(answer, labels);
        var completion = CompletionFormat.Write(think, $" {label ?? answer}", CompletionStyle.Cot);
        return new ReplyForm(completion, think, label, FormProblem(reply, completion, think, answer, label));
    }

    /// <summary>The label that a verifier's reply arrives at, however it is formed; null where it names none.</summary>
    public static string? AnswerOf(TeacherReply reply, IReadOnlyList<string> labels)
    {
        var answer = CompletionFormat.Parse(reply.Content, CompletionStyle.Cot).Answer ?? PlainAnswer(reply.Content);
        return reply.Truncated ? null : LabelOf(answer, labels);
    }

    private static string? LabelOf(string? answer, IReadOnlyList<string> labels) =>
        labels.FirstOrDefault(label => CompletionFormat.Matches(answer?.Trim().TrimEnd('.'), label));

    /// <summary>Content without tags is the answer itself, when the reasoning came in a field of its own.</summary>
    private static string? PlainAnswer(string content) =>
        content.Contains('<', StringComparison.Ordinal) || string.IsNullOrWhiteSpace(content) ? null : content.Trim();

    private static string? FormProblem(
        TeacherReply reply,
        string completion,
        string? think,
        string? answer,
        string? label
    )
    {
        if (reply.Truncated)
            return CotReasons.Truncated;
        if (string.IsNullOrWhiteSpace(think))
            return CotReasons.NoReasoning;
        if (answer is null)
            return CotReasons.NoAnswer;
        if (label is null)
            return CotReasons.UnknownLabel;
        // A tag inside the reasoning would make two of it.
        return CompletionFormat.Parse(completion, CompletionStyle.Cot).WellFormed ? null : CotReasons.BrokenTags;
    }
}
