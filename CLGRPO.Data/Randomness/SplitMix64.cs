namespace CLGRPO.Data.Randomness;

/// <summary>
/// The mixing function that all random numbers of the project come from: integer arithmetic only, so the same on every
/// machine, and a function of its input, so a number can be asked for by name instead of drawn in order.
/// </summary>
/// <remarks>Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.</remarks>
public static class SplitMix64
{
    /// <summary>2^64 divided by the golden ratio: the step between successive states.</summary>
    public const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>64 bits that look random, one for one with the input.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
