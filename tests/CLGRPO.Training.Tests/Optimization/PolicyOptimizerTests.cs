using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Optimization;

public sealed class PolicyOptimizerTests
{
    private static readonly OptimizerConfig Config = new()
    {
        LearningRate = 1e-3,
        Schedule = ScheduleKind.Linear,
        MaxGradNorm = 0,
    };

    [Fact]
    public void Step_WithARateForEachPart_MovesEachPartAtItsOwn()
    {
        var trainable = new TrainableConfig { VisionLearningRate = 1e-4, LanguageLearningRate = 2e-3 };
        using var model = Tiny.Model();
        using var threads = new WorkerThreads(1);
        using var policy = new PolicyReplicas(model, threads, trainable.Parts());
        using var optimizer = new PolicyOptimizer(Config, policy, trainable, totalSteps: 10);
        using var before = model.Parameters.Weights.clone();
        model.Parameters.Gradients!.fill_(1);

        var rates = optimizer.LearningRates();
        optimizer.Step();

        // The first step of Adam is the learning rate, whatever the gradient's size.
        using var moved = before - model.Parameters.Weights;
        foreach (var segment in model.Parameters.Segments)
        {
            var expected = segment.Part switch
            {
                ModelPart.Vision => 1e-4,
                ModelPart.Projector => 1e-3,
                _ => 2e-3,
            };
            using var piece = moved.narrow(0, segment.Offset, segment.Count);
            Assert.All(Tiny.Floats(piece), step => Assert.Equal(expected, step, 1e-6));
        }
        Assert.Equal(
            ["learning_rate", "learning_rate/language", "learning_rate/projector", "learning_rate/vision"],
            rates.Keys.Order(StringComparer.Ordinal)
        );
        Assert.Equal(2e-3, rates["learning_rate/language"], 1e-12);
        Assert.Equal(0.9 * 1e-4, optimizer.LearningRates()["learning_rate/vision"], 1e-12);
    }

    [Fact]
    public void LearningRates_OfOneRateForAll_IsOneNumber()
    {
        using var model = Tiny.Model();
        using var threads = new WorkerThreads(1);
        var trainable = new TrainableConfig { Vision = false };
        using var policy = new PolicyReplicas(model, threads, trainable.Parts());
        using var optimizer = new PolicyOptimizer(Config, policy, trainable, totalSteps: 10);

        Assert.Equal(["learning_rate"], optimizer.LearningRates().Keys);
    }
}
