namespace CLGRPO.Training.Optimization;

/// <summary>AdamW and its learning rate. The defaults are those of transformers, with a constant rate.</summary>
public sealed record OptimizerConfig
{
    public double LearningRate { get; init; } = 1e-4;

    public ScheduleKind Schedule { get; init; } = ScheduleKind.Constant;

    /// <summary>Optimizer steps over which the rate rises from 0.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Decoupled decay of matrices; vectors (norms, biases) are not decayed.</summary>
    public double WeightDecay { get; init; }

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.999;

    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Longer gradients are scaled down to this global norm; 0 = off.</summary>
    public double MaxGradNorm { get; init; } = 1;
}
