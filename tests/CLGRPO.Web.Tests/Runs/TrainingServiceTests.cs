using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Runs;

/// <summary>The background training service over real folders and real trainers.</summary>
public sealed class TrainingServiceTests(LabFolder lab) : IClassFixture<LabFolder>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static Process TrainerOf(RunDirectory run) => Process.GetProcessById(RunLock.Writer(run)!.ProcessId);

    [Fact]
    [Trait("Id", "REL-RUN-1")]
    public async Task Create_OfTwoRuns_TrainsTheMoreUrgentFirstAndOneAtATime()
    {
        await using var site = await RunSite.StartAsync(lab);
        var first = await site.CreateAsync(LabFolder.Recipe());
        var second = await site.CreateAsync(LabFolder.Recipe());
        var urgent = await site.CreateAsync(LabFolder.Recipe(), priority: 5);
        var atOnce = 0;
        using var subscription = site.Training.Subscribe(
            (_, _) =>
                atOnce = Math.Max(
                    atOnce,
                    site.Training.All().Count(run => run.State is RunState.Starting or RunState.Running)
                )
        );
        foreach (var run in new[] { first, second, urgent })
        {
            var done = await site.WaitForAsync(run.Id, now => now.State == RunState.Completed);
            Assert.Equal(("grpo", 4, 4), (done.Stage, done.Step, done.Steps));
        }
        Assert.Equal(1, atOnce);
        DateTimeOffset StartOf(RunSummary run) => RunEvents.Read(lab.Run(run.Id))[0].Time;
        Assert.True(StartOf(urgent) < StartOf(second));
        Assert.Equal("tester", site.Training.Find(first.Id)!.By);
    }

    [Fact]
    public async Task Create_OfThreeRunsOverTwoSlots_GivesEachASlotOfItsOwnAlsoAfterARestart()
    {
        (string, string)[] settings = [("Training:Slots", "2")];
        string[] ids;
        await using (var before = await RunSite.StartAsync(lab, settings))
        {
            ids = [await LongRunAsync(before), await LongRunAsync(before), await LongRunAsync(before)];
            await before.WaitForAsync(ids[0], run => run.State == RunState.Running);
            await before.WaitForAsync(ids[1], run => run.State == RunState.Running);
            Assert.Equal(RunState.Queued, before.Training.Find(ids[2])!.State);
        }
        Assert.Equal([0, 1], ids[..2].Select(SlotOf));

        await using var site = await RunSite.StartAsync(lab, settings);
        await AbortAsync(ids[0]);
        await site.WaitForAsync(ids[2], run => run.State == RunState.Running);

        Assert.Equal([1, 0], ids[1..].Select(SlotOf));
        await AbortAsync(ids[1]);
        await AbortAsync(ids[2]);

        async Task AbortAsync(string id)
        {
            await site.WaitForAsync(id, run => run.State == RunState.Running); // it finds them by and by
            site.Training.Abort(id);
            await site.WaitForAsync(id, run => run.State == RunState.Aborted);
        }
        async Task<string> LongRunAsync(RunSite at) => (await at.CreateAsync(LabFolder.Recipe(grpoSteps: 4000))).Id;
        int? SlotOf(string id) => RunCard.Read(lab.Run(id)).Slot;
    }

    [Theory]
    [InlineData("cuda", 2, "cuda:1")]
    [InlineData("cuda", 1, "cuda")]
    [InlineData("cuda:3", 2, "cuda:3")]
    [InlineData("cpu", 2, "cpu")]
    [InlineData(null, 2, null)]
    public void DeviceOf_ASlot_IsAGpuOfItsOwn(string? device, int slots, string? expected) =>
        Assert.Equal(expected, new TrainingOptions { Device = device, Slots = slots }.DeviceOf(slots - 1));

    [Fact]
    public async Task Control_PauseResumeStopResume_EndsAsAskedAndGoesOn()
    {
        await using var site = await RunSite.StartAsync(lab);
        var id = (await site.CreateAsync(LabFolder.Recipe(grpoSteps: 400))).Id;
        await site.WaitForAsync(id, run => run is { Stage: "grpo", Step: > 1 });
        Assert.Equal(HttpStatusCode.Accepted, await Ask("pause"));
        var paused = await site.WaitForAsync(id, run => run.State == RunState.Paused);
        Assert.Equal(HttpStatusCode.Accepted, await Ask("resume"));
        await site.WaitForAsync(id, run => run.State == RunState.Running && run.Step > paused.Step);
        Assert.Equal(HttpStatusCode.Accepted, await Ask("stop"));
        var stopped = await site.WaitForAsync(id, run => run.State == RunState.Stopped);
        Assert.Equal(HttpStatusCode.Conflict, await Ask("pause"));
        Assert.Equal(HttpStatusCode.Accepted, await Ask("resume"));
        await site.WaitForAsync(id, run => run.State == RunState.Running && run.Step > stopped.Step);
        Assert.Equal(HttpStatusCode.Accepted, await Ask("abort"));
        await site.WaitForAsync(id, run => run.State == RunState.Aborted);
        Assert.Equal(HttpStatusCode.NotFound, await Ask("pause", "nobody"));

        async Task<HttpStatusCode> Ask(string action, string? run = null) =>
            (await site.Client.PostAsJsonAsync($"/api/v1/runs/{run ?? id}/control", new { action }, Stop)).StatusCode;
    }

    [Fact]
    [Trait("Id", "REL-SIG-3")]
    [Trait("Id", "REL-RUN-2")]
    public async Task Kill_OfTheTrainer_ShowsTheReasonAndTheRunGoesOnWhenResumed()
    {
        await using var site = await RunSite.StartAsync(lab);
        var id = (await site.CreateAsync(LabFolder.Recipe(grpoSteps: 30))).Id;
        await site.WaitForAsync(id, run => run is { Stage: "grpo", Step: > 6 });
        using (var trainer = TrainerOf(lab.Run(id)))
            trainer.Kill();
        var crashed = await site.WaitForAsync(id, run => run.State == RunState.Crashed);
        Assert.Contains("signal 9", crashed.Reason, StringComparison.Ordinal);
        site.Training.Resume(id);
        var done = await site.WaitForAsync(id, run => run.State == RunState.Completed);
        Assert.Equal(30, done.Step);
        AssertEveryStepOnce(lab.Run(id), 12, 30);
    }

    [Fact]
    [Trait("Id", "REL-RUN-2")]
    public async Task Create_WithDataThatIsNotThere_FailsWithTheReasonFromTheLog()
    {
        await using var site = await RunSite.StartAsync(lab);
        var recipe = LabFolder.Recipe().Replace("emoscenes", "nowhere", StringComparison.Ordinal);
        var id = (await site.CreateAsync(recipe)).Id;
        var failed = await site.WaitForAsync(id, run => run.State == RunState.Failed);
        Assert.Contains("No dataset 'nowhere'", failed.Reason, StringComparison.Ordinal);
        var log = await site.Client.GetFromJsonAsync<RunLog>($"/api/v1/runs/{id}/log", Stop);
        Assert.Contains(log!.Lines, line => line.Contains("No dataset 'nowhere'", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Id", "REL-RUN-3")]
    public async Task Find_OfARunWhoseTrainerHangs_SaysThatItIsStuckUntilItGoesOn()
    {
        await using var site = await RunSite.StartAsync(lab, ("Training:StuckGrace", "00:00:01"));
        var id = (await site.CreateAsync(LabFolder.Recipe(grpoSteps: 400))).Id;
        var running = await site.WaitForAsync(id, run => run is { Stage: "grpo", Step: > 1 });
        Assert.False(running.IsStuck);
        var trainer = RunLock.Writer(lab.Run(id))!.ProcessId;
        await Signal(trainer, "STOP");
        var stuck = await site.WaitForAsync(id, run => run.IsStuck);
        Assert.Contains("has not reported", stuck.Reason, StringComparison.Ordinal);
        site.Training.Abort(id);
        site.Training.Abort(id); // it does not listen: the second time ends the process
        var ended = await site.WaitForAsync(id, run => run.State == RunState.Crashed);
        Assert.False(ended.IsStuck);
    }

    private static async Task Signal(int process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.ToString()]);
        await kill.WaitForExitAsync(Stop);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Numbers without a gap or a double, and of the branch that counts each step once.</summary>
    internal static void AssertEveryStepOnce(RunDirectory run, int sft, int grpo)
    {
        var events = RunEvents.Read(run);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(number => (long)number), events.Select(e => e.Number));
        Assert.Equal(
            [
                .. Enumerable.Range(1, sft).Select(i => ("sft", i)),
                .. Enumerable.Range(1, grpo).Select(i => ("grpo", i)),
            ],
            RunEvents.EffectiveSteps(events).Select(step => (step.Stage!, step.Step!.Value))
        );
    }
}
