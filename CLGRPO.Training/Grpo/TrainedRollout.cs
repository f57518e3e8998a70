using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Grpo;

/// <summary>A completion with what the loss needs of it.</summary>
/// <param name="Completion">Tokens and the log-probabilities they were sampled with (π_old).</param>
/// <param name="Advantage">How much better than its group.</param>
/// <param name="Counts">False for a truncated completion that is masked.</param>
internal sealed record TrainedRollout(Completion Completion, float Advantage, bool Counts)
{
    /// <summary>Log-probability of each token under the reference policy.</summary>
    public float[] ReferenceLogprobs { get; set; } = [];

    /// <summary>Where the clip stopped the last pass over it; gathered while somebody looks on.</summary>
    public StoppedTokens Stopped { get; set; } = StoppedTokens.None;

    public int ActiveTokens => Counts ? Completion.Ids.Length : 0;
}

/// <summary>What the optimizer steps of one rollout batch did, averaged.</summary>
internal sealed class UpdateResult
{
    private readonly List<(double Loss, double GradNorm, PolicyMetrics Policy)> _steps = [];

    public void Add(double loss, double gradNorm, PolicyMetrics policy) => _steps.Add((loss, gradNorm, policy));

    public int Updates => _steps.Count;
    public double Loss => _steps.Average(step => step.Loss);
    public double GradNorm => _steps.Average(step => step.GradNorm);

    public double Mean(Func<PolicyMetrics, double> metric) => _steps.Average(step => metric(step.Policy));
}
