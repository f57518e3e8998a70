using System.Net.Sockets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Stages;

namespace CLGRPO.Training.Tests.Live;

/// <summary>Real runs watched by real readers.</summary>
public sealed class LiveRunTests(StraightRun straight) : IClassFixture<StraightRun>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "A-HUB-2")]
    public async Task Train_WatchedFromItsStart_TellsExactlyWhatItsRolloutLogHolds()
    {
        using var process = straight.Start("watched", straight.Recipe);
        using var reader = await FrameReader.ConnectSoonAsync(straight.PathOf("watched"));
        Assert.True(process.WaitForEnd() == 0, process.Output);
        await reader.Done;

        straight.AssertSameAs("watched");
        var frames = reader.Frames;
        Assert.Equal(LiveFrameType.Snapshot, frames[0].Type);
        Assert.Equal("watched", frames[0].Run);
        Assert.Equal(LiveFrameType.End, frames[^1].Type);
        Assert.Equal(24 + 6 + 7, frames.Count(frame => frame.Type == LiveFrameType.Step));
        var seen = new SeenRun(frames);
        Assert.Equal(0, seen.Dropped);
        Assert.Empty(seen.Gaps);
        var run = straight.Directory("watched");
        foreach (var stage in RecipeReader.ReadFile(straight.Recipe).Stages.Where(stage => stage.Grpo is not null))
        {
            for (var step = 1; step <= stage.Grpo!.Steps; step++)
                AssertSame([.. RolloutLog.Read(run, step, stage.Name)], seen.Steps[(stage.Name, step)]);
        }
        AssertClipped(run, seen);
    }

    /// <summary>The logged groups are among those seen (prompts that were drawn again are not logged), down to the letter.</summary>
    private static void AssertSame(IReadOnlyList<RolloutGroup> logged, Dictionary<int, SeenGroup> seen)
    {
        var scored = seen.Values.Where(group => group.Scores is not null).OrderBy(group => group.Group.Group).ToList();
        Assert.Equal(logged.Count, scored.Count);
        foreach (var (expected, found) in logged.Zip(scored))
        {
            Assert.Equal((expected.Sample, expected.Image), (found.Group.Sample, found.Group.Image));
            Assert.Equal((expected.Prompt, expected.Label), (found.Group.Prompt, found.Group.Label));
            for (var i = 0; i < expected.Completions.Count; i++)
            {
                var completion = expected.Completions[i];
                Assert.Equal(completion.Text, string.Concat(found.Tokens[i]));
                Assert.Equal(completion.Tokens, found.Tokens[i].Count);
                Assert.Equal(completion.Truncated ? "length" : "stop", found.Ends[i]);
                Assert.Equal(completion.Reward, found.Scores!.Reward[i]);
                Assert.Equal(completion.Advantage, found.Scores.Advantage[i]);
                Assert.All(completion.Rewards, pair => Assert.Equal(pair.Value, found.Scores.Rewards[pair.Key][i]));
            }
        }
    }

    /// <summary>Where metrics count clipped tokens in the last pass, some are named; in a stage on the policy there are none.</summary>
    private static void AssertClipped(RunDirectory run, SeenRun seen)
    {
        foreach (var step in RunEvents.EffectiveSteps(run).Where(step => step.Stage is "on-policy" or "off-policy"))
        {
            var clips = seen.Steps[(step.Stage!, step.Step!.Value)].Values.SelectMany(group => group.Clips.Values);
            if (step.Metrics!["clip_ratio/region_mean"] == 0)
                Assert.Empty(clips);
            Assert.All(clips, clip => Assert.Empty(clip.Low.Intersect(clip.High)));
        }
        Assert.NotEmpty(
            seen.Steps.Where(step => step.Key.Stage == "off-policy")
                .SelectMany(step => step.Value.Values)
                .SelectMany(group => group.Clips)
        );
    }

    [Fact]
    [Trait("Id", "REL-RUN-5")]
    public async Task Train_WithTwentyReadersAndOneThatNeverReads_EndsBitForBitAsUnwatched()
    {
        using var process = straight.Start("crowd", straight.Recipe);
        using var first = await FrameReader.ConnectSoonAsync(straight.PathOf("crowd"));
        var run = straight.Directory("crowd");
        using var stalled = await UnixSocket.ConnectAsync(run.LiveSocketPath, Stop);
        using var chatty = await UnixSocket.ConnectAsync(run.LiveSocketPath, Stop);
        await chatty.SendAsync(new byte[4096], Stop);
        var readers = new List<FrameReader>();
        while (readers.Count < 19)
            readers.Add(await FrameReader.ConnectAsync(run));
        using (var fleeting = await FrameReader.ConnectAsync(run))
            await fleeting.WaitForAsync(frame => frame.Type == LiveFrameType.Snapshot);

        Assert.True(process.WaitForEnd() == 0, process.Output);
        foreach (var reader in readers)
        {
            await reader.Done;
            Assert.Empty(new SeenRun(reader.Frames).Gaps);
            Assert.Equal(LiveFrameType.End, reader.Frames[^1].Type);
            reader.Dispose();
        }
        straight.AssertSameAs("crowd");
        Assert.False(File.Exists(run.LiveSocketPath));
        Assert.Empty(Directory.GetDirectories(run.Path, ".live-*"));
    }

    [Fact]
    public async Task Train_AfterAKillAndDeepInTheFileSystem_ReplacesTheDeadSocket()
    {
        var name = string.Join('/', Enumerable.Repeat(new string('d', 40), 4)) + "/deep";
        using (var process = straight.Start(name, straight.Recipe))
        {
            using var reader = await FrameReader.ConnectSoonAsync(straight.PathOf(name));
            process.Kill();
        }
        var run = straight.Directory(name);
        Assert.True(File.Exists(run.LiveSocketPath));
        await Assert.ThrowsAnyAsync<SocketException>(() => FrameReader.ConnectAsync(run));

        using var again = straight.Start(name);
        using var next = await FrameReader.ConnectSoonAsync(straight.PathOf(name));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(run.LiveSocketPath));
        await next.WaitForAsync(frame => frame.Type == LiveFrameType.Step);
        RunControl.Write(run, RunCommand.Stop);
        Assert.True(again.WaitForEnd() is 130 or 0, again.Output);
        await next.Done;
        Assert.Equal(LiveFrameType.End, next.Frames[^1].Type);
    }
}
