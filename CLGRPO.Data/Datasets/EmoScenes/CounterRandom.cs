namespace CLGRPO.Data.Datasets.EmoScenes;

/// <summary>
/// Random numbers as a function of (seed, stream, number of the draw): a sample's content does not depend on threads, on order or on how
/// many numbers its neighbours took.
/// </summary>
/// <remarks>Source: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014); the key is the streams' numbers, each mixed in. Integer arithmetic only, so it is the same on every machine.</remarks>
internal sealed class CounterRandom
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;
    private ulong _state;

    public CounterRandom(ulong seed, params ReadOnlySpan<ulong> stream)
    {
        _state = Mix(seed + GoldenGamma);
        foreach (var number in stream)
            _state = Mix(_state ^ Mix(number + GoldenGamma));
    }

    public ulong NextBits() => Mix(_state += GoldenGamma);

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public float Between(double low, double high) => (float)(low + ((high - low) * NextDouble()));

    /// <summary>Uniform in 0 … count − 1.</summary>
    public int Below(int count) => (int)Math.BigMul(NextBits(), (ulong)count, out _);

    public bool Chance(double probability) => NextDouble() < probability;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>Near normal, mean 0 and deviation 1: the sum of four 16-bit uniforms, exact in every arithmetic.</summary>
    public float NextNoise()
    {
        var bits = NextBits();
        var sum =
            (int)(bits & 0xFFFF)
            + (int)((bits >> 16) & 0xFFFF)
            + (int)((bits >> 32) & 0xFFFF)
            + (int)(bits >> 48);
        return (sum - 131070) * (1.7320508f / 65536f); // the sum's deviation is 65536 · √(4/12)
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
