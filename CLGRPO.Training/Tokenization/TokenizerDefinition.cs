using System.Buffers;
using System.Text;

namespace CLGRPO.Training.Tokenization;

/// <summary>What makes a tokenizer, as its files say it: token ↔ id, merges in order of rank, added tokens.</summary>
internal sealed record TokenizerDefinition
{
    public const int MaxTokens = 1_000_000;
    public const int MaxAddedTokens = 10_000;
    public const int MaxAddedTokenLength = 1_000;

    /// <summary>Tokens of the merges, in the byte alphabet, and their ids.</summary>
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    /// <summary>Each with its id.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Text is brought into Unicode's form C first.</summary>
    public bool ComposesText { get; init; } = true;

    /// <summary>Gives every added token without an id its own: that of the vocabulary, else the next free one.</summary>
    public static IReadOnlyList<AddedToken> WithIds(
        IReadOnlyDictionary<string, int> vocabulary,
        IEnumerable<AddedToken> tokens
    )
    {
        var given = tokens.ToList();
        var next = 1 + Math.Max(vocabulary.Values.DefaultIfEmpty(-1).Max(), given.Max(token => token.Id) ?? -1);
        return
        [
            .. given.Select(token =>
                token.Id is not null ? token
                : vocabulary.TryGetValue(token.Content, out var id) ? token with { Id = id }
                : token with { Id = next++ }
            ),
        ];
    }

    /// <summary>Refuses what is not a bijection between tokens and the ids 0 … n − 1, or cannot encode every text.</summary>
    /// <returns>
    /// Tokens: [n] the token of each id. Ranks: a pair of ids (<see cref="BytePairMerger.Pair"/>) → its rank and what it becomes.
    /// </returns>
    /// <exception cref="InvalidDataException">The definition is broken; the message names the token or id.</exception>
    public (string[] Tokens, Dictionary<ulong, (int Rank, int Token)> Ranks) Resolve()
    {
        CheckAddedTokens();
        var tokens = TokensById();
        CheckBytes();
        return (tokens, RankMerges());
    }

    private void CheckAddedTokens()
    {
        if (AddedTokens.Count > MaxAddedTokens)
        {
            throw Broken($"it has {AddedTokens.Count} added tokens; at most {MaxAddedTokens} are read");
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var token in AddedTokens)
        {
            CheckText(token);
            if (!seen.Add(token.Content))
            {
                throw Broken($"added token “{token.Content}” is there twice");
            }
            if (Vocabulary.TryGetValue(token.Content, out var id) && id != token.Id)
            {
                throw Broken(
                    $"added token “{token.Content}” has the id {token.Id}, but {id} in the vocabulary; ids must agree"
                );
            }
        }
    }

    private static void CheckText(AddedToken token)
    {
        if (token.Content.Length == 0)
        {
            throw Broken($"added token {token.Id} is empty; give it a text");
        }
        if (token.Content.Length > MaxAddedTokenLength)
        {
            throw Broken(
                $"added token {token.Id} has {token.Content.Length} characters; at most {MaxAddedTokenLength} are read"
            );
        }
        if (!IsValidText(token.Content))
        {
            throw Broken($"added token {token.Id} has half a surrogate pair");
        }
    }

    private string[] TokensById()
    {
        var entries = Vocabulary
            .Concat(
                AddedTokens
                    .Where(token => !Vocabulary.ContainsKey(token.Content))
                    .Select(token => KeyValuePair.Create(token.Content, token.Id!.Value))
            )
            .ToList();
        if (entries.Count > MaxTokens)
        {
            throw Broken($"it has {entries.Count} tokens; at most {MaxTokens} are read");
        }
        var tokens = new string?[entries.Count];
        foreach (var (token, id) in entries)
        {
            if (id < 0 || id >= tokens.Length)
            {
                throw Broken(
                    $"token “{token}” has the id {id}; {tokens.Length} tokens need the ids 0 to {tokens.Length - 1}, without a gap"
                );
            }
            if (tokens[id] is { } other)
            {
                throw Broken($"tokens “{other}” and “{token}” share the id {id}");
            }
            tokens[id] = token;
        }
        return tokens!;
    }

    private void CheckBytes()
    {
        foreach (var token in Vocabulary.Keys)
        {
            if (token.Length == 0)
            {
                throw Broken("the vocabulary has an empty token");
            }
            if (ByteAlphabet.BytesOf(token) is null)
            {
                throw Broken(
                    $"token “{token}” has a character that stands for no byte; the vocabulary must be byte-level"
                );
            }
        }
        foreach (var value in ByteAlphabet.Order)
        {
            var token = ByteAlphabet.CharacterOf(value).ToString();
            if (!Vocabulary.ContainsKey(token))
            {
                throw Broken($"byte 0x{value:X2} has no token (“{token}”); all 256 are needed to encode any text");
            }
            if (AddedTokens.Any(added => added.Special && added.Content == token))
            {
                throw Broken($"special token “{token}” is the token of a byte, so plain text would make it");
            }
        }
    }

    private Dictionary<ulong, (int Rank, int Token)> RankMerges()
    {
        if (Merges.Count > MaxTokens)
        {
            throw Broken($"it has {Merges.Count} merges; at most {MaxTokens} are read");
        }
        var special = AddedTokens.Where(token => token.Special).Select(token => token.Id!.Value).ToHashSet();
        var ranks = new Dictionary<ulong, (int Rank, int Token)>(Merges.Count);
        foreach (var (rank, (left, right)) in Merges.Index())
        {
            var joined = IdIn(rank, left + right);
            if (!ranks.TryAdd(BytePairMerger.Pair(IdIn(rank, left), IdIn(rank, right)), (rank, joined)))
            {
                throw Broken($"merge {rank} (“{left}” “{right}”) is there twice");
            }
            if (special.Contains(joined))
            {
                throw Broken($"merge {rank} makes the special token “{left + right}”, so plain text would make it");
            }
        }
        return ranks;
    }

    private int IdIn(int rank, string token) =>
        Vocabulary.TryGetValue(token, out var id)
            ? id
            : throw Broken($"merge {rank} names or makes “{token}”, which the vocabulary lacks");

    /// <summary>False where a string has half a surrogate pair.</summary>
    internal static bool IsValidText(string text)
    {
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var width) != OperationStatus.Done)
            {
                return false;
            }
            rest = rest[width..];
        }
        return true;
    }

    private static InvalidDataException Broken(string reason) => new($"The tokenizer is broken: {reason}.");
}
