using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Runs;

public sealed class RunStorageTests(LabFolder lab) : IClassFixture<LabFolder>
{
    [Fact]
    public async Task Free_OldAndNewCheckpoints_DeletesWhatIsOldAndNeededByNobody()
    {
        await using var site = await RunSite.StartAsync(lab);
        var id = (await site.CreateAsync(LabFolder.Recipe(grpoSteps: 12))).Id;
        await site.WaitForAsync(id, run => run.State == RunState.Completed);
        var run = lab.Run(id);
        var before = RunCheckpoints.List(run);
        var spare = Assert.Single(before, one => one.EndOf is null); // the older ones went while it trained
        var later = new RunStorage(site.Training, new Later(RunStorage.Age + TimeSpan.FromHours(1)));

        RunCheckpoints.Pin(run, spare.Name, pinned: true);
        var use = Assert.Single(later.Uses(), one => one.Run == id);
        Assert.Equal((before.Count, 1), (use.Checkpoints, use.Pinned));
        Assert.Equal(before.Sum(one => one.Bytes), use.CheckpointBytes);
        Assert.True(use.OtherBytes >= new FileInfo(run.LogPath).Length);
        Assert.Equal((0, 0L), later.Free());
        RunCheckpoints.Pin(run, spare.Name, pinned: false);
        Assert.Equal((0, 0L), new RunStorage(site.Training, TimeProvider.System).Free());

        Assert.Equal((1, spare.Bytes), later.Free());
        Assert.Equal(
            before.Select(one => one.Name).Except([spare.Name]),
            RunCheckpoints.List(run).Select(one => one.Name)
        );
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
