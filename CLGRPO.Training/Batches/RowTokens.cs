using CLGRPO.Data.Cot;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Batches;

/// <summary>Puts the tokens of a row into words: the text of each, what it is there for, whether it counts in the loss.</summary>
internal sealed class RowTokens(Tokenizer tokenizer, CompletionStyle style)
{
    /// <param name="padding">Tokens that fill the row up, after the prompt and after the completion.</param>
    public IReadOnlyList<FirstBatchToken> Of(
        FedPrompt prompt,
        FedCompletion completion,
        (int AfterPrompt, int AfterCompletion) padding
    )
    {
        var tokens = new List<FirstBatchToken>();
        AddPrompt(tokens, prompt.PromptIds);
        AddPadding(tokens, padding.AfterPrompt);
        AddCompletion(tokens, completion);
        AddPadding(tokens, padding.AfterCompletion);
        return tokens;
    }

    private void AddPrompt(List<FirstBatchToken> tokens, int[] ids)
    {
        var special = tokenizer.SpecialTokens;
        foreach (var (id, text) in Texts(ids))
        {
            var role =
                id == special.Img || id == special.ImgContext || id == special.ImgEnd
                    ? TokenRole.Image
                    : TokenRole.Prompt;
            if (role == TokenRole.Image && tokens is [.., { Role: TokenRole.Image } last] && last.Text == text)
                tokens[^1] = last with { Count = last.Count + 1 };
            else
                tokens.Add(new FirstBatchToken(role, text));
        }
    }

    private void AddCompletion(List<FirstBatchToken> tokens, FedCompletion completion)
    {
        var texts = Texts(completion.Ids).ToList();
        var reasoning = EndOfReasoning(string.Concat(texts.Select(token => token.Text)));
        var at = 0;
        foreach (var (_, text) in texts)
        {
            tokens.Add(
                new FirstBatchToken(at < reasoning ? TokenRole.Reasoning : TokenRole.Answer, text, completion.Counts)
            );
            at += text.Length;
        }
    }

    private static void AddPadding(List<FirstBatchToken> tokens, int count)
    {
        if (count > 0)
            tokens.Add(new FirstBatchToken(TokenRole.Padding, "", Count: count));
    }

    /// <summary>Where the reasoning ends: behind its closing tag, or where an answer begins without one.</summary>
    private int EndOfReasoning(string completion)
    {
        if (completion.IndexOf(CompletionFormat.ThinkClose, StringComparison.Ordinal) is >= 0 and var close)
            return close + CompletionFormat.ThinkClose.Length;
        if (completion.IndexOf(CompletionFormat.AnswerOpen, StringComparison.Ordinal) is >= 0 and var answer)
            return answer;
        return style == CompletionStyle.Cot ? int.MaxValue : 0;
    }

    private IEnumerable<(int Id, string Text)> Texts(int[] ids)
    {
        var decoder = new StreamingDecoder(tokenizer);
        foreach (var id in ids)
            yield return (id, decoder.Append(id));
    }
}
