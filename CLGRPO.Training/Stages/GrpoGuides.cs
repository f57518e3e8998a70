namespace CLGRPO.Training.Stages;

/// <summary>Guides of the settings of GRPO stages, by their path within the stage after <c>grpo:</c>.</summary>
internal static class GrpoGuides
{
    public static readonly IReadOnlyDictionary<string, SettingGuide> All = new Dictionary<string, SettingGuide>(
        StringComparer.Ordinal
    )
    {
        ["grpo:steps"] = new("Rollouts", "Rollout batches", "batches", "Of the stage: sample, judge, update."),
        ["grpo:prompts_per_step"] = new(
            "Rollouts",
            "Prompts per batch",
            "prompts",
            "Each gets a group of completions."
        ),
        ["grpo:group_size"] = new(
            "Rollouts",
            "Group",
            "completions",
            "Completions per prompt, judged against each other (TRL: num_generations)."
        ),
        ["grpo:max_completion_tokens"] = new("Rollouts", "Longest completion", "tokens", "A completion is cut here."),
        ["grpo:sampling.temperature"] = new(
            "Rollouts",
            "Temperature",
            "",
            "Divides the logits; 1 samples what the model says."
        ),
        ["grpo:sampling.top_k"] = new("Rollouts", "Top k", "tokens", "Only the k most likely tokens; 0 is all."),
        ["grpo:sampling.top_p"] = new(
            "Rollouts",
            "Top p",
            "",
            "The smallest set of tokens with this probability; 1 is all."
        ),
        ["grpo:sampling.min_p"] = new(
            "Rollouts",
            "Min p",
            "",
            "Drops tokens below this share of the likeliest; 0 is none."
        ),
        ["grpo:sampling.repetition_penalty"] = new(
            "Rollouts",
            "Repetition penalty",
            "",
            "Above 1 makes tokens that occurred less likely; 1 is off."
        ),
        ["grpo:sampling.seed"] = new(
            "Rollouts",
            "Sampling seed",
            "",
            "Where the random numbers of completions come from."
        ),
        ["grpo:dynamic_sampling.enabled"] = new(
            "Rollouts",
            "Dynamic sampling",
            "",
            "Groups of equal rewards teach nothing: sample other prompts in their place."
        ),
        ["grpo:dynamic_sampling.max_resamples"] = new(
            "Rollouts",
            "Refills",
            "rounds",
            "After so many rounds the step goes on with what is there."
        ),
        ["grpo:rewards.name"] = new("Rewards", "Reward", "", "What scores a completion."),
        ["grpo:rewards.weight"] = new("Rewards", "Weight", "", "Rewards are summed with their weights."),
        ["grpo:rewards.ngram_size"] = new("Rewards", "N-gram", "tokens", "Tokens that must repeat together to count."),
        ["grpo:rewards.max_penalty"] = new("Rewards", "Largest penalty", "", "For a text that only repeats itself."),
        ["grpo:rewards.margin_tokens"] = new(
            "Rewards",
            "Margin",
            "tokens",
            "Before the limit within which length costs."
        ),
        ["grpo:scale_rewards"] = new(
            "Rewards",
            "Divided by",
            "",
            "The deviation that advantages are measured in: of the group, of the batch, or none."
        ),
        ["grpo:mask_truncated_completions"] = new(
            "Rewards",
            "Leave out cut ones",
            "",
            "Completions that ran into the limit do not count in the loss."
        ),
        ["grpo:epsilon_low"] = new(
            "Clip",
            "Lower bound",
            "",
            "A token of a bad completion is pushed down until its ratio is 1 − ε low."
        ),
        ["grpo:epsilon_high"] = new(
            "Clip",
            "Upper bound",
            "",
            "A token of a good completion is pushed up until its ratio is 1 + ε high. Below ε low: ClipLow."
        ),
        ["grpo:delta"] = new(
            "Clip",
            "Two-sided cap",
            "",
            "Caps the ratio of bad completions from above too; empty is off."
        ),
        ["grpo:importance_sampling_level"] = new(
            "Clip",
            "Ratio per",
            "",
            "One ratio per token, or one for the whole completion."
        ),
        ["grpo:mini_batches"] = new(
            "Updates",
            "Mini-batches",
            "per batch",
            "Optimizer steps that a rollout batch is cut into."
        ),
        ["grpo:num_iterations"] = new("Updates", "Passes", "passes", "Over the same rollouts."),
        ["grpo:loss_type"] = new("Updates", "Loss", "", "How the tokens' losses become one number, in TRL's names."),
        ["grpo:micro_batch_size"] = new(
            "Updates",
            "Micro-batch",
            "completions",
            "Per backward pass: a matter of memory, not of what is learnt."
        ),
        ["grpo:gradient_checkpointing"] = new(
            "Updates",
            "Gradient checkpointing",
            "",
            "Computes layers again on the way back: less memory, a third more arithmetic."
        ),
        ["grpo:beta"] = new(
            "Reference",
            "KL weight",
            "",
            "Of the k3 divergence from the reference; 0 keeps no reference and saves its memory."
        ),
        ["grpo:sync_reference_every"] = new(
            "Reference",
            "Reference moves every",
            "batches",
            "0: it stays where the stage began."
        ),
        ["grpo:reference_mixup"] = new("Reference", "Mix", "", "Share of the policy in the reference when it moves."),
        ["grpo:checkpoint_every"] = new("Checkpoints", "Save every", "batches", "Rollout batches between checkpoints."),
    };
}
