using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;

namespace CLGRPO.Data.Tests.Datasets.EmoScenes;

/// <summary>The label needs several cues together: no attribute alone tells it, and each is missed when it lacks.</summary>
public class EmoScenesOracleTests(ITestOutputHelper output)
{
    private static readonly EmoScenesConfig Config = new();
    private static readonly (int[] Values, int Label)[] Learning = Draw(Split.Train, 8000);
    private static readonly (int[] Values, int Label)[] HeldOut = Draw(Split.Test, 8000);

    [Theory]
    [InlineData(0, 0.20, 0.26)]
    [InlineData(1, 0.22, 0.28)]
    [InlineData(2, 0.31, 0.38)]
    [InlineData(3, 0.39, 0.45)]
    [InlineData(4, 0.37, 0.43)]
    [InlineData(5, 0.30, 0.36)]
    public void BestGuess_FromOneAttribute_IsFarFromTheLabel(int attribute, double low, double high)
    {
        var best = Learning
            .GroupBy(sample => sample.Values[attribute])
            .ToDictionary(
                group => group.Key,
                group => group.CountBy(sample => sample.Label).MaxBy(count => count.Value).Key
            );

        AssertBetween(
            low,
            high,
            HeldOut.Average(sample => best[sample.Values[attribute]] == sample.Label ? 1.0 : 0),
            attribute
        );
    }

    [Theory]
    [InlineData(0, 0.81, 0.87)]
    [InlineData(1, 0.82, 0.88)]
    [InlineData(2, 0.71, 0.77)]
    [InlineData(3, 0.66, 0.72)]
    [InlineData(4, 0.69, 0.75)]
    [InlineData(5, 0.75, 0.81)]
    public void SummedAffinities_WithoutOneAttribute_MissManyLabels(int attribute, double low, double high)
    {
        var right = HeldOut.Count(sample =>
        {
            var values = (int[])sample.Values.Clone();
            values[attribute] = -1;
            return Affinities.Judge(values).Label == sample.Label;
        });

        AssertBetween(low, high, (double)right / HeldOut.Length, attribute);
    }

    [Fact]
    public void SummedAffinities_OfAllAttributes_AreTheLabelByAMargin() =>
        Assert.All(
            HeldOut,
            sample =>
                Assert.True(
                    Affinities.Judge(sample.Values) is var verdict
                        && verdict.Label == sample.Label
                        && verdict.Margin >= 1
                )
        );

    private void AssertBetween(double low, double high, double actual, int attribute)
    {
        output.WriteLine($"{Affinities.Vocabulary[attribute].Name}: {actual:F3}");
        Assert.InRange(actual, low, high);
    }

    private static (int[], int)[] Draw(Split split, int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(index =>
                {
                    var label = SceneSampler.LabelOf(Config, split, index);
                    return (
                        SceneSampler.Draw(
                            Config,
                            label,
                            new CounterRandom(Config.Seed, (ulong)RandomStream.Attributes, (ulong)split, (ulong)index)
                        ),
                        label
                    );
                }),
        ];
}
