using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Rollouts;

public sealed class DeviceRandomTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void Uniform_AsTensorOperations_IsCounterRandomBitForBit(long seed)
    {
        using var scope = NewDisposeScope();
        using var random = new DeviceRandom(CPU);
        ulong[] streams =
        [
            0,
            1,
            ulong.MaxValue,
            1UL << 63,
            .. Enumerable.Range(0, 2000).Select(i => CounterRandom.Stream(i)),
        ];
        long[] positions = [0, 1, 4095, 1 << 20, .. Enumerable.Range(0, 2000).Select(i => (long)i % 700)];

        var drawn = random.Uniform(
            tensor(Array.ConvertAll(streams, stream => DeviceRandom.Key(seed, stream))),
            tensor(positions)
        );

        Assert.Equal([streams.Length, 1], drawn.shape);
        Assert.Equal(
            streams.Zip(positions, (stream, position) => CounterRandom.Uniform(seed, stream, position)),
            Tiny.Floats(drawn)
        );
    }
}
