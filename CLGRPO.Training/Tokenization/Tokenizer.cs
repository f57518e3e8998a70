using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CLGRPO.Data.Files;
using CLGRPO.Training.Tokenization.Normalization;

namespace CLGRPO.Training.Tokenization;

/// <summary>Byte-level BPE as Qwen2 and InternVL use it: text to token ids and back. Safe to share between threads.</summary>
/// <remarks>Gives the ids of Hugging Face's tokenizers 0.22, checked case by case in tests/golden/tokenizer.</remarks>
public sealed class Tokenizer
{
    /// <summary>The longest text that is encoded, in UTF-16 characters.</summary>
    public const int MaxTextLength = 1 << 24;

    private readonly TokenizerDefinition _definition;
    private readonly string[] _tokens; // [id]
    private readonly byte[][] _bytes; // [id]
    private readonly Dictionary<string, int> _ids;
    private readonly HashSet<int> _specialIds;
    private readonly AddedTokenMatcher _raw;
    private readonly AddedTokenMatcher _normalized;
    private readonly PieceEncoder _pieces;
    private readonly Lazy<SpecialTokens> _special;

    internal Tokenizer(TokenizerDefinition definition)
    {
        _definition = definition;
        (_tokens, var ranks) = definition.Resolve();
        _bytes = [.. _tokens.Select(token => ByteAlphabet.BytesOf(token) ?? Encoding.UTF8.GetBytes(token))];
        _ids = _tokens.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);
        _specialIds = [.. definition.AddedTokens.Where(token => token.Special).Select(token => token.Id!.Value)];
        var added = definition.AddedTokens.ToLookup(token => token.Normalized);
        _raw = new AddedTokenMatcher(added[false].Select(token => (token.Content, token)));
        _normalized = new AddedTokenMatcher(added[true].Select(token => (Compose(token.Content), token)));
        _pieces = new PieceEncoder(
            new BytePairMerger(
                [.. Enumerable.Range(0, 256).Select(b => _ids[ByteAlphabet.CharacterOf((byte)b).ToString()])],
                ranks
            )
        );
        _special = new Lazy<SpecialTokens>(() => SpecialTokens.Of(definition.AddedTokens));
    }

    /// <summary>Number of tokens; ids are 0 to this − 1. A model's embedding may have more rows.</summary>
    public int VocabularySize => _tokens.Length;

    /// <summary>Ids of the chat's and the images' tokens.</summary>
    /// <exception cref="InvalidDataException">The tokenizer lacks one.</exception>
    public SpecialTokens SpecialTokens => _special.Value;

    /// <summary>Tokens that are found in text as they stand, special and not, each with its id.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _definition.AddedTokens;

    /// <summary>SHA-256 in hex over tokens, ids, merges and added tokens: another binding of ids to tokens has another.</summary>
    /// <remarks>Swapped ids turn answers around while the weights stay the same, so runs pin this beside the weights' hash.</remarks>
    public string Fingerprint
    {
        get
        {
            using var json = new MemoryStream();
            TokenizerJsonWriter.Write(_definition, json);
            return Convert.ToHexStringLower(SHA256.HashData(json.GetBuffer().AsSpan(0, (int)json.Length)));
        }
    }

    /// <summary>Reads a Hugging Face tokenizer.json.</summary>
    /// <param name="pathToTokenizerJson">At most 64 MB.</param>
    /// <exception cref="InvalidDataException">
    /// The file is not a byte-level BPE of the Qwen2 kind, or contradicts itself; the message says where.
    /// </exception>
    public static Tokenizer Load(string pathToTokenizerJson) =>
        Reading(pathToTokenizerJson, () => new Tokenizer(TokenizerJsonReader.Read(ReadLimited(pathToTokenizerJson))));

    /// <summary>Reads GPT-2's pair of files: vocab.json (token → id) and merges.txt (one merge a line).</summary>
    /// <exception cref="InvalidDataException">A file is not of that form, or they contradict each other.</exception>
    public static Tokenizer Load(string pathToVocabulary, string pathToMerges, IEnumerable<AddedToken> addedTokens)
    {
        var vocabulary = Reading(
            pathToVocabulary,
            () => TokenizerJsonReader.ReadVocabulary(ReadLimited(pathToVocabulary))
        );
        return Reading(
            pathToMerges,
            () =>
                new Tokenizer(
                    new TokenizerDefinition
                    {
                        Vocabulary = vocabulary,
                        Merges =
                        [
                            .. Encoding
                                .UTF8.GetString(ReadLimited(pathToMerges))
                                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                                .SkipWhile(line => line.StartsWith("#version", StringComparison.Ordinal))
                                .Select(line => TokenizerJsonReader.ReadMerge(line.TrimEnd('\r'))),
                        ],
                        AddedTokens = TokenizerDefinition.WithIds(vocabulary, addedTokens),
                    }
                )
        );
    }

    /// <summary>Returns a tokenizer with more added tokens; one without an id takes the next free one.</summary>
    /// <exception cref="InvalidDataException">A token or id is taken, or ids leave a gap.</exception>
    public Tokenizer WithAddedTokens(IEnumerable<AddedToken> tokens) =>
        new(
            _definition with
            {
                AddedTokens = TokenizerDefinition.WithIds(
                    _definition.Vocabulary,
                    [.. _definition.AddedTokens, .. tokens]
                ),
            }
        );

    /// <summary>Writes a tokenizer.json that this class and Hugging Face's libraries read; all or nothing.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream => TokenizerJsonWriter.Write(_definition, stream));

    /// <summary>Turns text into token ids.</summary>
    /// <param name="text">Any text up to <see cref="MaxTextLength"/>; half a surrogate pair counts as U+FFFD.</param>
    /// <param name="allowSpecialTokens">
    /// False, for text from users and data sets: special tokens in the text are plain text. Added tokens that are not
    /// special match either way.
    /// </param>
    /// <exception cref="ArgumentException">The text is too long.</exception>
    public List<int> Encode(string text, bool allowSpecialTokens = false)
    {
        if (text.Length > MaxTextLength)
        {
            throw new ArgumentException(
                $"The text has {text.Length} characters; at most {MaxTextLength} are encoded. Cut it first.",
                nameof(text)
            );
        }
        var ids = new List<int>((text.Length / 3) + 1);
        foreach (var piece in _raw.Split(text, allowSpecialTokens))
        {
            if (piece.Token is { } token)
            {
                ids.Add(token.Id!.Value);
                continue;
            }
            var composed = Compose(text[piece.Start..piece.End]);
            foreach (var inner in _normalized.Split(composed, allowSpecialTokens))
            {
                if (inner.Token is { } normalizedToken)
                {
                    ids.Add(normalizedToken.Id!.Value);
                    continue;
                }
                _pieces.Encode(composed.AsSpan(inner.Start, inner.End - inner.Start), ids);
            }
        }
        return ids;
    }

    /// <summary>Turns ids into text; bytes that are not UTF-8 become U+FFFD, ids beyond the vocabulary nothing.</summary>
    /// <param name="ids">Token ids, such as a completion's.</param>
    /// <param name="skipSpecialTokens">Leaves special tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var bytes = new ArrayBufferWriter<byte>((ids.Length * 4) + 1);
        foreach (var id in ids)
        {
            if (id >= 0 && id < _bytes.Length && !(skipSpecialTokens && _specialIds.Contains(id)))
            {
                bytes.Write(_bytes[id]);
            }
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>The id of a token as tokenizer.json spells it (bytes in GPT-2's alphabet; added tokens as they are).</summary>
    /// <exception cref="KeyNotFoundException">There is no such token.</exception>
    public int IdOf(string token) =>
        _ids.TryGetValue(token, out var id)
            ? id
            : throw new KeyNotFoundException($"The tokenizer has no token “{token}” among its {VocabularySize}.");

    public bool TryIdOf(string token, out int id) => _ids.TryGetValue(token, out id);

    /// <summary>The token as tokenizer.json spells it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is beyond the vocabulary.</exception>
    public string TokenOf(int id) => _tokens[Checked(id)];

    /// <summary>The bytes a token stands for; a character may be spread over several tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is beyond the vocabulary.</exception>
    public ReadOnlySpan<byte> BytesOf(int id) => _bytes[Checked(id)];

    public bool IsSpecial(int id) => _specialIds.Contains(id);

    /// <summary>Refuses a tokenizer whose ids a model's embedding cannot hold.</summary>
    /// <exception cref="InvalidDataException">There are more tokens than rows.</exception>
    public void RequireFits(int embeddingRows)
    {
        if (VocabularySize > embeddingRows)
        {
            throw new InvalidDataException(
                $"The tokenizer has {VocabularySize} tokens, the model's embedding {embeddingRows} rows; they do not belong together."
            );
        }
    }

    private string Compose(string text) => _definition.ComposesText ? CanonicalComposition.Normalize(text) : text;

    private int Checked(int id) =>
        id >= 0 && id < _tokens.Length
            ? id
            : throw new ArgumentOutOfRangeException(
                nameof(id),
                id,
                $"The tokenizer's ids are 0 to {_tokens.Length - 1}."
            );

    private static byte[] ReadLimited(string path)
    {
        var length = new FileInfo(path).Length;
        return length <= TokenizerJsonReader.MaxBytes
            ? File.ReadAllBytes(path)
            : throw new InvalidDataException(
                $"the file has {length} bytes; at most {TokenizerJsonReader.MaxBytes} are read."
            );
    }

    private static T Reading<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        // JsonDocument throws InvalidOperationException for a wrong kind of value and for text that is not Unicode.
        catch (Exception error)
            when (error is InvalidDataException or JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }
}
