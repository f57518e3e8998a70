using CLGRPO.Data.Reviews;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class AgreementTests
{
    // Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011, example D: four observers, twelve units, missing data.
    private static readonly int?[][] KrippendorffExample =
    [
        Values("1 2 3 3 2 1 4 1 2 . . ."),
        Values("1 2 3 3 2 2 4 1 2 5 . 3"),
        Values(". 3 3 3 2 3 4 2 2 5 1 ."),
        Values("1 2 3 3 2 4 4 1 2 5 1 ."),
    ];

    // The worked example of the article "Fleiss' kappa" in Wikipedia: ten subjects, how many of 14 raters chose each of 5 categories.
    private static readonly int[][] FleissExample =
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ];

    [Theory]
    [Trait("Id", "T1.3")]
    [InlineData(MeasurementLevel.Nominal, 0.743)]
    [InlineData(MeasurementLevel.Ordinal, 0.815)]
    [InlineData(MeasurementLevel.Interval, 0.849)]
    public void KrippendorffAlpha_PublishedExample_IsThePublishedValue(MeasurementLevel level, double expected) =>
        Assert.Equal(expected, Agreement.KrippendorffAlpha(KrippendorffExample, 6, level)!.Value, 0.0005);

    [Fact]
    public void FleissKappa_PublishedExample_IsThePublishedValue()
    {
        var items = FleissExample
            .Select(counts => counts.SelectMany((n, c) => Enumerable.Repeat(c, n)).ToList())
            .ToList();
        var byRater = Enumerable.Range(0, 14).Select(rater => items.Select(item => item[rater]).ToList()).ToList();

        Assert.Equal(0.210, Agreement.FleissKappa(byRater, 5)!.Value, 0.0005);
    }

    // 20 × both yes, 5 × yes and no, 10 × no and yes, 15 × both no: the article "Cohen's kappa" in Wikipedia.
    [Fact]
    public void CohenKappa_PublishedExample_IsThePublishedValue()
    {
        int[] first = [.. Enumerable.Repeat(1, 25), .. Enumerable.Repeat(0, 25)];
        int[] second =
        [
            .. Enumerable.Repeat(1, 20),
            .. Enumerable.Repeat(0, 5),
            .. Enumerable.Repeat(1, 10),
            .. Enumerable.Repeat(0, 15),
        ];

        Assert.Equal(0.4, Agreement.CohenKappa(first, second, 2)!.Value, 1e-12);
        Assert.Equal(0.7, Agreement.Percent(first, second)!.Value, 1e-12);
    }

    // By hand: observed costs 0 + 1 + 0; chance costs 9 / 3 linear, 15 / 3 quadratic.
    [Theory]
    [InlineData(KappaWeighting.None, 0.5)]
    [InlineData(KappaWeighting.Linear, 2.0 / 3)]
    [InlineData(KappaWeighting.Quadratic, 0.8)]
    public void CohenKappa_Weighted_CountsNearMissesLess(KappaWeighting weighting, double expected) =>
        Assert.Equal(expected, Agreement.CohenKappa([0, 1, 2], [0, 2, 2], 3, weighting)!.Value, 1e-12);

    [Fact]
    [Trait("Id", "T1.3")]
    public void AllStatistics_PerfectAgreement_AreOne()
    {
        int[] rating = [0, 1, 2, 1];
        int?[][] raters =
        [
            [0, 1, 2, 1],
            [0, 1, 2, 1],
            [0, 1, 2, 1],
        ];

        Assert.Equal(1, Agreement.CohenKappa(rating, rating, 3));
        Assert.Equal(1, Agreement.FleissKappa([rating, rating, rating], 3)!.Value, 1e-12);
        Assert.Equal(1, Agreement.KrippendorffAlpha(raters, 3, MeasurementLevel.Ordinal));
        Assert.Equal(1, Agreement.PercentOfPairs(raters, 3));
    }

    [Fact]
    [Trait("Id", "T1.3")]
    public void AllStatistics_TotalDisagreement_AreNegative()
    {
        Assert.Equal(-1, Agreement.CohenKappa([0, 1], [1, 0], 2));
        Assert.Equal(
            -1,
            Agreement.FleissKappa(
                [
                    [0, 1],
                    [1, 0],
                ],
                2
            )
        );
        Assert.Equal(
            -0.5,
            Agreement.KrippendorffAlpha(
                [
                    [0, 1],
                    [1, 0],
                ],
                2,
                MeasurementLevel.Nominal
            )
        );
        Assert.Equal(
            0,
            Agreement.PercentOfPairs(
                [
                    [0, 1],
                    [1, 0],
                ],
                2
            )
        );
    }

    [Fact]
    [Trait("Id", "T1.3")]
    public void AllStatistics_OneCategoryOnly_DoNotExist()
    {
        Assert.Null(Agreement.CohenKappa([1, 1], [1, 1], 2));
        Assert.Null(
            Agreement.FleissKappa(
                [
                    [1, 1],
                    [1, 1],
                ],
                2
            )
        );
        Assert.Null(
            Agreement.KrippendorffAlpha(
                [
                    [1, 1],
                    [1, 1],
                ],
                2,
                MeasurementLevel.Nominal
            )
        );
    }

    [Fact]
    public void AllStatistics_NothingToCompare_DoNotExist()
    {
        Assert.Null(Agreement.Percent([], []));
        Assert.Null(
            Agreement.PercentOfPairs(
                [
                    [0, null],
                    [null, 1],
                ],
                2
            )
        );
        Assert.Null(Agreement.CohenKappa([], [], 2));
        Assert.Null(
            Agreement.FleissKappa(
                [
                    [],
                    [],
                ],
                2
            )
        );
        Assert.Null(Agreement.KrippendorffAlpha([], 2, MeasurementLevel.Nominal));
        Assert.Null(
            Agreement.KrippendorffAlpha(
                [
                    [0, null],
                    [null, 1],
                ],
                2,
                MeasurementLevel.Nominal
            )
        );
    }

    [Fact]
    [Trait("Id", "T1.3")]
    public void CohenKappa_OneItem_IsZeroWhenTheyDiffer() => Assert.Equal(0, Agreement.CohenKappa([0], [1], 2));

    [Fact]
    public void PercentOfPairs_MissingRatings_CountsOnlyPairs() =>
        Assert.Equal(
            2.0 / 4,
            Agreement.PercentOfPairs(
                [
                    [0, 1, null],
                    [0, 1, 1],
                    [1, null, null],
                ],
                2
            )
        );

    [Fact]
    public void KrippendorffAlpha_TwoCategories_IsTheSameOnEveryLevel() =>
        Check.QuickThrowOnFailure(
            Prop.ForAll<(bool A, bool B)[]>(pairs =>
            {
                int?[][] raters =
                [
                    [.. pairs.Select(pair => (int?)(pair.A ? 1 : 0))],
                    [.. pairs.Select(pair => (int?)(pair.B ? 1 : 0))],
                ];
                var nominal = Agreement.KrippendorffAlpha(raters, 2, MeasurementLevel.Nominal);
                var ordinal = Agreement.KrippendorffAlpha(raters, 2, MeasurementLevel.Ordinal);
                return nominal is null ? ordinal is null : Math.Abs(nominal.Value - ordinal!.Value) < 1e-12;
            })
        );

    [Fact]
    public void CohenKappa_DifferentNumbersOfItems_Throws()
    {
        var error = Assert.Throws<ArgumentException>(() => Agreement.CohenKappa([0, 1], [0], 2));

        Assert.Contains("the first has 2 ratings, the second 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    public void EveryStatistic_RatingThatIsNoCategory_Throws(int rating)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Agreement.CohenKappa([rating], [0], 2));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Agreement.FleissKappa(
                [
                    [rating],
                    [0],
                ],
                2
            )
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Agreement.KrippendorffAlpha(
                [
                    [rating],
                    [0],
                ],
                2,
                MeasurementLevel.Nominal
            )
        );
    }

    [Fact]
    public void FleissKappa_OneRater_Throws() =>
        Assert.Throws<ArgumentException>(() =>
            Agreement.FleissKappa(
                [
                    [0, 1],
                ],
                2
            )
        );

    [Fact]
    public void KrippendorffAlpha_RowsOfDifferentLength_Throws() =>
        Assert.Throws<ArgumentException>(() =>
            Agreement.KrippendorffAlpha(
                [
                    [0, 1],
                    [0],
                ],
                2,
                MeasurementLevel.Nominal
            )
        );

    private static int?[] Values(string row) =>
        [.. row.Split(' ').Select(cell => cell is "." ? (int?)null : int.Parse(cell))];
}
