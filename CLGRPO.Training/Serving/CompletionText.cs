using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Serving;

/// <summary>A completion's text while it grows. What may turn out to be a stop text is held back until that is known.</summary>
/// <param name="tokenizer">The vocabulary.</param>
/// <param name="stops">Texts that end the completion.</param>
internal sealed class CompletionText(Tokenizer tokenizer, IReadOnlyList<string> stops)
{
    private readonly StreamingDecoder _decoder = new(tokenizer, skipSpecialTokens: true);
    private string _held = "";

    /// <summary>The stop text that ended the completion; null when none did.</summary>
    public string? StopText { get; private set; }

    /// <summary>Takes one more token.</summary>
    /// <returns>Text that is certain now, possibly none.</returns>
    public string Append(int id)
    {
        _held += _decoder.Append(id);
        return Release();
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was held back.</returns>
    public string Finish()
    {
        if (StopText is not null)
            return "";
        _held += _decoder.Flush();
        var rest = Release();
        return StopText is null ? rest + _held : rest;
    }

    private string Release()
    {
        var (at, found) = Earliest();
        StopText = found;
        var certain = found is null ? _held.Length - LongestBeginning() : at;
        var text = _held[..certain];
        _held = _held[certain..];
        return text;
    }

    private (int At, string? Stop) Earliest()
    {
        (int At, string? Stop) earliest = (int.MaxValue, null);
        foreach (var stop in stops)
        {
            var at = _held.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && at < earliest.At)
                earliest = (at, stop);
        }
        return earliest;
    }

    /// <summary>Length of the longest end of the held text that a stop text begins with.</summary>
    private int LongestBeginning()
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            for (var length = Math.Min(stop.Length - 1, _held.Length); length > longest; length--)
            {
                if (_held.AsSpan(_held.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                    longest = length;
            }
        }
        return longest;
    }
}
