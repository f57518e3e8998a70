namespace CLGRPO.Training.Rollouts;

/// <summary>How the next token is chosen. The defaults sample from the model's own distribution, as GRPO needs.</summary>
public sealed record SamplingConfig
{
    /// <summary>Always the most likely token.</summary>
    public static SamplingConfig Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Divides the logits; 0 = greedy.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keep the k most likely tokens; 0 = all.</summary>
    public int TopK { get; init; }

    /// <summary>Keep the smallest set of tokens with at least this probability; 1 = all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Drop tokens below this share of the most likely token's probability; 0 = none.</summary>
    public double MinP { get; init; }

    /// <summary>Divides (multiplies, when negative) the logits of tokens that occurred; 1 = off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Where the random numbers come from; see <see cref="CounterRandom"/>.</summary>
    public long Seed { get; init; }

    public bool IsGreedy => Temperature == 0;

    /// <summary>Something besides the temperature shapes the distribution.</summary>
    public bool IsTruncated => TopK > 0 || TopP < 1 || MinP > 0 || RepetitionPenalty != 1;

    /// <exception cref="ArgumentException">A setting is out of range; the message names each.</exception>
    public SamplingConfig Validated() =>
        Problems().ToArray() is { Length: > 0 } problems
            ? throw new ArgumentException(string.Join(" ", problems))
            : this;

    private IEnumerable<string> Problems()
    {
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
        {
            yield return $"temperature is {Temperature}; it must be at least 0 (0 is greedy).";
        }
        if (TopK < 0)
        {
            yield return $"top_k is {TopK}; it must be at least 0 (0 is off).";
        }
        if (!(TopP > 0 && TopP <= 1))
        {
            yield return $"top_p is {TopP}; it must be above 0 and at most 1 (1 is off).";
        }
        if (!(MinP >= 0 && MinP <= 1))
        {
            yield return $"min_p is {MinP}; it must be from 0 to 1 (0 is off).";
        }
        if (!(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty)))
        {
            yield return $"repetition_penalty is {RepetitionPenalty}; it must be above 0 (1 is off).";
        }
    }
}
