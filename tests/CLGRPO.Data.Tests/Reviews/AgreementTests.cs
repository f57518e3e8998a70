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

    // The SAS procedure FREQ's output for this table, as the tests of statsmodels (test_inter_rater.py) keep it: rows one rater, columns the other.
    [Theory]
    [Trait("Id", "T1.3")]
    [InlineData(KappaWeighting.None, 0.4842)]
    [InlineData(KappaWeighting.Linear, 0.4701)]
    public void CohenKappa_TableOfSas_IsItsValue(KappaWeighting weighting, double expected)
    {
        int[][] table =
        [
            [0, 4, 1],
            [0, 8, 0],
            [0, 1, 5],
        ];
        var pairs = table
            .SelectMany((row, a) => row.SelectMany((n, b) => Enumerable.Repeat((First: a, Second: b), n)))
            .ToList();

        Assert.Equal(
            expected,
            Agreement
                .CohenKappa(pairs.ConvertAll(pair => pair.First), pairs.ConvertAll(pair => pair.Second), 3, weighting)!
                .Value,
            0.00005
        );
    }

    // R's irr 0.84: kappa2(anxiety[, 2:3], weight), as the tests of statsmodels keep it. Twenty persons, three raters, levels 1 to 6; irr
    // leaves out the level 5, which nobody of these two used, so that 6 follows 4.
    [Theory]
    [Trait("Id", "T1.3")]
    [InlineData(KappaWeighting.None, -0.006289308)]
    [InlineData(KappaWeighting.Linear, 0.1459075)]
    [InlineData(KappaWeighting.Quadratic, 0.2520325)]
    public void CohenKappa_AnxietyOfIrr_IsItsValue(KappaWeighting weighting, double expected)
    {
        int[] second = [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4];
        int[] third = [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2];

        var kappa = Agreement.CohenKappa(Array.ConvertAll(second, Level), Array.ConvertAll(third, Level), 5, weighting);

        Assert.Equal(expected, kappa!.Value, 5e-8);

        static int Level(int value) => value == 6 ? 4 : value - 1;
    }

    // R's irrCAC 1.0, cac.raw4raters (the same data as Krippendorff's example D): gwet.ac1.raw gives 0.77544, from 0.8181818 and 0.1903212.
    [Fact]
    [Trait("Id", "T1.3")]
    public void GwetAC_DataOfIrrCac_IsItsValue()
    {
        int?[][] levels = Array.ConvertAll(KrippendorffExample, row => Array.ConvertAll(row, value => value - 1));

        Assert.Equal(0.77544, Agreement.GwetAC(levels, 5)!.Value, 0.000005);
        Assert.Equal((0.8181818 - 0.1903212) / (1 - 0.1903212), Agreement.GwetAC(levels, 5)!.Value, 1e-6);
        Assert.True(Agreement.GwetAC(levels, 5, KappaWeighting.Quadratic) > Agreement.GwetAC(levels, 5));
    }

    [Fact]
    public void GwetAC_NearlyAllChooseOne_StaysHighWhereAlphaFalls()
    {
        int?[][] raters =
        [
            [.. Enumerable.Repeat<int?>(1, 49), 0],
            [.. Enumerable.Repeat<int?>(1, 50)],
        ];

        Assert.InRange(Agreement.GwetAC(raters, 2)!.Value, 0.97, 1);
        Assert.InRange(Agreement.KrippendorffAlpha(raters, 2, MeasurementLevel.Nominal)!.Value, -0.01, 0.01);
        Assert.Null(
            Agreement.GwetAC(
                [
                    [0, null],
                    [null, 1],
                ],
                2
            )
        );
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
