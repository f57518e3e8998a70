using System.Text;
using CLGRPO.Data.Runs;

namespace CLGRPO.Data.Tests.Runs;

public sealed class RunDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Create_NewRun_HasRecipeEnvironmentAndFolders()
    {
        var run = RunDirectory.Create(_folder.In("demo"), "name: demo\n", "{}");

        Assert.Equal("demo", run.Id);
        Assert.Equal("name: demo\n", File.ReadAllText(run.RecipePath));
        Assert.Equal("{}", File.ReadAllText(run.EnvironmentPath));
        Assert.All(
            (string[])[run.RolloutsPath, run.CheckpointsPath, run.EvaluationsPath],
            path => Assert.True(Directory.Exists(path))
        );
        Assert.Equal(run.Path, RunDirectory.Open(run.Path + "/").Path);
    }

    [Fact]
    public void Create_ExistingRun_IsRefused()
    {
        var run = RunDirectory.Create(_folder.In("demo"), "first", "{}");

        Assert.Throws<IOException>(() => RunDirectory.Create(run.Path, "second", "{}"));
        Assert.Equal("first", File.ReadAllText(run.RecipePath));
    }

    [Fact]
    public void Open_NotARun_SaysWhy() =>
        Assert.Contains(
            "has no recipe.yaml",
            Assert.Throws<DirectoryNotFoundException>(() => RunDirectory.Open(_folder.Path)).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("""{"command":"pause"}""", RunCommand.Pause)]
    [InlineData("""{"command":"stop"}""", RunCommand.Stop)]
    [InlineData("""{ "command" : "abort" }""", RunCommand.Abort)]
    public void ReadControl_Command_IsUnderstood(string json, RunCommand expected)
    {
        var run = RunDirectory.Create(_folder.In("demo"), "", "{}");
        Assert.Equal(RunCommand.None, RunControl.Read(run));

        File.WriteAllText(run.ControlPath, json);
        Assert.Equal(expected, RunControl.Read(run));

        RunControl.Write(run, expected);
        Assert.Equal(expected, RunControl.Read(run));
        RunControl.Write(run, RunCommand.None);
        Assert.False(File.Exists(run.ControlPath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"command":"explode"}""")]
    [InlineData("""{"command":1}""")]
    [InlineData("""{"command":"stop","now":true}""")]
    public void ReadControl_SomethingElse_IsRefusedWithTheCommandsThereAre(string json)
    {
        var run = RunDirectory.Create(_folder.In("demo"), "", "{}");
        File.WriteAllText(run.ControlPath, json);

        Assert.Contains(
            "\"abort\"",
            Assert.Throws<InvalidDataException>(() => RunControl.Read(run)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Write_Rollouts_ComeBackAndAreReplacedAfterAResume()
    {
        using var runLock = RunDirectory.Create(_folder.In("demo"), "", "{}").Lock();
        var group = new RolloutGroup(
            "train-1",
            "abc",
            "Which <b>emotion</b>?",
            "fear",
            Tiles: 3,
            [
                new(
                    "<think>é</think>",
                    new Dictionary<string, double>(StringComparer.Ordinal) { ["format"] = 1 },
                    1,
                    -0.5,
                    7,
                    false
                ),
            ]
        );

        RolloutLog.Write(runLock, 12, [group, group]);
        RolloutLog.Write(runLock, 12, [group]);

        Assert.Equal("12.ndjson", Path.GetFileName(Assert.Single(Directory.GetFiles(runLock.Run.RolloutsPath))));
        var read = Assert.Single(RolloutLog.Read(runLock.Run, 12));
        Assert.Equal(("train-1", "Which <b>emotion</b>?", 3), (read.Sample, read.Prompt, read.Tiles));
        Assert.Equal(
            ("<think>é</think>", 1.0, -0.5, 7),
            (
                read.Completions[0].Text,
                read.Completions[0].Rewards["format"],
                read.Completions[0].Advantage,
                read.Completions[0].Tokens
            )
        );
        Assert.Contains(
            "<think>é",
            File.ReadAllText(RolloutLog.PathOf(runLock.Run, 12), Encoding.UTF8),
            StringComparison.Ordinal
        );
    }
}
