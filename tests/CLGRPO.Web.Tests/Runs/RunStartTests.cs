using System.Net;
using System.Net.Http.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Runs;

/// <summary>The time between the queue and the process that trains: what is asked then is done, and a site that dies then forgets nothing.</summary>
public sealed class RunStartTests(LabFolder lab) : IClassFixture<LabFolder>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stop", RunState.Stopping, RunState.Stopped)]
    [InlineData("abort", RunState.Stopping, RunState.Aborted)]
    public async Task End_AskedBeforeTheProcessIsThere_EndsItBeforeItsFirstStep(
        string action,
        RunState asked,
        RunState ended
    )
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var site = await RunSite.StartHeldAsync(lab, gate.Task);
        var id = (await site.CreateAsync(LabFolder.Recipe(sftSteps: 3, grpoSteps: 2))).Id;
        await site.WaitForAsync(id, run => run.State == RunState.Starting);
        Assert.Equal(HttpStatusCode.Accepted, await Ask(site, id, action));
        Assert.Equal(asked, site.Training.Find(id)!.State);

        gate.SetResult();
        var end = await site.WaitForAsync(id, run => RunWords.HasEnded(run.State));
        Assert.Equal(ended, end.State);
        Assert.DoesNotContain(RunEvents.Read(lab.Run(id)), item => item.Type == RunEventType.Step);

        // It was meant for that process alone.
        site.Training.Resume(id);
        await site.WaitForAsync(id, run => run.State == RunState.Completed);
    }

    [Fact]
    public async Task Pause_AskedBeforeTheProcessIsThere_PausesAfterTheFirstStep()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var site = await RunSite.StartHeldAsync(lab, gate.Task);
        var id = (await site.CreateAsync(LabFolder.Recipe(sftSteps: 3, grpoSteps: 2))).Id;
        await site.WaitForAsync(id, run => run.State == RunState.Starting);
        Assert.Equal(HttpStatusCode.Accepted, await Ask(site, id, "pause"));
        Assert.Equal(RunState.Pausing, site.Training.Find(id)!.State);

        gate.SetResult();
        var paused = await site.WaitForAsync(id, run => run.State == RunState.Paused || RunWords.HasEnded(run.State));
        Assert.Equal((RunState.Paused, 1), (paused.State, paused.Step));
        Assert.Equal(HttpStatusCode.Accepted, await Ask(site, id, "resume"));
        await site.WaitForAsync(id, run => run.State == RunState.Completed);
    }

    [Fact]
    public async Task Pause_TakenBackBeforeTheProcessIsThere_StartsOneProcess()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var site = await RunSite.StartHeldAsync(lab, gate.Task);
        var id = (await site.CreateAsync(LabFolder.Recipe(sftSteps: 3, grpoSteps: 2))).Id;
        await site.WaitForAsync(id, run => run.State == RunState.Starting);
        await Ask(site, id, "pause");
        Assert.Equal(HttpStatusCode.Accepted, await Ask(site, id, "resume"));
        Assert.Equal(RunState.Starting, site.Training.Find(id)!.State);
        gate.SetResult();
        await site.WaitForAsync(id, run => run.State == RunState.Completed);
        Assert.Single(RunEvents.Read(lab.Run(id)), item => item.Type == RunEventType.RunStarted);
    }

    [Fact]
    public async Task Site_EndsBeforeTheProcessIsThere_NextOneStartsTheRun()
    {
        string id;
        await using (var site = await RunSite.StartHeldAsync(lab, new TaskCompletionSource().Task))
        {
            id = (await site.CreateAsync(LabFolder.Recipe(sftSteps: 3, grpoSteps: 2))).Id;
            await site.WaitForAsync(id, run => run.State == RunState.Starting);
        }
        await using var next = await RunSite.StartAsync(lab);
        await next.WaitForAsync(id, run => run.State == RunState.Completed);
        Assert.Null(RunCard.Read(lab.Run(id)).QueuedAt);
    }

    private static async Task<HttpStatusCode> Ask(RunSite site, string id, string action) =>
        (await site.Client.PostAsJsonAsync($"/api/v1/runs/{id}/control", new { action }, Stop)).StatusCode;
}
