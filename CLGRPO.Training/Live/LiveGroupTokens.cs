using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Live;

/// <summary>Token ids that a completion grew by; <see cref="Text"/> turns them into text, later and on another thread.</summary>
internal sealed record LiveGrowth(int Group, int Completion, int At, int[] Ids, string? End, TokenText Text);

/// <summary>A group's completions while somebody watches: what was noted and not taken yet.</summary>
internal sealed class LiveGroupTokens(int number, int size, Tokenizer tokenizer)
{
    private readonly Pending[] _completions =
    [
        .. Enumerable.Range(0, size).Select(_ => new Pending(new TokenText(tokenizer))),
    ];
    private bool _grew;

    public int Number => number;

    public int Size => size;

    /// <summary>Notes a completion's tokens from a place on.</summary>
    public void Grow(int completion, IReadOnlyList<int> ids, int from, bool terminated, bool ended)
    {
        var pending = _completions[completion];
        for (var i = from; i < ids.Count; i++)
            pending.Ids.Add(ids[i]);
        pending.End =
            terminated ? "stop"
            : ended ? "length"
            : null;
        _grew = true;
    }

    /// <summary>What was noted since the last time.</summary>
    public IEnumerable<LiveGrowth> Take()
    {
        if (!_grew)
            yield break;
        _grew = false;
        for (var i = 0; i < size; i++)
        {
            var pending = _completions[i];
            if (pending.Ids.Count == 0)
                continue;
            yield return new LiveGrowth(number, i, pending.At, [.. pending.Ids], pending.End, pending.Text);
            pending.At += pending.Ids.Count;
            pending.Ids.Clear();
        }
    }

    private sealed class Pending(TokenText text)
    {
        public TokenText Text { get; } = text;
        public List<int> Ids { get; } = [];
        public int At { get; set; }
        public string? End { get; set; }
    }
}

/// <summary>
/// Cuts a completion's text into its tokens' pieces, as they come: joined they are what decoding the whole gives. A
/// character whose bytes are spread over tokens belongs to the last of them.
/// </summary>
internal sealed class TokenText(Tokenizer tokenizer)
{
    private readonly List<int> _open = []; // tokens since the last whole character

    /// <param name="ids">The next tokens.</param>
    /// <param name="ended">No more will come.</param>
    public IReadOnlyList<string> Next(ReadOnlySpan<int> ids, bool ended)
    {
        var pieces = new string[ids.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            _open.Add(ids[i]);
            var text = tokenizer.Decode([.. _open], skipSpecialTokens: true);
            var whole = !text.EndsWith('\uFFFD') || (ended && i == ids.Length - 1);
            pieces[i] = whole ? text : "";
            if (whole)
                _open.Clear();
        }
        return pieces;
    }
}
