using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Tests.Evaluation;

public sealed class HolmAdjustmentTests
{
    // statsmodels 0.14: multipletests([0.01, 0.04, 0.03, 0.005], method="holm")[1]
    [Fact]
    public void Of_FourValues_AreThoseOfStatsmodels()
    {
        var adjusted = HolmAdjustment.Of([0.01, 0.04, 0.03, 0.005]);

        double[] expected = [0.03, 0.06, 0.06, 0.02];
        Assert.All(adjusted.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
    }

    [Fact]
    public void Of_LargeValues_StopAtOne() => Assert.Equal([1.0, 1.0], HolmAdjustment.Of([0.9, 0.6]));

    [Fact]
    public void Of_OneValue_IsUnchanged() => Assert.Equal([0.2], HolmAdjustment.Of([0.2]));
}
