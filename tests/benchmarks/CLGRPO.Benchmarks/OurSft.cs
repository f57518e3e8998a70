using CLGRPO.Training.Compute;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Sft;

namespace CLGRPO.Benchmarks;

/// <summary>The SFT trainer's step over the given batch, again and again.</summary>
/// <remarks>AdamW decays matrices only, as in training; the peer, as torch's default is, the few vectors too.</remarks>
internal sealed class OurSft : IDisposable
{
    private readonly PolicyOptimizer optimizer;
    private readonly SftTrainer trainer;

    public OurSft(PolicyReplicas policy, Workload work, double learningRate)
    {
        var sft = work.Sft;
        var config = new SftConfig
        {
            BatchSize = sft.InputIds.Length,
            MaxSteps = int.MaxValue,
            Optimizer = new OptimizerConfig
            {
                LearningRate = learningRate,
                WeightDecay = sft.WeightDecay,
                Beta1 = sft.Betas[0],
                Beta2 = sft.Betas[1],
                MaxGradNorm = sft.MaxGradNorm,
            },
            Trainable = new TrainableConfig { Vision = sft.TrainVision },
        };
        optimizer = new PolicyOptimizer(config.Optimizer, policy, Ours.Trainable, config.MaxSteps.Value);
        trainer = new SftTrainer(
            config,
            GivenSplit.OfLabels(sft.InputIds, sft.Labels, work.Values[sft.PixelValues]),
            policy,
            optimizer,
            new NoMonitor(),
            work.Seed
        );
    }

    /// <returns>The loss.</returns>
    public double Step() => trainer.TrainStep(step: 0)["loss"];

    public void Dispose()
    {
        trainer.Dispose();
        optimizer.Dispose();
    }
}
