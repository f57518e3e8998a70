using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class AgreementReportTests
{
    // Two raters over 50 items: the article "Cohen's kappa" in Wikipedia.
    private static readonly List<(int, int)> KappaExample =
    [
        .. Enumerable.Repeat((1, 1), 20),
        .. Enumerable.Repeat((1, 0), 5),
        .. Enumerable.Repeat((0, 1), 10),
        .. Enumerable.Repeat((0, 0), 15),
    ];

    // The standard error of this kappa is 0.1267 in closed form (Fleiss, Cohen and Everitt 1969), so the interval is about 0.4 ± 0.25.
    [Fact]
    public void Bootstrap_PublishedKappa_IsNearTheClosedForm()
    {
        var estimate = Agreement.CohenKappaOf(KappaExample, 2, KappaWeighting.None).Bootstrap(50, 4_000);

        Assert.Equal(0.4, estimate.Value!.Value, 1e-12);
        Assert.InRange(estimate.Low!.Value, 0.10, 0.20);
        Assert.InRange(estimate.High!.Value, 0.59, 0.69);
        Assert.Equal(estimate, Agreement.CohenKappaOf(KappaExample, 2, KappaWeighting.None).Bootstrap(50, 4_000));
    }

    [Fact]
    public void Bootstrap_NotDefinedOrOneItem_HasNoInterval()
    {
        var one = Agreement.CohenKappaOf([(0, 1)], 2, KappaWeighting.None).Bootstrap(1);
        Assert.Equal((0d, null, null), (one.Value!.Value, one.Low, one.High));
        Assert.Equal(
            new Estimate(null, null, null, 2),
            Agreement.CohenKappaOf([(1, 1), (1, 1)], 2, KappaWeighting.None).Bootstrap(2)
        );
        Assert.Equal(
            new Estimate(null, null, null, 0),
            Agreement.KrippendorffAlphaOf([], 2, MeasurementLevel.Nominal).Bootstrap(0)
        );
    }

    [Fact]
    public void Of_ThreeReviewers_GivesEveryQuestionAndPair()
    {
        List<AgreementReport.Said> said =
        [
            new(1, "ann", Verdict.Accept, """{"leads":5}"""),
            new(1, "ben", Verdict.Accept, """{"leads":4}"""),
            new(2, "ann", Verdict.Reject, """{"leads":1}"""),
            new(2, "cleo", Verdict.Reject, """{"leads":2}"""),
            new(3, "ann", Verdict.Accept, """{"leads":5,"fluent":5}"""),
            new(3, "ben", Verdict.Edit, """{"leads":5}"""),
            new(4, "cleo", Verdict.Flag, null),
        ];

        var report = AgreementReport.Of(said);

        Assert.Equal(3, report.Items);
        Assert.Equal(
            ["verdict", "faithful", "leads", "fluent"],
            report.Questions.Select(question => question.Question)
        );
        var verdict = report.Questions[0];
        Assert.Equal((3, 7), (verdict.Raters, verdict.Ratings));
        Assert.Equal(2.0 / 3, verdict.Percent.Value!.Value, 1e-12);
        Assert.Null(verdict.Ordinal);
        Assert.Equal([3, 1, 2, 1], verdict.Counts.Select(count => count.Value));
        var faithful = report.Questions[1];
        Assert.Equal((0, null, null), (faithful.Ratings, faithful.Nominal.Value, faithful.Percent.Value));
        var leads = report.Questions[2];
        Assert.True(leads.Ordinal!.Value > leads.Nominal.Value); // near misses
        Assert.Null(report.Questions[3].Nominal.Value); // one answer has nothing beside it
        Assert.Equal(
            [("ann", "ben", 2), ("ann", "cleo", 1)],
            report
                .Pairs.Where(pair => pair.Question == "verdict")
                .Select(pair => (pair.First, pair.Second, pair.Percent.Items))
        );
        Assert.Null(report.Pairs[0].Linear);
        Assert.NotNull(report.Pairs.First(pair => pair.Question == "leads").Quadratic);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Of_Batch_LeavesOutSkipsBulkUndoneAndDecisions(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 2, new ReviewBatchPlan { Name = "twice", Overlap = 2 });
        var first = await desk.Next("ann");
        await desk.Judge(first, "ann", Verdict.Accept);
        await desk.Verdicts.Undo(desk.Batch, "ann", StoreRows.Stop);
        await desk.Judge(first, "ann", Verdict.Reject);
        await desk.Next("ben");
        await desk.Judge(first, "ben", Verdict.Accept);
        await desk.Verdicts.Decide(first, "lead", desk.Say(Verdict.Accept), StoreRows.Stop);
        await desk.Judge(await desk.Next("ann"), "ann", Verdict.Skip);
        var act = new BulkVerdict
        {
            Key = "act",
            Filter = new ReviewFilter(),
            Verdict = Verdict.Accept,
            Expected = 1,
        };
        await desk.Bulk.Judge(desk.Batch, "lead", act, StoreRows.Stop);

        var report = await AgreementReport.Of(desk.Store.Factory, desk.Batch, StoreRows.Stop);

        Assert.Equal(1, report.Items);
        Assert.Equal(
            (2, 2, 0d),
            (report.Questions[0].Raters, report.Questions[0].Ratings, report.Questions[0].Percent.Value!.Value)
        );
    }
}
