using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Runs;

/// <summary>The real site, killed while a real run trains.</summary>
public sealed class SiteKillTests(LabFolder lab) : IClassFixture<LabFolder>
{
    private const int GrpoSteps = 200;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "REL-RUN-1")]
    public async Task Kill_OfTheSiteInMidRun_LeavesTheRunAndTheNextSiteFindsItGoingOn()
    {
        var run = RunDirectory.Create(Path.Combine(lab.Runs, "kept"), LabFolder.Recipe(grpoSteps: GrpoSteps), null);
        new RunCard { QueuedAt = DateTimeOffset.UtcNow }.Write(run);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Site__Runs"] = lab.Runs,
            ["Site__Datasets"] = lab.Datasets,
            ["Training__Device"] = "cpu",
            ["Training__Workers"] = "1",
        };
        await using (var site = await SiteProcess.Start(Path.Combine(lab.Runs, "..", "site"), settings))
        {
            await Wait.Until(() => StepsOf(run) > 15);
            await site.Kill();
        }
        var trainer = RunLock.Writer(run);
        Assert.NotNull(trainer);
        var steps = StepsOf(run);
        await Wait.Until(() => StepsOf(run) > steps); // with nobody there

        await using var next = await RunSite.StartAsync(lab);
        await next.WaitForAsync("kept", now => now is { State: RunState.Running, Step: > 0 });
        Assert.Equal(trainer, RunLock.Writer(run));
        await next.WaitForAsync("kept", now => now.State == RunState.Completed);

        TrainingServiceTests.AssertEveryStepOnce(run, 12, GrpoSteps);
        Assert.Single(RunEvents.Read(run), item => item.Type == RunEventType.RunStarted);
        Assert.DoesNotContain(RunEvents.Read(run), item => item.Type == RunEventType.Resumed);
    }

    private static int StepsOf(RunDirectory run) => RunEvents.Read(run).Count(item => item.Type == RunEventType.Step);
}
