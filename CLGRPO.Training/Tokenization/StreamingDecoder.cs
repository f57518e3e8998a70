using System.Text;

namespace CLGRPO.Training.Tokenization;

/// <summary>Decodes token by token, holding back a character whose bytes are not all there yet.</summary>
/// <remarks>All it returns, joined, is what <see cref="Tokenizer.Decode"/> returns for all ids at once.</remarks>
/// <param name="tokenizer">The vocabulary.</param>
/// <param name="skipSpecialTokens">Leaves special tokens out.</param>
public sealed class StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens = false)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Takes one more token and returns the text that is now complete, possibly none.</summary>
    public string Append(int id)
    {
        if (id < 0 || id >= tokenizer.VocabularySize || (skipSpecialTokens && tokenizer.IsSpecial(id)))
        {
            return "";
        }
        return Decode(tokenizer.BytesOf(id), flush: false);
    }

    /// <summary>Ends the text: half a character becomes U+FFFD. The decoder is as new afterwards.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        return new string(characters, 0, _decoder.GetChars(bytes, characters, flush));
    }
}
