using System.Text.Json.Serialization;

namespace CLGRPO.Training.Reproduction;

/// <summary>What the numbers say about a claim.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict
{
    /// <summary>The whole interval lies above the threshold.</summary>
    [JsonStringEnumMemberName("holds")]
    Holds,

    /// <summary>The whole interval lies at or below the threshold.</summary>
    [JsonStringEnumMemberName("does_not_hold")]
    DoesNotHold,

    /// <summary>The interval contains the threshold, or there is no interval.</summary>
    [JsonStringEnumMemberName("undecided")]
    Undecided,
}

/// <summary>A sentence that a difference over seeds can bear out or refute.</summary>
/// <param name="Text">Such as "stage 3 beats stage 1".</param>
/// <param name="Measure">Such as "greedy accuracy".</param>
/// <param name="Points">The difference, percentage points.</param>
/// <param name="Threshold">The difference must be above it, percentage points.</param>
public sealed record Claim(string Text, string Measure, SeedMean Points, double Threshold)
{
    public Verdict Verdict =>
        Points.Interval switch
        {
            { Low: var low } when low > Threshold => Verdict.Holds,
            { High: var high } when high <= Threshold => Verdict.DoesNotHold,
            _ => Verdict.Undecided,
        };
}
