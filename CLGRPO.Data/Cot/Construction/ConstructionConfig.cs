using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>What a contradiction between a reasoning and the annotation leads to.</summary>
public enum ContradictionRule
{
    Off,

    /// <summary>The record is accepted, and flagged for review.</summary>
    Flag,
    Reject,
}

/// <summary>All settings of a construction. The result follows from them and the teachers' replies.</summary>
public sealed record ConstructionConfig
{
    /// <summary>Write reasonings, in turn: a sample's first attempt falls to one of them, the next attempt to the next.</summary>
    public required IReadOnlyList<string> Generators { get; init; }

    /// <summary>Judge reasonings; whoever wrote one does not judge it. Empty: nothing is verified.</summary>
    public IReadOnlyList<string> Verifiers { get; init; } = [];

    /// <summary>Prompts as name@version; without a version, the newest at the start of the job.</summary>
    public string GeneratePrompt { get; init; } = Prompts.BuiltInPrompts.Generate;
    public string VerifyPrompt { get; init; } = Prompts.BuiltInPrompts.Verify;

    /// <summary>Attributes whose annotation the generator is told; null = all, empty = none.</summary>
    public IReadOnlyList<string>? Hints { get; init; }

    /// <summary>Attempts on a sample at most.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Verifiers that must have answered; 0 with no verifiers.</summary>
    public int Quorum { get; init; } = 1;

    /// <summary>Share of the answering verifiers that must arrive at the label.</summary>
    public double MinAgreement { get; init; } = 0.5;
    public int MinWords { get; init; } = 8;
    public int MaxWords { get; init; } = 300;

    /// <summary>Share of equal three-word runs from which a reasoning is a near-duplicate of an accepted one; 0 = off.</summary>
    public double NearDuplicate { get; init; } = 0.9;
    public ContradictionRule Contradictions { get; init; } = ContradictionRule.Flag;

    /// <summary>Reject reasonings that tell that they knew the label.</summary>
    public bool LeakCheck { get; init; } = true;

    /// <summary>Splits to work on. The test split never takes part.</summary>
    public IReadOnlyList<string> Splits { get; init; } = ["train", "val"];

    /// <summary>Classes to work on; null = all.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Leave out samples that have an accepted record.</summary>
    public bool OnlyMissing { get; init; } = true;

    /// <summary>Samples at most; null = all.</summary>
    public int? Limit { get; init; }

    /// <summary>Cost at which it pauses; null = only the teachers' own budgets.</summary>
    public double? Budget { get; init; }

    /// <summary>Turns of teachers and the seeds that they are given follow from it.</summary>
    public long Seed { get; init; }

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        WriteIndented = true,
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="ConstructionException">It is no JSON of this form; the message says where.</exception>
    public static ConstructionConfig Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<ConstructionConfig>(json, Json)
                ?? throw new ConstructionException("The construction's settings are null; give an object.");
        }
        catch (JsonException e)
        {
            throw new ConstructionException($"The construction's settings cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Everything wrong with the settings by themselves.</summary>
    public IEnumerable<string> Problems()
    {
        if (Generators.Count == 0)
            yield return "generators is empty; name at least one teacher";
        if (Generators.Concat(Verifiers).Any(string.IsNullOrWhiteSpace))
            yield return "generators and verifiers hold an empty name";
        if (Verifiers.Distinct(StringComparer.Ordinal).Count() < Verifiers.Count)
            yield return "verifiers names a teacher twice";
        if (Attempts is < 1 or > 20)
            yield return $"attempts is {Attempts}; give 1 to 20";
        var judges = Generators.Select(JudgesOf).DefaultIfEmpty(Verifiers.Count).Min();
        if (Quorum < 0 || Quorum > judges)
            yield return $"quorum is {Quorum}, but a generator's work is judged by {judges} others; give 0 to {judges}";
        if (Verifiers.Count > 0 && Quorum == 0)
            yield return "quorum is 0 although there are verifiers; give at least 1, or no verifiers";
        if (MinAgreement is not (>= 0 and <= 1))
            yield return $"min_agreement is {MinAgreement}; give 0 to 1";
        if (MinWords < 1 || MaxWords < MinWords)
            yield return $"min_words {MinWords} and max_words {MaxWords} leave nothing; give 1 ≤ min_words ≤ max_words";
        if (NearDuplicate is not (>= 0 and <= 1))
            yield return $"near_duplicate is {NearDuplicate}; give 0 (off) to 1";
        if (Splits.Count == 0 || Splits.Any(split => split is not ("train" or "val")))
            yield return $"splits is [{string.Join(", ", Splits)}]; give train, val or both: the test split takes no part";
        if (Limit is < 1)
            yield return $"limit is {Limit}; give at least 1, or leave it out";
        if (Hints?.Any(string.IsNullOrWhiteSpace) == true)
            yield return "hints holds an empty name; name attributes, give [] for none, or leave it out for all";
        if (Hints is not null && Hints.Distinct(StringComparer.Ordinal).Count() < Hints.Count)
            yield return "hints names an attribute twice";
        if (Labels is { Count: 0 })
            yield return "labels is empty; name at least one class, or leave it out";
        if (Budget is { } budget && !(budget > 0 && double.IsFinite(budget)))
            yield return $"budget is {budget}; give more than 0, or leave it out";
    }

    /// <summary>How many judge what a generator wrote.</summary>
    internal int JudgesOf(string generator) => Verifiers.Count(verifier => verifier != generator);

    internal IReadOnlyList<Split> SplitsToUse =>
        [.. Datasets.Splits.All.Where(split => Splits.Contains(split.Key(), StringComparer.Ordinal))];
}

/// <summary>A construction cannot begin or go on; the message says why and what to do.</summary>
public sealed class ConstructionException(string message, Exception? inner = null) : Exception(message, inner);
