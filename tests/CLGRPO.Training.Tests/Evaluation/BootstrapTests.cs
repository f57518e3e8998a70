using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Tests.Evaluation;

public sealed class BootstrapTests
{
    private const int Labels = 4;

    // 2,000 items of four labels in turn; of each ten items of a label the first ones are right.
    private static readonly int[] Truth = [.. Enumerable.Range(0, 2000).Select(i => i % Labels)];
    private static readonly int[] Predicted =
    [
        .. Truth.Select((label, i) => i / Labels % 10 < 8 ? label : (label + 1) % Labels),
    ];

    [Fact]
    public void Classification_LargeSample_IsNearWilsonsInterval()
    {
        var (accuracy, macroRecall) = new Bootstrap().Classification(Truth, Predicted, Labels);
        var wilson = WilsonInterval.At95(1600, 2000);

        Assert.Equal(wilson.Low, accuracy.Low, 0.003);
        Assert.Equal(wilson.High, accuracy.High, 0.003);
        Assert.Equal(accuracy.Low, macroRecall.Low, 0.003);
    }

    [Fact]
    public void Classification_SameSeed_IsTheSameAndAnotherSeedIsNot()
    {
        var first = new Bootstrap(seed: 7).Classification(Truth, Predicted, Labels);

        Assert.Equal(first, new Bootstrap(seed: 7).Classification(Truth, Predicted, Labels));
        Assert.NotEqual(first, new Bootstrap(seed: 8).Classification(Truth, Predicted, Labels));
    }

    [Fact]
    public void Classification_AllRight_HasNoWidth()
    {
        var (accuracy, macroRecall) = new Bootstrap().Classification(Truth, Truth, Labels);

        Assert.Equal(new Interval(1, 1), accuracy);
        Assert.Equal(new Interval(1, 1), macroRecall);
    }

    // The third label is in no item: its recall counts as 0, so the best macro recall is two thirds.
    [Fact]
    public void Classification_LabelAbsentFromTruth_CountsAsInTheReport()
    {
        var (_, macroRecall) = new Bootstrap().Classification([0, 1, 0, 1], [0, 1, 0, 1], labels: 3);

        Assert.Equal(2.0 / 3, macroRecall.High, 1e-12);
    }

    // Repeated samples of 100 answers that are right with probability .7: the interval holds .7 in about 95 % of them.
    [Fact]
    public void Classification_RepeatedSamples_CoversTheTruthAsOftenAsItSays()
    {
        var random = new Random(1);
        var covered = 0;
        const int samples = 300;
        for (var sample = 0; sample < samples; sample++)
        {
            int[] truth = new int[100];
            int[] predicted = [.. truth.Select(_ => random.NextDouble() < 0.7 ? 0 : 1)];
            var (accuracy, _) = new Bootstrap(resamples: 400).Classification(truth, predicted, labels: 1);
            covered += accuracy.Low <= 0.7 && 0.7 <= accuracy.High ? 1 : 0;
        }

        Assert.InRange(covered / (double)samples, 0.90, 0.99);
    }

    [Fact]
    public void Classification_NoItems_Throws() =>
        Assert.Throws<ArgumentException>(() => new Bootstrap().Classification([], [], Labels));

    // Two models that differ in one item of ten: normal approximation of a paired difference, sd = sqrt(p (1 − p) / n).
    [Fact]
    public void Difference_OneOfTenBetter_IsNearTheNormalInterval()
    {
        int[] better = [.. Truth.Select((label, i) => i / Labels % 10 < 9 ? label : (label + 1) % Labels)];
        var (accuracy, macroRecall) = new Bootstrap().Difference(Truth, better, Predicted, Labels);
        var half = 1.96 * Math.Sqrt(0.1 * 0.9 / Truth.Length);

        Assert.Equal(0.1 - half, accuracy.Low, 0.002);
        Assert.Equal(0.1 + half, accuracy.High, 0.002);
        Assert.Equal(accuracy.Low, macroRecall.Low, 0.002);
    }

    [Fact]
    public void Difference_OfTheSameAnswers_IsZero()
    {
        var (accuracy, macroRecall) = new Bootstrap().Difference(Truth, Predicted, Predicted, Labels);

        Assert.Equal(new Interval(0, 0), accuracy);
        Assert.Equal(new Interval(0, 0), macroRecall);
    }

    [Fact]
    public void Difference_Exchanged_ChangesItsSign()
    {
        var there = new Bootstrap().Difference(Truth, Truth, Predicted, Labels).Accuracy;
        var back = new Bootstrap().Difference(Truth, Predicted, Truth, Labels).Accuracy;

        Assert.Equal(there.Low, -back.High, 1e-12);
        Assert.Equal(there.High, -back.Low, 1e-12);
    }
}
