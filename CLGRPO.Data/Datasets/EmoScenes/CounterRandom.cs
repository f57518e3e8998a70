using CLGRPO.Data.Randomness;

namespace CLGRPO.Data.Datasets.EmoScenes;

/// <summary>
/// Random numbers as a function of (seed, stream, number of the draw): a sample's content does not depend on threads, on order or on how
/// many numbers its neighbours took.
/// </summary>
/// <remarks>The key is the streams' numbers, each mixed in.</remarks>
internal sealed class CounterRandom
{
    private ulong _state;

    public CounterRandom(ulong seed, params ReadOnlySpan<ulong> stream)
    {
        _state = SplitMix64.Mix(seed + SplitMix64.GoldenGamma);
        foreach (var number in stream)
            _state = SplitMix64.Mix(_state ^ SplitMix64.Mix(number + SplitMix64.GoldenGamma));
    }

    public ulong NextBits() => SplitMix64.Mix(_state += SplitMix64.GoldenGamma);

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
            (int)(bits & 0xFFFF) + (int)((bits >> 16) & 0xFFFF) + (int)((bits >> 32) & 0xFFFF) + (int)(bits >> 48);
        return (sum - 131070) * (1.7320508f / 65536f); // the sum's deviation is 65536 · √(4/12)
    }
}
