namespace CLGRPO.Web.Evaluations;

/// <summary>Where an evaluation, or one checkpoint of it, stands.</summary>
public enum EvaluationState
{
    /// <summary>Its turn comes.</summary>
    Waiting,

    Running,

    Complete,

    /// <summary>It cannot be done; the reason is known.</summary>
    Failed,
}

/// <summary>A checkpoint of an evaluation.</summary>
/// <param name="Ablation">The method with one thing changed.</param>
/// <param name="Answered">Images that were asked about.</param>
/// <param name="Reason">Why it failed.</param>
public sealed record CheckpointProgress(
    string Model,
    string Name,
    string? Note,
    bool Ablation,
    EvaluationState State,
    int Answered,
    string? Reason
);

/// <summary>An evaluation at a glance.</summary>
/// <param name="Id">Names it in addresses.</param>
/// <param name="Dataset">The data set version, <c>name@hash</c>.</param>
/// <param name="Images">Images that each checkpoint is asked about.</param>
/// <param name="Temperature">0 = greedy.</param>
public sealed record EvaluationSummary(
    string Id,
    string Name,
    string Dataset,
    string Split,
    int Images,
    double Temperature,
    long Seed,
    EvaluationState State,
    IReadOnlyList<CheckpointProgress> Checkpoints,
    string By,
    DateTimeOffset CreatedAt
)
{
    /// <summary>Answers there are, over those there will be.</summary>
    public double Share =>
        Checkpoints.Count == 0 ? 0 : (double)Checkpoints.Sum(item => item.Answered) / (Checkpoints.Count * Images);
}

/// <summary>That cannot be asked of an evaluation now.</summary>
public sealed class EvaluationException(string message) : Exception(message);
