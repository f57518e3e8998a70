using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Runs;

/// <summary>What becomes of a run after its end: taken back to a checkpoint, put away, deleted.</summary>
public sealed class RunLifeTests(LabFolder lab) : IClassFixture<LabFolder>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "T2.2")]
    public async Task Resume_FromAnEarlierCheckpoint_TrainsAnewFromThereWithTheSameBits()
    {
        await using var site = await RunSite.StartAsync(lab);
        var id = (await site.CreateAsync(LabFolder.Recipe(grpoSteps: 12))).Id;
        await site.WaitForAsync(id, run => run.State == RunState.Completed);
        var run = lab.Run(id);
        var before = RunCheckpoints.List(run);
        var weights = Weights(run);
        var middle = before.Last(one => one.EndOf is null).Name;

        RunCheckpoints.Pin(run, before[^1].Name, pinned: true);
        Assert.Equal(HttpStatusCode.Conflict, (await ResumeAsync(middle)).StatusCode);
        RunCheckpoints.Pin(run, before[^1].Name, pinned: false);
        Assert.Equal(HttpStatusCode.NotFound, (await ResumeAsync("../../etc")).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await ResumeAsync(middle)).StatusCode);
        await site.WaitForAsync(id, now => now.State == RunState.Completed);

        // In the middle of a stage, and where one ended.
        var end = RunCheckpoints.List(run).First(one => one.EndOf == "sft").Name;
        Assert.Equal(HttpStatusCode.Accepted, (await ResumeAsync(end)).StatusCode);
        await site.WaitForAsync(id, now => now.State == RunState.Completed);
        TrainingServiceTests.AssertEveryStepOnce(run, 12, 12);
        Assert.Equal(2, RunEvents.Read(run).Count(item => item is { Type: RunEventType.Resumed, Stage: "grpo" }));
        Assert.Equal(weights, Weights(run));
        Assert.All(
            RunResults.Stages(run),
            stage => Assert.True(stage is { State: RunStageState.Done, Accuracy: not null, Step: 12, Steps: 12 })
        );

        Task<HttpResponseMessage> ResumeAsync(string checkpoint) =>
            site.Client.PostAsJsonAsync($"/api/v1/runs/{id}/control", new { action = "resume", checkpoint }, Stop);
    }

    /// <summary>Of what each stage handed on.</summary>
    private static Dictionary<string, string> Weights(RunDirectory run) =>
        RunCheckpoints
            .List(run)
            .Where(one => one.EndOf is not null)
            .ToDictionary(
                one => one.EndOf!,
                one =>
                    Convert.ToHexString(
                        SHA256.HashData(
                            File.ReadAllBytes(Path.Combine(run.CheckpointsPath, one.Name, "model.safetensors"))
                        )
                    )
            );

    [Fact]
    public async Task Delete_OfARun_NeedsItsEndAndTheArchive()
    {
        await using var site = await RunSite.StartAsync(lab);
        var url = $"/api/v1/runs/{(await site.CreateAsync(LabFolder.Recipe(grpoSteps: 400))).Id}";
        var id = url.Split('/')[^1];
        await site.WaitForAsync(id, run => run is { Stage: "grpo", Step: > 0 });
        Assert.Equal(HttpStatusCode.Conflict, (await site.Client.DeleteAsync(url, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, await ArchiveAsync(true));
        await site.Client.PostAsJsonAsync(url + "/control", new { action = "abort" }, Stop);
        await site.WaitForAsync(id, run => run.State == RunState.Aborted);
        Assert.Equal(HttpStatusCode.Conflict, (await site.Client.DeleteAsync(url, Stop)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, await ArchiveAsync(true));
        Assert.DoesNotContain(id, await IdsAsync(""));
        Assert.Contains(id, await IdsAsync("?archived=true"));
        Assert.Equal(HttpStatusCode.OK, await ArchiveAsync(false));
        Assert.Contains(id, await IdsAsync(""));
        Assert.Equal(HttpStatusCode.OK, await ArchiveAsync(true));
        using (var reader = site.As(RunScopes.Read))
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.DeleteAsync(url, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await site.Client.DeleteAsync(url, Stop)).StatusCode);

        Assert.Equal(HttpStatusCode.NotFound, (await site.Client.GetAsync(url, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await site.Client.DeleteAsync(url, Stop)).StatusCode);
        Assert.DoesNotContain(
            Directory.EnumerateDirectories(lab.Runs),
            path => path.Contains(id, StringComparison.Ordinal)
        );
        // What was refused is not there.
        Assert.Equal(
            ["run.start", "run.abort", "run.change", "run.change", "run.change", "run.delete"],
            await site.DeedsAsync(id)
        );

        async Task<HttpStatusCode> ArchiveAsync(bool archived) =>
            (await site.Client.PatchAsJsonAsync(url, new { archived }, Stop)).StatusCode;

        async Task<List<string?>> IdsAsync(string query) =>
            [
                .. (await site.Client.GetFromJsonAsync<JsonElement>("/api/v1/runs" + query, Stop))
                    .GetProperty("items")
                    .EnumerateArray()
                    .Select(run => run.GetProperty("id").GetString()),
            ];
    }
}
