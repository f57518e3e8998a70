using CLGRPO.Data.Datasets.EmoScenes;

namespace CLGRPO.Data.Tests.Datasets.EmoScenes;

public class CounterRandomTests
{
    [Fact]
    public void NextNoise_ManyDraws_HasMeanZeroAndDeviationOne()
    {
        var random = new CounterRandom(1);
        var draws = Enumerable.Range(0, 200_000).Select(_ => (double)random.NextNoise()).ToList();

        Assert.Equal(0, draws.Average(), 0.01);
        Assert.Equal(1, draws.Average(x => x * x), 0.02);
    }

    [Fact]
    public void Below_ManyDraws_IsUniform()
    {
        var random = new CounterRandom(2);
        var counts = Enumerable.Range(0, 70_000).Select(_ => random.Below(7)).CountBy(value => value).ToList();

        Assert.Equal(7, counts.Count);
        Assert.All(counts, count => Assert.InRange(count.Value, 9_600, 10_400)); // four standard deviations
    }

    [Fact]
    public void New_NeighbouringStreams_ShareNoDraws()
    {
        var draws = Enumerable
            .Range(0, 200)
            .SelectMany(stream => Draws(new CounterRandom(1, 0, (ulong)stream)))
            .ToList();

        Assert.Equal(draws.Count, draws.Distinct().Count());
        Assert.NotEqual(Draws(new CounterRandom(1, 2, 3)), Draws(new CounterRandom(1, 3, 2)));
    }

    private static IEnumerable<ulong> Draws(CounterRandom random) =>
        Enumerable.Range(0, 50).Select(_ => random.NextBits());
}
