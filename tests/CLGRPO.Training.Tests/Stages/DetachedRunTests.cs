using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>Runs as the site starts them.</summary>
public sealed class DetachedRunTests(StraightRun straight) : IClassFixture<StraightRun>
{
    [Fact]
    [Trait("Id", "REL-RUN-1")]
    public void Train_ARunThatWasOnlyMade_BeginsItAndEndsAsTheStraightRun()
    {
        var run = RunDirectory.Create(straight.PathOf("made"), File.ReadAllText(straight.Run.RecipePath), null);
        using var process = straight.GoOn("made", "--detach");
        Assert.True(process.WaitForEnd() == 0, process.Output);
        straight.AssertSameAs("made");
        Assert.Equal("", process.Output.Trim());
        Assert.True(File.Exists(run.EnvironmentPath));
        Assert.Contains("sft: 24 steps", File.ReadAllText(run.LogPath), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "REL-RUN-2")]
    public void Train_DetachedWithARecipeThatCannotRun_LeavesTheReasonInTheLog()
    {
        var run = RunDirectory.Create(
            straight.PathOf("astray"),
            File.ReadAllText(straight.Run.RecipePath).Replace("emoscenes", "nowhere", StringComparison.Ordinal),
            null
        );
        using var process = straight.GoOn("astray", "--detach");
        Assert.Equal(1, process.WaitForEnd());
        Assert.Contains("No dataset 'nowhere'", File.ReadAllText(run.LogPath), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "REL-SAVE-4")]
    public void Train_WithTooLittleDisk_PausesWithAnAlarmAndEndsWhenAsked()
    {
        var run = RunDirectory.Create(straight.PathOf("full"), File.ReadAllText(straight.Run.RecipePath), null);
        using var process = straight.GoOn("full", "--keep-free", int.MaxValue.ToString());
        Assert.True(
            process.WaitUntil(() => straight.Events("full").Any(item => item.Type == RunEventType.Warning)),
            process.Output
        );
        var alarm = straight.Events("full")[^1];
        Assert.Contains("MiB of free disk", alarm.Message, StringComparison.Ordinal);
        Assert.Equal(RunWarningKind.DiskFloor, alarm.Kind);
        Assert.True(alarm.Metrics!["system/disk_available_megabytes"] > 0);
        Assert.Equal(5, alarm.Step); // the first that is due
        RunControl.Write(run, RunCommand.Stop);
        Assert.Equal(130, process.WaitForEnd());
        Assert.Equal("aborted", straight.Events("full")[^1].Message);
        Assert.Empty(Directory.GetFileSystemEntries(run.CheckpointsPath));
    }
}
