using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Training.Cli;

namespace CLGRPO.Training.Tests.Cli;

public sealed class CheckpointTeacherTests(SmallRun run) : IClassFixture<SmallRun>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ask_Generate_SameSeedSameText()
    {
        using var teacher = CheckpointTeacher.Load(Settings(run.Checkpoint));

        var first = await teacher.Ask(Question(reasoning: null, seed: 1), Stop);
        var again = await teacher.Ask(Question(reasoning: null, seed: 1), Stop);
        var other = await teacher.Ask(Question(reasoning: null, seed: 2), Stop);

        Assert.Equal(first, again);
        Assert.NotEqual(first.Raw, other.Raw);
        Assert.InRange(first.CompletionTokens, 1, 8);
        Assert.True(first.PromptTokens > 0);
    }

    // The model goes on where the reasoning ends: what it adds is its answer.
    [Fact]
    public async Task Ask_Verify_ContinuesTheReasoning()
    {
        using var teacher = CheckpointTeacher.Load(Settings(run.Checkpoint));

        var reply = await teacher.Ask(Question(" dark light, a skull.", seed: 1), Stop);

        Assert.Equal(" dark light, a skull.", reply.Reasoning);
        Assert.StartsWith("<answer>", reply.Content, StringComparison.Ordinal);
        Assert.True(reply.Content.Length > "<answer>".Length);
    }

    [Fact]
    public async Task Ask_ModelOfNoRun_IsAskedTheConstructionsPrompt()
    {
        using var teacher = CheckpointTeacher.Load(Settings(run.Model));

        var reply = await teacher.Ask(Question(" dark light.", seed: 1), Stop);

        Assert.DoesNotContain("dark light", reply.Raw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_FromTheCommandLine_Answers()
    {
        var database = run.Temporary("clgrpo.db");
        using var output = new StringWriter();
        string[] where = ["--database", database];

        Assert.Equal(
            0,
            await CommandLine.RunAsync(
                [
                    "teachers",
                    "add",
                    "ours",
                    "--kind",
                    "Checkpoint",
                    "--endpoint",
                    run.Checkpoint,
                    "--max-tokens",
                    "4",
                    .. where,
                ],
                output,
                output
            )
        );
        Assert.Equal(0, await CommandLine.RunAsync(["teachers", "check", "ours", .. where], output, output));

        Assert.Contains("latency", output.ToString(), StringComparison.Ordinal);
    }

    private static StoredTeacher Settings(string folder) =>
        new()
        {
            Name = "ours",
            Kind = TeacherKind.Checkpoint,
            Endpoint = folder,
            Model = "",
            MaxCompletionTokens = 8,
            Temperature = 1,
        };

    private TeacherQuestion Question(string? reasoning, long seed) =>
        new(
            reasoning is null ? PromptPurpose.Generate : PromptPurpose.Verify,
            "",
            "Which emotion?",
            run.Image,
            new StoredSample
            {
                Key = "s",
                KeyFolded = "S",
                Image = "",
                Label = "fear",
            },
            ["anger", "fear"],
            reasoning,
            seed
        );
}
