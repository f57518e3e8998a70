namespace CLGRPO.Training.Rollouts;

/// <summary>What a policy is asked to continue.</summary>
/// <param name="Ids">The prompt's tokens, image tokens included.</param>
/// <param name="Sample">Index of the data-set sample, which names its image.</param>
/// <param name="Stream">Names the prompt's random numbers, so that they do not depend on the batch it is sampled in.</param>
public sealed record Prompt(int[] Ids, int Sample, ulong Stream);

/// <summary>What a policy wrote.</summary>
/// <param name="Ids">Tokens, the stop token included.</param>
/// <param name="Logprobs">Log-probability of each token under the policy that sampled it, at the sampling temperature, in nats.</param>
/// <param name="Terminated">Whether it ended with a stop token; else it was cut at the limit.</param>
public sealed record Completion(int[] Ids, float[] Logprobs, bool Terminated);

/// <summary>The completions of one prompt.</summary>
public sealed record RolloutGroup(Prompt Prompt, IReadOnlyList<Completion> Completions);
