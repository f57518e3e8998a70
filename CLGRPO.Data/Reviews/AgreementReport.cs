using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>How far all who judged agree on one question.</summary>
/// <param name="Question">A key of <see cref="ReviewQuestion.All"/>, or <c>verdict</c>.</param>
/// <param name="Ordinal">Null for the verdict, whose values have no order.</param>
/// <param name="Gwet">AC1 for the verdict, AC2 with quadratic weights for ratings: steady where nearly all say the same.</param>
/// <param name="Counts">Value → how often it was given, in the order of values.</param>
public sealed record QuestionAgreement(
    string Question,
    string Text,
    int Raters,
    int Ratings,
    Estimate Percent,
    Estimate Nominal,
    Estimate? Ordinal,
    Estimate Gwet,
    IReadOnlyList<KeyValuePair<string, int>> Counts
);

/// <summary>How far two people agree on one question.</summary>
/// <param name="Linear">Weighted kappa; null for the verdict.</param>
/// <param name="Quadratic">Weighted kappa; null for the verdict.</param>
public sealed record PairAgreement(
    string Question,
    string First,
    string Second,
    Estimate Percent,
    Estimate Kappa,
    Estimate? Linear,
    Estimate? Quadratic
);

/// <summary>How far people agree on a batch, by question and by pair.</summary>
/// <param name="Items">Items that at least two people judged.</param>
public sealed record AgreementReport(
    int Items,
    IReadOnlyList<QuestionAgreement> Questions,
    IReadOnlyList<PairAgreement> Pairs
)
{
    public const string Verdicts = "verdict";

    // The kinds of judgement; a skip is none.
    private static readonly Verdict[] Kinds = [Verdict.Accept, Verdict.Edit, Verdict.Reject, Verdict.Flag];

    // Pairs are many: their intervals need not be as smooth.
    private const int PairResamples = 400;

    /// <summary>Reads the judgements that stand: no skips, no acts over a filter, no decisions of leads.</summary>
    /// <exception cref="KeyNotFoundException">There is no such batch.</exception>
    public static async Task<AgreementReport> Of(StoreFactory store, long batchId, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await ReviewBatches.Require(context, batchId, stop);
        var reviews = await context
            .Reviews.Where(review =>
                !review.Superseded
                && !review.Final
                && review.Bulk == null
                && review.Verdict != Verdict.Skip
                && context.ReviewItems.Any(item => item.BatchId == batchId && item.RecordId == review.RecordId)
            )
            .OrderBy(review => review.RecordId)
            .Select(review => new Said(review.RecordId, review.Reviewer, review.Verdict, review.Ratings))
            .ToListAsync(stop);
        return Of(reviews);
    }

    /// <summary>One judgement.</summary>
    internal sealed record Said(long RecordId, string Reviewer, Verdict Verdict, string? Ratings);

    internal static AgreementReport Of(IReadOnlyList<Said> reviews)
    {
        var raters = reviews
            .Select(said => said.Reviewer)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        var columns = raters.ToList();
        var questions = new List<QuestionAgreement>();
        var pairs = new List<PairAgreement>();
        foreach (var scale in Scales())
        {
            var table = Table(reviews, columns, scale.Answer);
            questions.Add(Question(scale, table));
            pairs.AddRange(PairsOf(scale, table, columns));
        }
        var shared = reviews.GroupBy(said => said.RecordId).Count(item => item.Count() > 1);
        return new AgreementReport(shared, questions, pairs);
    }

    private static IEnumerable<Scale> Scales()
    {
        yield return new(
            Verdicts,
            "Verdict",
            [.. Kinds.Select(kind => kind.ToString().ToLowerInvariant())],
            Ordered: false,
            said => Array.IndexOf(Kinds, said.Verdict)
        );
        foreach (var question in ReviewQuestion.All)
        {
            yield return new(
                question.Key,
                question.Text,
                [.. Enumerable.Range(ReviewQuestion.Least, ReviewQuestion.Most).Select(value => $"{value}")],
                Ordered: true,
                said =>
                    ReviewQuestion.FromJson(said.Ratings).TryGetValue(question.Key, out var value)
                        ? value - ReviewQuestion.Least
                        : null
            );
        }
    }

    // → [items][raters]
    private static IReadOnlyList<int?[]> Table(
        IReadOnlyList<Said> reviews,
        List<string> raters,
        Func<Said, int?> answer
    )
    {
        var places = raters.Index().ToDictionary(rater => rater.Item, rater => rater.Index, StringComparer.Ordinal);
        return
        [
            .. reviews
                .GroupBy(said => said.RecordId)
                .Select(item =>
                {
                    var row = new int?[raters.Count];
                    foreach (var said in item)
                        row[places[said.Reviewer]] = answer(said);
                    return row;
                }),
        ];
    }

    private static QuestionAgreement Question(Scale scale, IReadOnlyList<int?[]> table)
    {
        var categories = scale.Names.Count;
        var counts = table
            .Select(row =>
            {
                var count = new int[categories];
                foreach (var value in row.OfType<int>())
                    count[value]++;
                return count;
            })
            .ToList();
        var shared = counts.Count(count => count.Sum() > 1);
        return new QuestionAgreement(
            scale.Key,
            scale.Text,
            Enumerable.Range(0, table.Count > 0 ? table[0].Length : 0).Count(r => table.Any(row => row[r] is not null)),
            counts.Sum(count => count.Sum()),
            Agreement.PercentOfPairsOf(counts).Bootstrap(shared),
            Agreement.KrippendorffAlphaOf(counts, categories, MeasurementLevel.Nominal).Bootstrap(shared),
            scale.Ordered
                ? Agreement.KrippendorffAlphaOf(counts, categories, MeasurementLevel.Ordinal).Bootstrap(shared)
                : null,
            Agreement
                .GwetACOf(counts, categories, scale.Ordered ? KappaWeighting.Quadratic : KappaWeighting.None)
                .Bootstrap(shared),
            [.. scale.Names.Select((name, value) => KeyValuePair.Create(name, counts.Sum(count => count[value])))]
        );
    }

    private static IEnumerable<PairAgreement> PairsOf(Scale scale, IReadOnlyList<int?[]> table, List<string> raters)
    {
        for (var a = 0; a < raters.Count; a++)
        {
            for (var b = a + 1; b < raters.Count; b++)
            {
                var both = table
                    .Where(row => row[a] is not null && row[b] is not null)
                    .Select(row => (row[a]!.Value, row[b]!.Value))
                    .ToList();
                if (both.Count > 0)
                    yield return Pair(scale, raters[a], raters[b], both);
            }
        }
    }

    private static PairAgreement Pair(Scale scale, string first, string second, List<(int, int)> both)
    {
        return new PairAgreement(
            scale.Key,
            first,
            second,
            new AdditiveStatistic(
                [.. both.Select(pair => new[] { pair.Item1 == pair.Item2 ? 1.0 : 0, 1 })],
                sums => sums[0] / sums[1]
            ).Bootstrap(both.Count, PairResamples),
            Kappa(KappaWeighting.None),
            scale.Ordered ? Kappa(KappaWeighting.Linear) : null,
            scale.Ordered ? Kappa(KappaWeighting.Quadratic) : null
        );

        Estimate Kappa(KappaWeighting weighting) =>
            Agreement.CohenKappaOf(both, scale.Names.Count, weighting).Bootstrap(both.Count, PairResamples);
    }

    private sealed record Scale(
        string Key,
        string Text,
        IReadOnlyList<string> Names,
        bool Ordered,
        Func<Said, int?> Answer
    );
}
