using CLGRPO.Data.Randomness;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// <see cref="CounterRandom"/>'s numbers as tensor operations, so that a decode step draws them where it computes: the
/// same bits for the same seed, stream and position. int64 stands for uint64: products and sums wrap alike, and a shift
/// is made unsigned by a mask.
/// </summary>
internal sealed class DeviceRandom : IDisposable
{
    private readonly Dictionary<int, (Tensor Bits, Tensor Mask)> _shifts;

    public DeviceRandom(Device device)
    {
        using var scope = NewDisposeScope();
        Tensor Constant(long value) => tensor([value]).to(device).DetachFromDisposeScope();
        int[] shifts = [30, 27, 31, 64 - CounterRandom.Bits];
        _shifts = shifts.ToDictionary(bits => bits, bits => (Constant(bits), Constant((1L << (64 - bits)) - 1)));
    }

    /// <summary>A row's random numbers, as <see cref="Uniform"/> takes them.</summary>
    public static long Key(long seed, ulong stream) => unchecked((long)CounterRandom.Key(seed, stream));

    /// <param name="keys">[rows], int64: what <see cref="Key"/> gave.</param>
    /// <param name="positions">[rows], int64.</param>
    /// <returns>[rows, 1], float32 in [0, 1).</returns>
    public Tensor Uniform(Tensor keys, Tensor positions)
    {
        using var scope = NewDisposeScope();
        var counter = (positions + 1).mul(unchecked((long)SplitMix64.GoldenGamma));
        var hash = Mix(keys + counter);
        return (ShiftRight(hash, 64 - CounterRandom.Bits).to(ScalarType.Float32) * (1f / (1 << CounterRandom.Bits)))
            .unsqueeze(1)
            .MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var (bits, mask) in _shifts.Values)
        {
            bits.Dispose();
            mask.Dispose();
        }
    }

    /// <summary><see cref="SplitMix64.Mix"/>.</summary>
    private Tensor Mix(Tensor value)
    {
        value = value.bitwise_xor(ShiftRight(value, 30)).mul(unchecked((long)0xBF58476D1CE4E5B9));
        value = value.bitwise_xor(ShiftRight(value, 27)).mul(unchecked((long)0x94D049BB133111EB));
        return value.bitwise_xor(ShiftRight(value, 31));
    }

    private Tensor ShiftRight(Tensor value, int bits) =>
        value.bitwise_right_shift(_shifts[bits].Bits).bitwise_and(_shifts[bits].Mask);
}
