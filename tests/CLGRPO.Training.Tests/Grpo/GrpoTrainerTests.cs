using CLGRPO.Training.Grpo;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Tests.Stages;

namespace CLGRPO.Training.Tests.Grpo;

public sealed class GrpoTrainerTests(TinyEmoScenes data)
{
    // As in SftTrainerTests: a step is nearly the gradient itself.
    private static readonly OptimizerConfig Plain = new()
    {
        LearningRate = 0.05,
        Epsilon = 1,
        MaxGradNorm = 0,
    };

    private static readonly GrpoConfig Config = new()
    {
        Rewards =
        [
            new RewardConfig { Name = AccuracyReward.RewardName },
            new RewardConfig { Name = SoftOverlong.RewardName, MarginTokens = 12 },
        ],
        Steps = 2,
        PromptsPerStep = 4,
        GroupSize = 4,
        MiniBatches = 2,
        NumIterations = 2,
        MicroBatchSize = 16,
        MaxCompletionTokens = 12,
    };

    private TinyStage Train(GrpoConfig config, int workers = 1, OptimizerConfig? optimizer = null)
    {
        var stage = new TinyStage(data, config.Trainable, optimizer ?? Plain, workers, warm: true);
        stage.Train(config);
        return stage;
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(8, 1)]
    [InlineData(16, 2)]
    [InlineData(4, 2)]
    public void Train_InOtherMicroBatchesOrOnMoreWorkers_TakesTheSameSteps(int microBatchSize, int workers)
    {
        using var whole = Train(Config);
        using var cut = Train(Config with { MicroBatchSize = microBatchSize }, workers);
        Tiny.Close(whole.Weights(), cut.Weights(), 5e-5, "weights");
        foreach (var (expected, found) in whole.Steps.Zip(cut.Steps))
        {
            foreach (
                var name in expected.Keys.Where(name =>
                    !name.StartsWith("profiling", StringComparison.Ordinal) && name != "step_time"
                )
            )
                Assert.True(
                    Math.Abs(expected[name] - found[name]) <= 1e-4 * Math.Max(1, Math.Abs(expected[name])),
                    $"{name}: {expected[name]} and {found[name]}"
                );
        }
        Assert.Contains(whole.Steps, step => step["grad_norm"] > 1e-3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Id", "REL-RESUME-1")]
    public void Train_Twice_IsBitwiseTheSame(bool vision)
    {
        var config = Config with { Trainable = new TrainableConfig { Vision = vision } };
        using var one = Train(config, workers: 2);
        using var other = Train(config, workers: 2);
        Assert.Equal(one.Weights(), other.Weights());
    }

    [Fact]
    public void Train_WithFirstUpdateOfARolloutBatch_HasRatioOne()
    {
        using var stage = Train(Config with { MiniBatches = 1, NumIterations = 1, Beta = 0, LossType = LossType.Grpo });
        Assert.All(stage.Steps, step => Assert.Equal(0, step["clip_ratio/region_mean"]));
        Assert.All(
            stage.Steps,
            step =>
                Assert.True(
                    Math.Abs(step["loss"]) < 1e-4,
                    $"The loss of ratio one is the mean advantage, not {step["loss"]}."
                )
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Train_OverManySteps_LeavesNoTensor(int workers)
    {
        // After 16 steps of 4 prompts each of the 64 images has been seen, and its features are kept.
        using var stage = Train(
            Config with
            {
                Steps = 40,
                MiniBatches = 1,
                MaxCompletionTokens = 4,
                SyncReferenceEvery = 3,
            },
            workers,
            new OptimizerConfig { LearningRate = 1e-5 }
        );
        Assert.Equal(stage.LiveTensors[16], stage.LiveTensors[^1]);
    }
}
