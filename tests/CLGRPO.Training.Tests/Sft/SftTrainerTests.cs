using CLGRPO.Training.Optimization;
using CLGRPO.Training.Sft;
using CLGRPO.Training.Tests.Stages;

namespace CLGRPO.Training.Tests.Sft;

public sealed class SftTrainerTests(TinyEmoScenes data)
{
    // With an epsilon of 1 and no clipping a step is nearly the gradient itself; usual Adam would blow rounding of tiny
    // gradients up to whole steps.
    private static readonly OptimizerConfig Plain = new()
    {
        LearningRate = 0.3,
        Epsilon = 1,
        MaxGradNorm = 0,
    };

    private static readonly SftConfig Config = new()
    {
        Epochs = null,
        MaxSteps = 3,
        BatchSize = 8,
        MicroBatchSize = 8,
        Augmentation = new AugmentationConfig
        {
            Shift = 2,
            Flip = true,
            Noise = 0.05,
        },
    };

    private (float[] Weights, double[] Losses) Train(SftConfig config, int workers)
    {
        using var stage = new TinyStage(data, config.Trainable, Plain, workers);
        stage.Train(config);
        return (stage.Weights(), [.. stage.Steps.Select(step => step["loss"])]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)] // micro-batches of 3, 3 and 2
    [InlineData(8, 2)]
    [InlineData(3, 2)]
    public void Train_InOtherMicroBatchesOrOnMoreWorkers_TakesTheSameSteps(int microBatchSize, int workers)
    {
        var whole = Train(Config, workers: 1);
        var cut = Train(Config with { MicroBatchSize = microBatchSize }, workers);
        Tiny.Close(whole.Weights, cut.Weights, 1e-5, "weights");
        for (var i = 0; i < whole.Losses.Length; i++)
            Assert.Equal(whole.Losses[i], cut.Losses[i], 1e-4);
        Assert.True(
            Math.Abs(whole.Losses[^1] - whole.Losses[0]) > 0.01,
            "Nothing was learnt, so nothing was compared."
        );
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Id", "REL-RESUME-1")]
    public void Train_Twice_IsBitwiseTheSame(bool vision)
    {
        var config = Config with { Trainable = new TrainableConfig { Vision = vision } };
        Assert.Equal(Train(config, workers: 2).Weights, Train(config, workers: 2).Weights);
    }

    [Fact]
    public void Train_ForAThousandSteps_LeavesNoTensor()
    {
        using var stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig());
        stage.Train(
            new SftConfig
            {
                Epochs = null,
                MaxSteps = 1000,
                BatchSize = 1,
                MicroBatchSize = 1,
            }
        );
        Assert.Equal(1000, stage.LiveTensors.Count);
        Assert.Equal(stage.LiveTensors[9], stage.LiveTensors[^1]);
    }

    [Fact]
    public void Train_OnTwoWorkers_LeavesNoTensor()
    {
        using var stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig(), workers: 2);
        stage.Train(
            new SftConfig
            {
                Epochs = null,
                MaxSteps = 60,
                BatchSize = 4,
                MicroBatchSize = 2,
            }
        );
        Assert.Equal(stage.LiveTensors[9], stage.LiveTensors[^1]);
    }
}
