namespace CLGRPO.Training.Rollouts;

/// <summary>Random numbers without a state: each is a hash of (seed, stream, position). A rollout draws the same numbers
/// whatever else is in its batch and wherever a run was resumed.</summary>
/// <remarks>The mixing function is SplitMix64's (Steele, Lea, Flood 2014), applied once per key.</remarks>
public static class CounterRandom
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    // 23 bits: the largest value times any float32 total stays below that total, so an inverse CDF never runs off its end.
    private const int Bits = 23;

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
        Mix(Mix(Mix((ulong)seed + Golden) ^ stream) + (Golden * ((ulong)position + 1)));

    /// <summary>A stream of its own for each combination of keys: step, prompt, member of the group.</summary>
    public static ulong Stream(params ReadOnlySpan<long> keys)
    {
        var stream = Golden;
        foreach (var key in keys)
        {
            stream = Mix(stream + Golden + Mix((ulong)key));
        }
        return stream;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
