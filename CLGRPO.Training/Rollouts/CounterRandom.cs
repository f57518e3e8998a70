using CLGRPO.Data.Randomness;

namespace CLGRPO.Training.Rollouts;

/// <summary>Random numbers without a state: each is a hash of (seed, stream, position). A rollout draws the same numbers
/// whatever else is in its batch and wherever a run was resumed.</summary>
/// <remarks>The mixing function is SplitMix64's (Steele, Lea, Flood 2014), applied once per key.</remarks>
public static class CounterRandom
{
    // 23 bits: the largest value times any float32 total stays below that total, so an inverse CDF never runs off its end.
    internal const int Bits = 23;

    /// <summary>A number in [0, 1).</summary>
    /// <param name="stream">Which sequence of numbers, as <see cref="Stream"/> makes it.</param>
    /// <param name="position">Which number of the sequence.</param>
    public static float Uniform(long seed, ulong stream, long position) =>
        (Hash(seed, stream, position) >> (64 - Bits)) * (1f / (1 << Bits));

    /// <summary>A number with mean 0 and deviation 1, by Box and Muller's method.</summary>
    public static double Normal(long seed, ulong stream, long position)
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - Uniform(seed, stream, 2 * position))); // 1 − u is never 0
        return radius * Math.Cos(2 * Math.PI * Uniform(seed, stream, (2 * position) + 1));
    }

    /// <summary>64 random bits.</summary>
    public static ulong Hash(long seed, ulong stream, long position) =>
        SplitMix64.Mix(Key(seed, stream) + (SplitMix64.GoldenGamma * ((ulong)position + 1)));

    /// <summary>What seed and stream come to before a position is asked for.</summary>
    internal static ulong Key(long seed, ulong stream) =>
        SplitMix64.Mix(SplitMix64.Mix((ulong)seed + SplitMix64.GoldenGamma) ^ stream);

    /// <summary>A stream of its own for each combination of keys: step, prompt, member of the group.</summary>
    public static ulong Stream(params ReadOnlySpan<long> keys)
    {
        var stream = SplitMix64.GoldenGamma;
        foreach (var key in keys)
        {
            stream = SplitMix64.Mix(stream + SplitMix64.GoldenGamma + SplitMix64.Mix((ulong)key));
        }
        return stream;
    }
}
