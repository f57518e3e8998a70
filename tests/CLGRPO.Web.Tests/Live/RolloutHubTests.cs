using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Live;
using CLGRPO.Web.Runs;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace CLGRPO.Web.Tests.Live;

/// <summary>The hub over real runs, with the client that scripts use.</summary>
public sealed class RolloutHubTests(LabFolder lab) : IClassFixture<LabFolder>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_OfAWholeRun_ShowsTwoClientsEveryCompletionToTheLetter()
    {
        var gate = new TaskCompletionSource();
        await using var site = await RunSite.StartHeldAsync(lab, gate.Task);
        var id = (await site.CreateAsync(LabFolder.Recipe(sftSteps: 40, grpoSteps: 5))).Id;
        using var one = ScriptClient.Watch(site.Address, id, RunScopes.Read);
        using var other = ScriptClient.Watch(site.Address, id, RunScopes.Read);
        await Wait.Until(() => site.Audience.Of(id) == 2);
        gate.SetResult();
        foreach (var client in new[] { one, other })
        {
            Assert.True(await client.WaitForEndAsync(Stop) == 0, client.Errors);
            var frames = client.Frames;
            Assert.Equal(LiveFrameType.Snapshot, frames[0].Type);
            Assert.All(frames, frame => Assert.Equal(0, frame.Dropped ?? 0));
            for (var step = 1; step <= 5; step++)
                AssertShown(RolloutLog.Read(lab.Run(id), step, "grpo"), Texts(frames, step));
        }
        Assert.Equal(RunState.Completed, site.Training.Find(id)!.State);
    }

    [Theory]
    [Trait("Id", "A-HUB-1")]
    [InlineData("", "401")]
    [InlineData("datasets:read", "403")]
    public async Task Connect_WithoutTheScope_IsRefused(string scopes, string status)
    {
        await using var site = await RunSite.StartAsync(lab);
        using var client = ScriptClient.Watch(site.Address, "any", scopes);
        Assert.Equal(1, await client.WaitForEndAsync(Stop));
        Assert.Contains(status, client.Errors, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-HUB-1")]
    public async Task Watch_OfARunThatIsNotThere_IsRefused()
    {
        await using var site = await RunSite.StartAsync(lab);
        foreach (var id in new[] { "nobody", "../runs", "." })
        {
            using var client = ScriptClient.Watch(site.Address, id, RunScopes.Read);
            Assert.Equal(1, await client.WaitForEndAsync(Stop));
            Assert.Contains("There is no run", client.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("Id", "A-HUB-2")]
    public async Task NextAsync_OfAViewerThatStalled_GivesASnapshotAndTheNumberOfLostFrames()
    {
        var run = RunDirectory.Create(Path.Combine(lab.Runs, "offered"), LabFolder.Recipe(), null);
        using var listener = UnixSocket.Listen(run.LiveSocketPath);
        var live = new LiveRun(run, TimeProvider.System, NullLogger.Instance);
        using var quick = live.Join();
        using var stalled = live.Join();
        using var trainer = await listener.AcceptAsync(Stop);
        await stalled.NextAsync(Stop); // it has come, and takes nothing any more

        const int Frames = 1000;
        await trainer.SendAsync(
            new LiveFrame
            {
                Type = LiveFrameType.Snapshot,
                Stage = "s",
                Step = 1,
            }.ToLine()
        );
        var seen = await UntilAsync(quick, frame => frame.Type == LiveFrameType.Snapshot && frame.Stage == "s");
        await stalled.NextAsync(Stop);
        await trainer.SendAsync(
            new LiveFrame
            {
                Type = LiveFrameType.Groups,
                Groups = [new LiveGroup(0, "sample", "image", "prompt", "joy", 1)],
            }.ToLine()
        );
        for (var i = 0; i < Frames; i++)
        {
            var tokens = new LiveTokens(0, 0, i, [$"{i} "], null);
            await trainer.SendAsync(new LiveFrame { Type = LiveFrameType.Tokens, Tokens = [tokens] }.ToLine());
            if (i % 100 == 99)
                seen.AddRange(await UntilAsync(quick, frame => frame.Tokens?.Any(part => part.At == i) == true));
        }

        var expected = string.Concat(Enumerable.Range(0, Frames).Select(i => $"{i} "));
        Assert.Equal(
            expected,
            string.Concat(seen.SelectMany(frame => frame.Tokens ?? []).SelectMany(part => part.Text))
        );
        var caughtUp = Assert.Single(await stalled.NextAsync(Stop));
        Assert.Equal(LiveFrameType.Snapshot, caughtUp.Type);
        Assert.Equal(Frames + 1, caughtUp.Dropped);
        Assert.Equal(expected, string.Concat(caughtUp.Tokens![0].Text));
        Assert.Equal("sample", caughtUp.Groups![0].Sample);
    }

    private static async Task<List<LiveFrame>> UntilAsync(LiveViewer viewer, Func<LiveFrame, bool> last)
    {
        var frames = new List<LiveFrame>();
        do frames.AddRange(await viewer.NextAsync(Stop));
        while (!frames.Exists(frame => last(frame)));
        return frames;
    }

    /// <summary>Group and completion → text, of a step that was seen whole.</summary>
    private static List<string> Texts(IReadOnlyList<LiveFrame> frames, int step) =>
        [
            .. from frame in frames
            where frame.Stage == "grpo" && frame.Step == step
            from tokens in frame.Tokens ?? []
            group tokens by (tokens.Group, tokens.Completion) into completion
            orderby completion.Key
            select string.Concat(completion.OrderBy(part => part.At).SelectMany(part => part.Text)),
        ];

    private static void AssertShown(IEnumerable<RolloutGroup> logged, List<string> shown) =>
        Assert.Equal(logged.SelectMany(group => group.Completions).Select(completion => completion.Text), shown);
}
