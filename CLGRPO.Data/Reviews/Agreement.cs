namespace CLGRPO.Data.Reviews;

/// <summary>How far raters agree, beyond chance where the name says so.</summary>
/// <remarks>
/// A rating is the index of a category, 0 to <c>categories − 1</c>; for ordinal and interval statistics the index is the value.
/// A value that does not exist (no pair to compare, or only one category used) is null: shown as "n/a", never as NaN or 1.
/// </remarks>
public static partial class Agreement
{
    /// <summary>The share of items on which two raters chose the same category; null without items.</summary>
    /// <exception cref="ArgumentException">The raters rated different numbers of items.</exception>
    public static double? Percent(IReadOnlyList<int> first, IReadOnlyList<int> second)
    {
        RequireSameItems(first, second);
        return first.Count == 0 ? null : first.Where((rating, i) => rating == second[i]).Count() / (double)first.Count;
    }

    /// <summary>The share of agreeing pairs among all pairs of ratings of the same item; null without pairs.</summary>
    /// <param name="ratingsByRater">[raters, items]; null where a rater did not rate.</param>
    /// <param name="categories">How many categories there are.</param>
    /// <exception cref="ArgumentException">The rows differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A rating is not a category.</exception>
    public static double? PercentOfPairs(IReadOnlyList<IReadOnlyList<int?>> ratingsByRater, int categories) =>
        PercentOfPairsOf(CountsByItem(ratingsByRater, categories)).Value;

    /// <summary>Cohen's kappa of two raters: 1 − observed / expected disagreement; null when chance alone explains everything.</summary>
    /// <param name="first">[items], the first rater's categories.</param>
    /// <param name="second">[items], the second rater's, in the same order.</param>
    /// <param name="categories">How many categories there are, used or not.</param>
    /// <param name="weighting">What a disagreement costs; none for categories without an order.</param>
    /// <exception cref="ArgumentException">The raters rated different numbers of items.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A rating is not a category.</exception>
    /// <remarks>Source: Cohen 1960; weighted: Cohen 1968.</remarks>
    public static double? CohenKappa(
        IReadOnlyList<int> first,
        IReadOnlyList<int> second,
        int categories,
        KappaWeighting weighting = KappaWeighting.None
    )
    {
        RequireSameItems(first, second);
        Count(first, categories);
        Count(second, categories);
        return CohenKappaOf([.. first.Zip(second)], categories, weighting).Value;
    }

    /// <summary>Fleiss' kappa of any fixed number of raters who all rated every item; null when only one category was used.</summary>
    /// <param name="ratingsByRater">[raters, items], at least two raters; nothing missing.</param>
    /// <param name="categories">How many categories there are.</param>
    /// <exception cref="ArgumentException">Fewer than two raters, or rows of different lengths.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A rating is not a category.</exception>
    /// <remarks>Source: Fleiss 1971.</remarks>
    public static double? FleissKappa(IReadOnlyList<IReadOnlyList<int>> ratingsByRater, int categories)
    {
        if (ratingsByRater.Count < 2)
        {
            throw new ArgumentException(
                $"Fleiss' kappa needs at least two raters, got {ratingsByRater.Count}.",
                nameof(ratingsByRater)
            );
        }
        var items = CountsByItem(
            [.. ratingsByRater.Select(row => row.Select(rating => (int?)rating).ToList())],
            categories
        );
        double ratings = (double)items.Count * ratingsByRater.Count;
        double pairs = ratings * (ratingsByRater.Count - 1);
        var observed = items.Sum(counts => counts.Sum(count => (double)count * (count - 1))) / pairs;
        var expected = Enumerable.Range(0, categories).Sum(c => Square(items.Sum(counts => counts[c]) / ratings));
        return items.Count == 0 || expected >= 1 ? null : (observed - expected) / (1 - expected);
    }

    /// <summary>Krippendorff's alpha of any number of raters with missing ratings; null without pairs or with one category used.</summary>
    /// <param name="ratingsByRater">[raters, items]; null where a rater did not rate.</param>
    /// <param name="categories">How many categories there are.</param>
    /// <param name="level">What the distance between two categories means.</param>
    /// <exception cref="ArgumentException">The rows differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A rating is not a category.</exception>
    /// <remarks>Source: Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.</remarks>
    public static double? KrippendorffAlpha(
        IReadOnlyList<IReadOnlyList<int?>> ratingsByRater,
        int categories,
        MeasurementLevel level
    ) => KrippendorffAlphaOf(CountsByItem(ratingsByRater, categories), categories, level).Value;

    /// <summary>Gwet's AC1, or AC2 with weights, of any number of raters with missing ratings: steady where nearly all choose one category.</summary>
    /// <param name="ratingsByRater">[raters, items]; null where a rater did not rate.</param>
    /// <param name="categories">How many categories there are, used or not; at least two.</param>
    /// <param name="weighting">What a disagreement costs; none gives AC1.</param>
    /// <returns>Null without any pair of ratings.</returns>
    /// <remarks>Source: Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement", 2008.</remarks>
    public static double? GwetAC(
        IReadOnlyList<IReadOnlyList<int?>> ratingsByRater,
        int categories,
        KappaWeighting weighting = KappaWeighting.None
    ) => GwetACOf(CountsByItem(ratingsByRater, categories), categories, weighting).Value;

    private static double Cost(KappaWeighting weighting, int a, int b) =>
        weighting switch
        {
            KappaWeighting.None => a == b ? 0 : 1,
            KappaWeighting.Linear => Math.Abs(a - b),
            KappaWeighting.Quadratic => Square(a - b),
            _ => throw new ArgumentOutOfRangeException(nameof(weighting), weighting, "Unknown weighting."),
        };

    private static double SquaredDistance(MeasurementLevel level, double[] totals, int low, int high) =>
        level switch
        {
            MeasurementLevel.Nominal => 1,
            // How many ratings lie between the middles of the two categories.
            MeasurementLevel.Ordinal => Square(totals[low..(high + 1)].Sum() - ((totals[low] + totals[high]) / 2.0)),
            MeasurementLevel.Interval => Square(high - low),
            _ => throw new ArgumentOutOfRangeException(nameof(level), level, "Unknown level of measurement."),
        };

    // → [items][categories], how many raters chose the category
    private static List<int[]> CountsByItem(IReadOnlyList<IReadOnlyList<int?>> ratingsByRater, int categories)
    {
        if (ratingsByRater.Count == 0)
        {
            return [];
        }
        var items = ratingsByRater[0].Count;
        var odd = ratingsByRater.FirstOrDefault(row => row.Count != items);
        if (odd is not null)
        {
            throw new ArgumentException(
                $"Every rater needs one entry per item: the first has {items}, another {odd.Count}. Use null for a missing rating.",
                nameof(ratingsByRater)
            );
        }
        return
        [
            .. Enumerable
                .Range(0, items)
                .Select(i => Count([.. ratingsByRater.Select(row => row[i]).OfType<int>()], categories)),
        ];
    }

    private static int[] Count(IReadOnlyList<int> ratings, int categories)
    {
        var counts = new int[categories];
        foreach (var rating in ratings)
        {
            if (rating < 0 || rating >= categories)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(ratings),
                    rating,
                    $"A rating is the index of one of the {categories} categories."
                );
            }
            counts[rating]++;
        }
        return counts;
    }

    private static void RequireSameItems(IReadOnlyList<int> first, IReadOnlyList<int> second)
    {
        if (first.Count != second.Count)
        {
            throw new ArgumentException(
                $"Both raters must have rated the same items: the first has {first.Count} ratings, the second {second.Count}.",
                nameof(second)
            );
        }
    }

    private static double Square(double value) => value * value;
}

/// <summary>What a disagreement costs in a weighted kappa.</summary>
public enum KappaWeighting
{
    /// <summary>Every disagreement costs the same.</summary>
    None,

    /// <summary>|i − j|.</summary>
    Linear,

    /// <summary>(i − j)².</summary>
    Quadratic,
}

/// <summary>What the distance between two categories means in Krippendorff's alpha.</summary>
public enum MeasurementLevel
{
    /// <summary>Different is different.</summary>
    Nominal,

    /// <summary>Categories have an order, but no size.</summary>
    Ordinal,

    /// <summary>The category's index is a measure.</summary>
    Interval,
}
