using CLGRPO.Training.Models;

namespace CLGRPO.Training.Optimization;

/// <summary>Which parts of the model learn, and how fast; the others are frozen.</summary>
public sealed record TrainableConfig
{
    public bool Vision { get; init; } = true;

    public bool Projector { get; init; } = true;

    public bool Language { get; init; } = true;

    /// <summary>Peak learning rate of the vision tower; null = the stage's. The schedule's shape is the same for all parts.</summary>
    public double? VisionLearningRate { get; init; }

    /// <summary>Peak learning rate of the projector; null = the stage's.</summary>
    public double? ProjectorLearningRate { get; init; }

    /// <summary>Peak learning rate of the language model; null = the stage's.</summary>
    public double? LanguageLearningRate { get; init; }

    /// <summary>The parts that learn.</summary>
    public IReadOnlySet<ModelPart> Parts() => Enum.GetValues<ModelPart>().Where(Learns).ToHashSet();

    /// <summary>The part's own peak learning rate; null = the stage's.</summary>
    public double? LearningRateOf(ModelPart part) =>
        part switch
        {
            ModelPart.Vision => VisionLearningRate,
            ModelPart.Projector => ProjectorLearningRate,
            ModelPart.Language => LanguageLearningRate,
            _ => throw new ArgumentOutOfRangeException(nameof(part), part, "There is no such part."),
        };

    internal bool Learns(ModelPart part) =>
        part switch
        {
            ModelPart.Vision => Vision,
            ModelPart.Projector => Projector,
            ModelPart.Language => Language,
            _ => throw new ArgumentOutOfRangeException(nameof(part), part, "There is no such part."),
        };
}
