using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Tests.Evaluation;

public sealed class WilsonIntervalTests
{
    // Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void At95_PublishedExamples_AreThePublishedValues(int successes, int trials, double low, double high)
    {
        var interval = WilsonInterval.At95(successes, trials);

        Assert.Equal(low, interval.Low, 0.00005);
        Assert.Equal(high, interval.High, 0.00005);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 5)]
    [InlineData(6, 5)]
    public void At95_ImpossibleCounts_Throws(int successes, int trials) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => WilsonInterval.At95(successes, trials));
}
