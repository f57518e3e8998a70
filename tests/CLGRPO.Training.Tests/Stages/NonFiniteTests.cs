using CLGRPO.Training.Grpo;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Sft;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Stages;

[Trait("Id", "REL-RUN-4")]
public sealed class NonFiniteTests(TinyEmoScenes data)
{
    private static readonly SftConfig Sft = new()
    {
        Epochs = null,
        MaxSteps = 3,
        BatchSize = 4,
        MicroBatchSize = 4,
    };
    private static readonly GrpoConfig Grpo = new()
    {
        Steps = 3,
        PromptsPerStep = 2,
        GroupSize = 2,
        MaxCompletionTokens = 6,
    };

    private static void AssertStops(TinyStage stage, Action train)
    {
        var before = stage.Weights();
        var error = Assert.Throws<NonFiniteGradientException>(train);
        Assert.Contains("was not applied", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Parameters);
        Assert.Equal(before, stage.Weights());
        Assert.Equal(0, stage.Optimizer.StepCount);
        Assert.Empty(stage.Steps);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Train_BySftOverABrokenWeight_StopsBeforeTheStep(float broken)
    {
        using var stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig());
        Poison(stage, broken);
        AssertStops(stage, () => stage.Train(Sft));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Train_ByGrpoOverABrokenWeight_StopsBeforeTheStep(float broken)
    {
        using var stage = new TinyStage(data, new TrainableConfig { Vision = false }, new OptimizerConfig());
        Poison(stage, broken);
        AssertStops(stage, () => stage.Train(Grpo));
    }

    /// <summary>One weight of the decoder's first norm.</summary>
    private static void Poison(TinyStage stage, float value)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        stage
            .Model.Model.Parameters.Parameters.First(parameter =>
                parameter.Stored[0].Name.EndsWith("layers.0.input_layernorm.weight", StringComparison.Ordinal)
            )
            .Value.narrow(0, 3, 1)
            .fill_(value);
    }
}
