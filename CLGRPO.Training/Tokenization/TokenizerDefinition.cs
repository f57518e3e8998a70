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
        var next =
            1
            + Math.Max(
                vocabulary.Values.DefaultIfEmpty(-1).Max(),
                given.Max(token => token.Id) ?? -1
            );
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
    /// <returns>[n] the token of each id.</returns>
    /// <exception cref="InvalidDataException">The definition is broken; the message names the token or id.</exception>
    public string[] Check()
    {
        CheckAddedTokens();
        var tokens = TokensById();
        CheckBytes();
        CheckMerges();
        return tokens;
    }

    private void CheckAddedTokens()
    {
        Require(
            AddedTokens.Count <= MaxAddedTokens,
            $"has {AddedTokens.Count} added tokens; at most {MaxAddedTokens} are read"
        );
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var token in AddedTokens)
        {
            Require(token.Content.Length > 0, $"added token {token.Id} is empty; give it a text");
            Require(
                token.Content.Length <= MaxAddedTokenLength,
                $"added token {token.Id} has {token.Content.Length} characters; at most {MaxAddedTokenLength} are read"
            );
            Require(
                IsValidText(token.Content),
                $"added token {token.Id} has half a surrogate pair"
            );
            Require(seen.Add(token.Content), $"added token “{token.Content}” is there twice");
            Require(
                !Vocabulary.TryGetValue(token.Content, out var id) || id == token.Id,
                $"added token “{token.Content}” has the id {token.Id}, but {id} in the vocabulary; ids must agree"
            );
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
        Require(
            entries.Count <= MaxTokens,
            $"has {entries.Count} tokens; at most {MaxTokens} are read"
        );
        var tokens = new string?[entries.Count];
        foreach (var (token, id) in entries)
        {
            Require(
                id >= 0 && id < tokens.Length,
                $"token “{token}” has the id {id}; {tokens.Length} tokens need the ids 0 to {tokens.Length - 1}, without a gap"
            );
            Require(tokens[id] is null, $"tokens “{tokens[id]}” and “{token}” share the id {id}");
            tokens[id] = token;
        }
        return tokens!;
    }

    private void CheckBytes()
    {
        foreach (var token in Vocabulary.Keys)
        {
            Require(token.Length > 0, "the vocabulary has an empty token");
            Require(
                ByteAlphabet.BytesOf(token) is not null,
                $"token “{token}” has a character that stands for no byte; the vocabulary must be byte-level"
            );
        }
        foreach (var value in ByteAlphabet.Order)
        {
            Require(
                Vocabulary.ContainsKey(ByteAlphabet.CharacterOf(value).ToString()),
                $"byte 0x{value:X2} has no token (“{ByteAlphabet.CharacterOf(value)}”); all 256 are needed to encode any text"
            );
        }
    }

    private void CheckMerges()
    {
        Require(
            Merges.Count <= MaxTokens,
            $"has {Merges.Count} merges; at most {MaxTokens} are read"
        );
        var special = AddedTokens
            .Where(token => token.Special)
            .Select(token => token.Content)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var token in special)
        {
            Require(
                token.Length != 1 || !Vocabulary.ContainsKey(token),
                $"special token “{token}” is the token of a byte, so plain text would make it"
            );
        }
        var seen = new HashSet<(string, string)>();
        foreach (var (rank, (left, right)) in Merges.Index())
        {
            foreach (var token in (ReadOnlySpan<string>)[left, right, left + right])
            {
                Require(
                    Vocabulary.ContainsKey(token),
                    $"merge {rank} (“{left}” “{right}”) names “{token}”, which the vocabulary lacks"
                );
            }
            Require(seen.Add((left, right)), $"merge {rank} (“{left}” “{right}”) is there twice");
            Require(
                !special.Contains(left + right),
                $"merge {rank} makes the special token “{left + right}”, so plain text would make it"
            );
        }
    }

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

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidDataException($"The tokenizer {Subject(otherwise)}.");
        }
    }

    private static string Subject(string otherwise) =>
        otherwise.StartsWith("has ", StringComparison.Ordinal)
            ? otherwise
            : $"is broken: {otherwise}";
}
