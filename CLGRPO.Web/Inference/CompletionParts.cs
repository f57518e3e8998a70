using CLGRPO.Training.Serving;

namespace CLGRPO.Web.Inference;

/// <summary>One completion on its way: its text in two parts, and to which of them each token belongs.</summary>
internal sealed class CompletionParts(int index)
{
    private readonly ReasoningSplitter _splitter = new();
    private readonly Queue<(int End, ServeToken? Token)> _open = new(); // tokens whose part is not known yet
    private int _length;
    private int _written;
    private int _reasoningTokens;

    /// <summary>What stands before the model's first word; no token of it.</summary>
    public InferenceDelta Begin(string text) => Delta(_splitter.Append(Counted(text)), last: false);

    public InferenceDelta Append(ServeEvent token)
    {
        _written++;
        var text = Counted(token.Text);
        _open.Enqueue((_length, token.Token));
        return Delta(_splitter.Append(text), last: false);
    }

    public (InferenceDelta Left, InferenceFinished End) Finish(ServeEvent end)
    {
        var rest = Delta(_splitter.Append(Counted(end.Text), last: true), last: true);
        return (
            rest,
            new InferenceFinished(index, end.Stopped, end.StopText, end.Tokens, _reasoningTokens, end.Labels, end.Look)
        );
    }

    private string Counted(string text)
    {
        _length += text.Length;
        return text;
    }

    private InferenceDelta Delta((string Reasoning, string Content) text, bool last)
    {
        var tokens = new List<InferenceToken>();
        while (_open.TryPeek(out var next) && (last || next.End <= _splitter.Decided))
        {
            _open.Dequeue();
            var reasons = _splitter.ReasoningEnd > 0 && next.End <= _splitter.ReasoningEnd;
            if (reasons)
                _reasoningTokens++;
            if (next.Token is { } token)
                tokens.Add(new InferenceToken(reasons, token));
        }
        return new InferenceDelta(index, text.Reasoning, text.Content, tokens, _written);
    }
}
