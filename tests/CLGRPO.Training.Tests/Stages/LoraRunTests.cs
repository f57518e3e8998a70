using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>A run whose last stages learn through adapters.</summary>
public sealed class StraightLoraRun(TinyEmoScenes data)
    : StraightRun(data, TinyRecipe.Sft, TinyRecipe.LoraSft, TinyRecipe.LoraGrpo, TinyRecipe.LoraSync);

public sealed class LoraRunTests(StraightLoraRun straight) : IClassFixture<StraightLoraRun>
{
    [Theory]
    [InlineData("sft", "lora-sft")]
    [InlineData("lora-sft", "lora-grpo")]
    [InlineData("lora-grpo", "lora-sync")]
    public void Train_AStageWithAdapters_HandsOnItsParentWithTheAdapterMerged(string parent, string stage)
    {
        var finished = new StageLedger(straight.Run).Finished;
        var folder = Path.Combine(straight.Run.CheckpointsPath, finished[stage].Checkpoint);
        using var before = PretrainedModel.Load(
            Path.Combine(straight.Run.CheckpointsPath, finished[parent].Checkpoint)
        );
        using var after = PretrainedModel.Load(folder);
        var adapters = PeftAdapter.Load(before.Model, Path.Combine(folder, PeftAdapter.FolderName));
        Assert.NotEqual(Weights(before.Model), Weights(after.Model));

        using (adapters.Merge())
            Assert.Equal(Weights(before.Model), Weights(after.Model));
    }

    [Fact]
    public void Train_AStageWithAdapters_ReportsEveryPartsRateAndTheDivergenceFromTheBase()
    {
        var steps = RunEvents.EffectiveSteps(straight.Run).ToLookup(step => step.Stage!, step => step.Metrics!);
        Assert.All(
            steps["lora-sft"],
            metrics =>
            {
                Assert.Equal(1e-3, metrics["learning_rate/vision"], 1e-12);
                Assert.Equal(5e-3, metrics["learning_rate/language"], 1e-12);
                Assert.Equal(1e-2, metrics["learning_rate/projector"], 1e-12);
            }
        );
        var divergences = steps["lora-grpo"].Select(metrics => metrics["kl"]).ToList();
        Assert.True(divergences[^1] > 1e-6, $"The policy stays where it was: {string.Join(", ", divergences)}");
    }

    [Fact]
    [Trait("Id", "REL-RESUME-1")]
    public void Train_KilledInEveryStageWithAdapters_EndsBitForBitAsTheStraightRun()
    {
        foreach (
            var (stage, step) in new[]
            {
                ("lora-sft", 2),
                ("lora-sft", 5),
                ("lora-grpo", 2),
                ("lora-sync", 1),
                ("lora-sync", 3),
            }
        )
        {
            using var process = straight.Start("killed", straight.Recipe);
            Assert.True(
                process.WaitUntil(() =>
                    straight
                        .Events("killed")
                        .Any(item => item.Type == RunEventType.Step && item.Stage == stage && item.Step >= step)
                ),
                process.Output
            );
            process.Kill();
        }
        using var last = straight.Start("killed", straight.Recipe);
        Assert.True(last.WaitForEnd() == 0, last.Output);
        straight.AssertSameAs("killed");
    }

    [Fact]
    public void Train_InBf16Killed_RestoresTheAdaptersMasterWeights()
    {
        var recipe = straight.WriteBf16Recipe("bf16.yaml", TinyRecipe.Sft, TinyRecipe.LoraSft, TinyRecipe.LoraGrpo);
        using (var whole = straight.Start("bf16", recipe))
            Assert.True(whole.WaitForEnd() == 0, whole.Output);
        foreach (var stage in new[] { "lora-sft", "lora-grpo" })
        {
            using var process = straight.Start("bf16-killed", recipe);
            Assert.True(
                process.WaitUntil(() =>
                    straight
                        .Events("bf16-killed")
                        .Any(item => item.Type == RunEventType.Step && item.Stage == stage && item.Step >= 2)
                ),
                process.Output
            );
            process.Kill();
        }
        using (var last = straight.Start("bf16-killed", recipe))
            Assert.True(last.WaitForEnd() == 0, last.Output);

        var (expected, found) = (straight.Directory("bf16"), straight.Directory("bf16-killed"));
        foreach (var (stage, finished) in new StageLedger(expected).Finished)
            StraightRun.AssertSameTensors(
                Path.Combine(expected.CheckpointsPath, finished.Checkpoint),
                Path.Combine(found.CheckpointsPath, new StageLedger(found).Finished[stage].Checkpoint)
            );
    }

    private static float[] Weights(VisionLanguageModel model) => Tiny.Floats(model.Parameters.Weights);
}
