using CLGRPO.Data.Cot;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>What a conversation about one picture teaches: the label, and the chain of thought where there is one.</summary>
internal static class ConversationRow
{
    /// <param name="image">The picture.</param>
    /// <param name="reply">The assistant's turn.</param>
    /// <param name="label">The label, where the row states it beside the conversation.</param>
    /// <param name="key">The row's id.</param>
    /// <exception cref="ImportException">No label is to be found.</exception>
    public static SourceRow Of(string image, string reply, string? label, string? key)
    {
        var cot = CompletionFormat.Parse(reply, CompletionStyle.Cot);
        var hasReasoning = cot.Think is not null;
        return new SourceRow
        {
            Key = key,
            Image = image,
            // Without tags, the whole reply is the answer.
            Label =
                label
                ?? cot.Answer?.Trim()
                ?? (hasReasoning ? null : reply.Trim())
                ?? throw new ImportException(
                    "the reply has reasoning but no <answer>…</answer>, and the row no 'label'"
                ),
            Completion = hasReasoning ? reply : null,
            Teacher = hasReasoning ? "imported" : null,
        };
    }
}
