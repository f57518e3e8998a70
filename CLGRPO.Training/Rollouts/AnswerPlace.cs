using CLGRPO.Data.Cot;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Rollouts;

/// <summary>Where in a completion's tokens its answer stands.</summary>
/// <param name="BeforeTag">Tokens that lie wholly before the opening tag.</param>
/// <param name="Opening">Text from the end of those tokens to the end of the opening tag.</param>
/// <param name="First">First token that writes of the answer itself.</param>
/// <param name="End">The token after the last that does.</param>
internal sealed record AnswerPlace(int BeforeTag, string Opening, int First, int End)
{
    /// <returns>null: the completion has no opening tag.</returns>
    public static AnswerPlace? Of(Tokenizer tokenizer, IReadOnlyList<int> completion)
    {
        var decoder = new StreamingDecoder(tokenizer, skipSpecialTokens: true);
        var text = "";
        var ends = new int[completion.Count]; // characters that are there after each token
        for (var i = 0; i < completion.Count; i++)
        {
            text += decoder.Append(completion[i]);
            ends[i] = text.Length;
        }
        var tag = text.IndexOf(CompletionFormat.AnswerOpen, StringComparison.Ordinal);
        if (tag < 0)
            return null;
        var begin = tag + CompletionFormat.AnswerOpen.Length;
        var close = text.IndexOf(CompletionFormat.AnswerClose, begin, StringComparison.Ordinal);
        var before = ends.Count(end => end <= tag);
        return new AnswerPlace(
            before,
            text[(before == 0 ? 0 : ends[before - 1])..begin],
            ends.Count(end => end <= begin),
            Math.Min(ends.Length, ends.Count(end => end < (close < 0 ? text.Length : close)) + 1)
        );
    }
}
