using TorchSharp;

namespace CLGRPO.Training.Rollouts;

/// <summary>One token for each row of a decode step.</summary>
/// <param name="Ids">[B] int64.</param>
/// <param name="Logprobs">[B] float32: under the distribution of the logits divided by the temperature (not divided when
/// greedy), before bans, penalties and truncation. It is what the trainer computes again for the ratio.</param>
public sealed record SampledTokens(torch.Tensor Ids, torch.Tensor Logprobs);
