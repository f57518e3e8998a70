namespace CLGRPO.Training.Optimization;

/// <summary>Which parts of the model learn; the others are frozen.</summary>
public sealed record TrainableConfig
{
    public bool Vision { get; init; } = true;

    public bool Projector { get; init; } = true;

    public bool Language { get; init; } = true;
}
