using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace CLGRPO.Training.Tokenization;

/// <summary>Cuts plain text into pieces and merges each; remembers the tokens of short pieces, since words return.</summary>
internal sealed class PieceEncoder(BytePairMerger merger)
{
    private const int MaxRemembered = 1 << 16;
    private const int MaxRememberedLength = 64;

    private readonly ConcurrentDictionary<string, int[]> _remembered = new(StringComparer.Ordinal);

    // ConcurrentDictionary.Count takes every lock; an update lost between threads only shifts the next clearing.
    private int _rememberedCount;

    /// <summary>Appends the tokens of <paramref name="text"/> to <paramref name="ids"/>.</summary>
    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        var remembered = _remembered.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var at = 0; at < text.Length; )
        {
            var end = Qwen2Pattern.EndOfPiece(text, at);
            var piece = text[at..end];
            if (!remembered.TryGetValue(piece, out var tokens))
            {
                tokens = Merge(piece);
                Remember(piece, tokens);
            }
            ids.AddRange(tokens);
            at = end;
        }
    }

    private int[] Merge(ReadOnlySpan<char> piece)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(piece.Length));
        try
        {
            return merger.Merge(bytes.AsSpan(0, Encoding.UTF8.GetBytes(piece, bytes)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void Remember(ReadOnlySpan<char> piece, int[] tokens)
    {
        if (piece.Length > MaxRememberedLength)
        {
            return;
        }
        if (_rememberedCount >= MaxRemembered) // start afresh: memory stays bounded, common words soon return
        {
            _remembered.Clear();
            _rememberedCount = 0;
        }
        _remembered[piece.ToString()] = tokens;
        _rememberedCount++;
    }
}
