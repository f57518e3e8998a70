using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>Runs of the built program as processes: killed, stopped, doubled, led astray.</summary>
public sealed class RunTests(StraightRun straight, ITestOutputHelper output) : IClassFixture<StraightRun>
{
    private const int Kills = 12;
    private const int Steps = 24 + 6 + 7;

    /// <summary>A stage whose steps take seconds: time to do something while one is under way.</summary>
    private const string Slow = """
          - { name: slow, kind: sft, from: none, completion: answer, max_steps: 1000, batch_size: 4096, micro_batch_size: 4, validate_every: 0 }

        """;

    private static int LastStep(IEnumerable<RunEvent> events) =>
        events.LastOrDefault(item => item.Type == RunEventType.Step) is not { } last
            ? 0
            : last.Step!.Value
                + (
                    last.Stage switch
                    {
                        "sft" => 0,
                        "on-policy" => 24,
                        _ => 30,
                    }
                );

    private static string EndOf(IReadOnlyList<RunEvent> events)
    {
        Assert.Equal(RunEventType.End, events[^1].Type);
        return events[^1].Message!;
    }

    // REL-RESUME-3, -4: rollouts, dynamic sampling, the moving reference and the best checkpoint are among what is compared.
    [Fact]
    [Trait("Id", "REL-SIG-3")]
    [Trait("Id", "REL-RESUME-1")]
    [Trait("Id", "REL-RESUME-3")]
    [Trait("Id", "REL-RESUME-4")]
    public void Train_KilledAtRandomMoments_EndsBitForBitAsTheStraightRun()
    {
        var seed = Environment.GetEnvironmentVariable("CLGRPO_KILL_SEED") is { } given
            ? int.Parse(given)
            : Environment.TickCount;
        output.WriteLine($"CLGRPO_KILL_SEED={seed} repeats these moments.");
        var random = new Random(seed);
        var killed = 0;
        foreach (var step in Enumerable.Range(0, Kills).Select(_ => random.Next(Steps)).Order().ToList())
        {
            using var process = straight.Start("killed", straight.Recipe);
            if (
                !process.WaitUntil(() => LastStep(straight.Events("killed")) >= step)
                || !process.WaitUntil(Moment(random))
            )
                break;
            process.Kill();
            killed++;
        }
        Assert.True(killed >= 10, $"{killed} kills; the run ended before the others.");
        using var last = straight.Start("killed", straight.Recipe);
        Assert.True(last.WaitForEnd() == 0, last.Output);
        straight.AssertSameAs("killed");
        straight.AssertSameFirstBatches("killed");
    }

    /// <summary>Something that comes true a little later: in the middle of a save, or after some looks at the clock.</summary>
    private Func<bool> Moment(Random random)
    {
        var checkpoints = Path.Combine(straight.PathOf("killed"), "checkpoints");
        var looks = random.Next(40);
        return random.Next(3) == 0
            ? () =>
                Directory.Exists(checkpoints) && Directory.GetDirectories(checkpoints, "*.tmp-*").Length > 0
                || looks++ > 400
            : () => looks-- <= 0;
    }

    [Fact]
    [Trait("Id", "REL-SIG-1")]
    [Trait("Id", "REL-RESUME-1")]
    public void Train_TerminatedInEveryStage_SavesExitsAndEndsBitForBitAsTheStraightRun()
    {
        foreach (var step in new[] { 0, 3, 25, 32 })
        {
            using var process = straight.Start("terminated", straight.Recipe);
            Assert.True(
                process.WaitUntil(() =>
                    straight.Events("terminated").Any(item => item.Type == RunEventType.Stage)
                    && LastStep(straight.Events("terminated")) >= step
                ),
                process.Output
            );
            process.Terminate();
            Assert.True(process.WaitForEnd() == 130, process.Output);
            var events = straight.Events("terminated");
            Assert.Equal("interrupted", EndOf(events));
            Assert.Equal(RunEventType.Checkpoint, events[^2].Type);
        }
        using var last = straight.Start("terminated");
        Assert.True(last.WaitForEnd() == 0, last.Output);
        straight.AssertSameAs("terminated");
        straight.AssertSameFirstBatches("terminated");
    }

    [Fact]
    [Trait("Id", "REL-SIG-2")]
    [Trait("Id", "REL-SAVE-6")]
    public void Train_WhileAStepIsUnderWay_RefusesASecondProcessAndEndsAtTheSecondSignal()
    {
        using var process = straight.Start("slow", straight.WriteRecipe("slow.yaml", Slow));
        Assert.True(
            process.WaitUntil(() => straight.Events("slow").Any(item => item.Type == RunEventType.Stage)),
            process.Output
        );

        using (var second = straight.Start("slow"))
        {
            Assert.Equal(1, second.WaitForEnd());
            Assert.Contains($"is being written by process {process.Id}", second.Output, StringComparison.Ordinal);
        }
        process.WaitUntil(() =>
        {
            process.Terminate(); // again and again: two of them may arrive as one
            return false;
        });

        Assert.Equal(128 + 15, process.WaitForEnd());
        Assert.DoesNotContain(straight.Events("slow"), item => item.Type == RunEventType.End);
    }

    [Fact]
    public void Train_StoppedThroughControl_GoesOnAfterADamagedCheckpoint()
    {
        using (var process = straight.Start("stopped", straight.Recipe))
        {
            Assert.True(process.WaitUntil(() => LastStep(straight.Events("stopped")) >= 6), process.Output);
            RunControl.Write(straight.Directory("stopped"), RunCommand.Stop);
            Assert.True(process.WaitForEnd() == 130, process.Output);
        }
        var damaged = Directory.GetDirectories(straight.Directory("stopped").CheckpointsPath).Max()!;
        using (var file = File.OpenWrite(Path.Combine(damaged, PretrainedModel.WeightsFile)))
            file.SetLength(file.Length / 2);

        using var last = straight.Start("stopped");
        Assert.True(last.WaitForEnd() == 0, last.Output);
        Assert.Contains(
            straight.Events("stopped"),
            item => item.Type == RunEventType.Warning && item.Message!.Contains(damaged, StringComparison.Ordinal)
        );
        straight.AssertSameAs("stopped");
    }

    [Fact]
    public void Train_AskedToStopWhileItStarts_Stops()
    {
        using var process = straight.Start("early", straight.Recipe);
        Assert.True(process.WaitUntil(() => RunDirectory.Exists(straight.PathOf("early"))), process.Output);
        RunControl.Write(straight.Directory("early"), RunCommand.Stop);
        Assert.True(process.WaitForEnd() == 130, process.Output);
    }

    [Fact]
    [Trait("Id", "REL-RESUME-6")]
    public void Train_AbortedThenLedAstray_RefusesOtherDataAndOtherRecipes()
    {
        using (var process = straight.Start("aborted", straight.Recipe))
        {
            Assert.True(process.WaitUntil(() => LastStep(straight.Events("aborted")) >= 5), process.Output);
            RunControl.Write(straight.Directory("aborted"), RunCommand.Abort);
            Assert.True(process.WaitForEnd() == 130, process.Output);
            Assert.Equal("aborted", EndOf(straight.Events("aborted")));
        }
        AssertRefused(
            straight.Start("aborted", straight.WriteRecipe("other.yaml", TinyRecipe.Sft)),
            "was begun with another recipe"
        );

        using var other = new TemporaryFolder();
        EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = 24,
                Validation = 8,
                Test = 8,
                Seed = 2,
            },
            other.Path,
            stop: TestContext.Current.CancellationToken
        );
        AssertRefused(straight.Start("aborted", datasets: other.Path), "was trained with another data set");

        var recipe = straight.Directory("aborted").RecipePath;
        File.WriteAllText(
            recipe,
            File.ReadAllText(recipe).Replace("warmup_steps: 2", "warmup_steps: 3", StringComparison.Ordinal)
        );
        AssertRefused(straight.Start("aborted"), "was trained with another recipe");
    }

    [Fact]
    [Trait("Id", "REL-RUN-4")]
    [Trait("Id", "REL-RUN-2")]
    public void Train_FromABrokenCheckpoint_FailsBeforeTheStepWithTheReason()
    {
        var broken = straight.PathOf("broken-model");
        using (
            var model = PretrainedModel.Load(
                Path.Combine(straight.Run.CheckpointsPath, new StageLedger(straight.Run).Finished["sft"].Checkpoint)
            )
        )
        {
            using (no_grad())
                model.Model.Decoder.Head.fill_(float.NaN);
            model.Save(broken);
        }
        var recipe = straight.WriteRecipe(
            "broken.yaml",
            TinyRecipe.OnPolicy.Replace("from: sft", $"from: {broken}", StringComparison.Ordinal)
        );
        AssertRefused(straight.Start("broken", recipe), "Optimizer step 0 was not applied");
        var events = straight.Events("broken");
        Assert.Equal("failed", EndOf(events));
        Assert.Contains("is not finite", events[^2].Message, StringComparison.Ordinal);
        Assert.DoesNotContain(events, item => item.Type is RunEventType.Step or RunEventType.Checkpoint);
    }

    [Fact]
    [Trait("Id", "REL-RESUME-8")]
    public void Train_FromAParentThatWasReplaced_IsRefused()
    {
        using (var process = straight.Start("replaced", straight.Recipe))
        {
            Assert.True(process.WaitUntil(() => LastStep(straight.Events("replaced")) >= 25), process.Output);
            process.Kill();
        }
        var run = straight.Directory("replaced");
        foreach (
            var later in Directory
                .GetDirectories(run.CheckpointsPath)
                .Where(path => string.CompareOrdinal(Path.GetFileName(path), CheckpointStore.NameOf(24)) > 0)
        )
            Directory.Delete(later, recursive: true);
        var parent = Path.Combine(run.CheckpointsPath, new StageLedger(run).Finished["sft"].Checkpoint);
        File.AppendAllText(Path.Combine(parent, "generation_config.json"), "\n");
        File.Delete(Path.Combine(parent, CheckpointManifest.FileName));
        CheckpointManifest.Seal(parent); // whole again, but another
        AssertRefused(straight.Start("replaced"), "is not the checkpoint that stage ended with");
    }

    private static void AssertRefused(RunProcess process, string reason)
    {
        using (process)
        {
            Assert.True(process.WaitForEnd() == 1, process.Output);
            Assert.Contains(reason, process.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("Unhandled exception", process.Output, StringComparison.Ordinal);
        }
    }
}
