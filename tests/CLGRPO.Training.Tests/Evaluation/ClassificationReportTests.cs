using CLGRPO.Training.Evaluation;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Training.Tests.Evaluation;

public sealed class ClassificationReportTests
{
    // The example of scikit-learn's documentation of recall_score, precision_score and f1_score: macro .333, .222, .267.
    private static readonly ClassificationReport Published = new([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], labels: 3);

    [Fact]
    public void Scores_PublishedExample_AreThePublishedValues()
    {
        Assert.Equal(2.0 / 6, Published.Accuracy, 1e-12);
        Assert.Equal([1, 0, 0], Published.Recall);
        Assert.Equal([2.0 / 3, 0, 0], Published.Precision);
        Assert.Equal(1.0 / 3, Published.MacroRecall, 1e-12);
        Assert.Equal(0.8 / 3, Published.MacroF1, 1e-12);
    }

    [Fact]
    public void Confusion_PublishedExample_HasTruthByRowAndTheExtraColumn() =>
        Assert.Equal(
            [
                [2, 0, 0, 0],
                [1, 0, 1, 0],
                [0, 2, 0, 0],
                [0, 0, 0, 0],
            ],
            Published.Confusion
        );

    [Fact]
    public void NoLabel_IsWrongAndNoLabelsFalsePositive()
    {
        var report = new ClassificationReport([0, 0, 1], [0, 2, 1], labels: 2);

        Assert.Equal(2.0 / 3, report.Accuracy, 1e-12);
        Assert.Equal([0.5, 1], report.Recall);
        Assert.Equal([1, 1], report.Precision);
        Assert.Equal(1, report.Confusion[0][2]);
    }

    [Fact]
    public void MacroRecall_LabelAbsentFromTruth_CountsAsZeroUnlessOnlyPresentOnesCount()
    {
        var report = new ClassificationReport([0, 1], [0, 1], labels: 4);

        Assert.Equal(0.5, report.MacroRecall);
        Assert.Equal(1, report.MacroRecallOfPresentLabels);
    }

    [Fact]
    public void Accuracy_AnyPredictions_IsTheSupportWeightedRecall() =>
        Check.QuickThrowOnFailure(
            Prop.ForAll<(byte Truth, byte Predicted)[]>(items =>
            {
                if (items.Length == 0)
                {
                    return true;
                }
                var report = new ClassificationReport(
                    [.. items.Select(item => item.Truth % 5)],
                    [.. items.Select(item => item.Predicted % 6)],
                    labels: 5
                );
                var weighted = report.Recall.Zip(report.Support, (recall, n) => recall * n).Sum() / items.Length;
                return Math.Abs(weighted - report.Accuracy) < 1e-12
                    && report.Confusion.Sum(row => row.Sum()) == items.Length;
            })
        );

    [Theory]
    [InlineData(2, 0, "A true label is 0 to 1.")]
    [InlineData(-1, 0, "A true label is 0 to 1.")]
    [InlineData(0, 3, "or 2 for “no label”")]
    [InlineData(0, -1, "or 2 for “no label”")]
    public void New_IndexThatIsNoLabel_SaysWhichAndWhatIsAllowed(int truth, int predicted, string words)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            new ClassificationReport([truth], [predicted], labels: 2)
        );

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void New_NoItemsOrDifferentLengths_Throws()
    {
        Assert.Throws<ArgumentException>(() => new ClassificationReport([], [], labels: 2));
        Assert.Throws<ArgumentException>(() => new ClassificationReport([0, 1], [0], labels: 2));
    }
}
