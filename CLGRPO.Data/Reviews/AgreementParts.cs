namespace CLGRPO.Data.Reviews;

// Each statistic as what the items add to it, and its coefficient from the sums; AdditiveStatistic draws items again for intervals.
public static partial class Agreement
{
    /// <param name="items">[items][categories], how many raters chose the category.</param>
    internal static AdditiveStatistic PercentOfPairsOf(IReadOnlyList<int[]> items) =>
        new(
            [
                .. items.Select(counts =>
                {
                    double ratings = counts.Sum();
                    return new[] { counts.Sum(count => (double)count * (count - 1)), ratings * (ratings - 1) };
                }),
            ],
            sums => sums[1] == 0 ? null : sums[0] / sums[1]
        );

    /// <param name="pairs">[items], both raters' categories.</param>
    internal static AdditiveStatistic CohenKappaOf(
        IReadOnlyList<(int First, int Second)> pairs,
        int categories,
        KappaWeighting weighting
    ) =>
        new(
            [
                .. pairs.Select(pair =>
                {
                    var cells = new double[categories * categories];
                    cells[(pair.First * categories) + pair.Second] = 1;
                    return cells;
                }),
            ],
            table => Kappa(table, categories, weighting)
        );

    /// <param name="items">[items][categories], how many raters chose the category.</param>
    internal static AdditiveStatistic KrippendorffAlphaOf(
        IReadOnlyList<int[]> items,
        int categories,
        MeasurementLevel level
    ) =>
        // An item with a single rating has no pair: it counts neither as agreement nor in the totals.
        new(
            [.. items.Where(counts => counts.Sum() > 1).Select(counts => Coincidences(counts, categories))],
            table => Alpha(table, categories, level)
        );

    /// <param name="items">[items][categories], how many raters chose the category.</param>
    internal static AdditiveStatistic GwetACOf(IReadOnlyList<int[]> items, int categories, KappaWeighting weighting)
    {
        var worst = Cost(weighting, 0, categories - 1);
        var weights = new double[categories, categories];
        for (var a = 0; a < categories; a++)
        for (var b = 0; b < categories; b++)
            weights[a, b] = 1 - (Cost(weighting, a, b) / worst);
        return new(
            [.. items.Where(counts => counts.Sum() > 0).Select(counts => GwetParts(counts, weights))],
            sums => Gwet(sums, weights)
        );
    }

    // A row per rater's category, a column per the other's.
    private static double? Kappa(double[] table, int categories, KappaWeighting weighting)
    {
        double total = table.Sum();
        double observed = 0;
        double expected = 0;
        for (var a = 0; a < categories; a++)
        {
            for (var b = 0; b < categories; b++)
            {
                var cost = Cost(weighting, a, b);
                observed += cost * table[(a * categories) + b];
                expected += cost * Row(table, categories, a) * Column(table, categories, b);
            }
        }
        return expected == 0 ? null : 1 - (observed * total / expected);
    }

    private static double Row(double[] table, int categories, int a)
    {
        double sum = 0;
        for (var b = 0; b < categories; b++)
            sum += table[(a * categories) + b];
        return sum;
    }

    private static double Column(double[] table, int categories, int b)
    {
        double sum = 0;
        for (var a = 0; a < categories; a++)
            sum += table[(a * categories) + b];
        return sum;
    }

    // The item's pairs of ratings, each pair in both orders, weighted so that each rating counts once.
    private static double[] Coincidences(int[] counts, int categories)
    {
        var table = new double[categories * categories];
        var others = counts.Sum() - 1;
        for (var a = 0; a < categories; a++)
        {
            for (var b = 0; b < categories; b++)
                table[(a * categories) + b] = (double)counts[a] * (counts[b] - (a == b ? 1 : 0)) / others;
        }
        return table;
    }

    private static double? Alpha(double[] table, int categories, MeasurementLevel level)
    {
        var totals = Enumerable.Range(0, categories).Select(a => Row(table, categories, a)).ToArray();
        double observed = 0;
        double expected = 0;
        for (var a = 0; a < categories; a++)
        {
            for (var b = a + 1; b < categories; b++)
            {
                var distance = SquaredDistance(level, totals, a, b);
                observed += distance * table[(a * categories) + b];
                expected += distance * totals[a] * totals[b];
            }
        }
        return expected == 0 ? null : 1 - ((totals.Sum() - 1) * observed / expected);
    }

    // [share of the item's ratings in each category…, 1, weighted agreement of its pairs, 1 where it has a pair]
    private static double[] GwetParts(int[] counts, double[,] weights)
    {
        var categories = counts.Length;
        double ratings = counts.Sum();
        var parts = new double[categories + 3];
        for (var a = 0; a < categories; a++)
            parts[a] = counts[a] / ratings;
        parts[categories] = 1;
        if (ratings < 2)
            return parts;
        for (var a = 0; a < categories; a++)
        {
            double near = 0;
            for (var b = 0; b < categories; b++)
                near += weights[a, b] * counts[b];
            parts[categories + 1] += counts[a] * (near - 1) / (ratings * (ratings - 1));
        }
        parts[categories + 2] = 1;
        return parts;
    }

    private static double? Gwet(double[] sums, double[,] weights)
    {
        var categories = sums.Length - 3;
        var (items, pairs) = (sums[categories], sums[categories + 2]);
        if (pairs == 0)
            return null;
        var observed = sums[categories + 1] / pairs;
        var spread = sums.Take(categories).Sum(share => share / items * (1 - (share / items)));
        var expected = weights.Cast<double>().Sum() * spread / (categories * (categories - 1.0));
        return expected == 1 ? null : (observed - expected) / (1 - expected);
    }
}
