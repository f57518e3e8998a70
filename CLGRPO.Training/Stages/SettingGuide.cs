using System.Text.RegularExpressions;

namespace CLGRPO.Training.Stages;

/// <summary>What a setting is called for people, what it is counted in, what it does, and with which others it stands.</summary>
/// <param name="Section">Such as <c>Clip</c>.</param>
/// <param name="Title">Such as <c>Upper bound</c>.</param>
/// <param name="Unit">Such as <c>tokens</c>; empty for numbers without one.</param>
/// <param name="Text">One or two sentences.</param>
public sealed partial record SettingGuide(string Section, string Title, string Unit, string Text)
{
    internal static SettingGuide None { get; } = new("", "", "", "");

    /// <summary>The guide of a setting.</summary>
    /// <param name="path">Such as <c>stages[2].sampling.top_p</c>.</param>
    /// <param name="kind">The kind of its stage, as it is written; empty outside stages.</param>
    internal static SettingGuide Of(string path, string kind)
    {
        var plain = Places().Replace(path, "");
        var within = plain.StartsWith("stages.", StringComparison.Ordinal) ? plain["stages.".Length..] : null;
        return All.GetValueOrDefault(within is null ? plain : $"{kind}:{within}")
            ?? (within is null ? null : All.GetValueOrDefault($"stage:{within}"))
            ?? None;
    }

    /// <summary>Sections with a sentence about each, in the order in which a form shows them.</summary>
    public static IReadOnlyList<(string Name, string Text)> Sections { get; } =
    [
        ("Experiment", "what is trained, on what"),
        ("Model", "where training begins"),
        ("Prompt", "what the model is asked"),
        ("Stage", "what it is and where it begins"),
        ("Length", "how long, in which batches"),
        ("Rollouts", "what is sampled, and how much of it"),
        ("Rewards", "what is good"),
        ("Clip", "how far one batch of rollouts may move the probability of a token"),
        ("Updates", "how often the same rollouts are used"),
        ("Reference", "how near the policy stays to where the stage began"),
        ("Optimizer", "AdamW and its learning rate"),
        ("Augmentation", "changes to pictures that keep their label"),
        ("What learns", "parts of the model, or adapters beside them"),
        ("Checkpoints", "what is kept, and when"),
    ];

    private static readonly Dictionary<string, SettingGuide> All = new(StringComparer.Ordinal)
    {
        ["name"] = new("Experiment", "Name", "", "Names the experiment and its runs."),
        ["seed"] = new(
            "Experiment",
            "Seed",
            "",
            "Everything random follows from it: the same seed gives the same run."
        ),
        ["dataset"] = new(
            "Experiment",
            "Data set",
            "",
            "A frozen data set by name, or name@hash where it has several versions."
        ),
        ["precision"] = new(
            "Experiment",
            "Precision",
            "",
            "What weights and activations are computed in; bf16 keeps fp32 masters of what learns."
        ),
        ["sample_at_once"] = new(
            "Experiment",
            "Sampled at once",
            "completions",
            "A matter of memory and speed, not of what is learnt."
        ),
        ["image.max_tiles"] = new(
            "Experiment",
            "Tiles per image",
            "tiles",
            "At most, the thumbnail not counted. Each costs as much as the first."
        ),
        ["model.path"] = new(
            "Model",
            "Folder",
            "",
            "A model folder in one of InternVL's layouts; empty builds one from the preset."
        ),
        ["model.preset"] = new(
            "Model",
            "Preset",
            "",
            "A model that begins with random weights and a vocabulary of the data set."
        ),
        ["model.vision.image_size"] = new(
            "Model",
            "Picture size",
            "pixels",
            "Width and height of a tile; a multiple of twice the patch."
        ),
        ["model.vision.patch_size"] = new("Model", "Patch", "pixels", "Width and height of what becomes one vector."),
        ["model.vision.hidden_size"] = new("Model", "Vision width", "", "Numbers per patch; a multiple of the heads."),
        ["model.vision.num_hidden_layers"] = new("Model", "Vision layers", "layers", "Depth of the vision tower."),
        ["model.vision.num_attention_heads"] = new("Model", "Vision heads", "heads", "Attention heads of a layer."),
        ["model.vision.intermediate_size"] = new(
            "Model",
            "Vision inner width",
            "",
            "Width inside a layer's perceptron."
        ),
        ["model.language.hidden_size"] = new(
            "Model",
            "Language width",
            "",
            "Numbers per token; a multiple of twice the heads."
        ),
        ["model.language.num_hidden_layers"] = new("Model", "Language layers", "layers", "Depth of the decoder."),
        ["model.language.num_attention_heads"] = new("Model", "Language heads", "heads", "Attention heads of a layer."),
        ["model.language.num_key_value_heads"] = new(
            "Model",
            "Key-value heads",
            "heads",
            "Divides the heads: fewer make a smaller KV cache."
        ),
        ["model.language.intermediate_size"] = new(
            "Model",
            "Language inner width",
            "",
            "Width inside a layer's perceptron."
        ),
        ["model.language.tie_word_embeddings"] = new(
            "Model",
            "Tied embeddings",
            "",
            "One table of tokens for input and output."
        ),
        ["prompt.system"] = new("Prompt", "System", "", "Empty: no system turn."),
        ["prompt.cot"] = new(
            "Prompt",
            "Question with reasoning",
            "",
            "Follows the image where the completion reasons. {labels} stands for the data set's labels."
        ),
        ["prompt.answer"] = new(
            "Prompt",
            "Question for the answer alone",
            "",
            "Follows the image where the completion is the label alone."
        ),

        ["stage:name"] = new("Stage", "Name", "", "Names the stage in charts, checkpoints and other stages' from."),
        ["stage:kind"] = new(
            "Stage",
            "Kind",
            "",
            "sft: fine-tuning on given completions. grpo: reinforcement on sampled ones."
        ),
        ["stage:from"] = new(
            "Stage",
            "Begins with",
            "",
            "An earlier stage, none for the recipe's own model, or the path of a checkpoint."
        ),
        ["stage:completion"] = new(
            "Stage",
            "Completion",
            "",
            "cot: reasoning, then the answer. answer: the label alone."
        ),

        ["sft:epochs"] = new(
            "Length",
            "Epochs",
            "epochs",
            "Passes over the training split; leave it empty where optimizer steps say how long."
        ),
        ["sft:max_steps"] = new("Length", "Optimizer steps", "steps", "In place of epochs."),
        ["sft:batch_size"] = new("Length", "Batch", "samples", "Samples per optimizer step."),
        ["sft:micro_batch_size"] = new(
            "Length",
            "Micro-batch",
            "samples",
            "Samples per backward pass: a matter of memory, not of what is learnt."
        ),
        ["sft:gradient_checkpointing"] = new(
            "Length",
            "Gradient checkpointing",
            "",
            "Computes layers again on the way back: less memory, a third more arithmetic."
        ),

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

        ["stage:learning_rate"] = new("Optimizer", "Learning rate", "", "At its peak."),
        ["stage:schedule"] = new("Optimizer", "Schedule", "", "The rate after its warm-up."),
        ["stage:warmup_steps"] = new(
            "Optimizer",
            "Warm-up",
            "steps",
            "Optimizer steps over which the rate rises from 0."
        ),
        ["stage:weight_decay"] = new("Optimizer", "Weight decay", "", "Of matrices; norms and biases are not decayed."),
        ["stage:betas"] = new("Optimizer", "Betas", "", "Memory of AdamW's two moments."),
        ["stage:adam_epsilon"] = new("Optimizer", "Epsilon", "", "Added under the fraction of a step."),
        ["stage:max_grad_norm"] = new(
            "Optimizer",
            "Gradient norm",
            "",
            "Longer gradients are scaled down to it; 0 is off."
        ),

        ["sft:augmentation.shift"] = new("Augmentation", "Shift", "pixels", "At most, each way."),
        ["sft:augmentation.flip"] = new("Augmentation", "Mirror", "", "Left and right, every other time."),
        ["sft:augmentation.noise"] = new(
            "Augmentation",
            "Noise",
            "",
            "Standard deviation on pixel values from 0 to 1."
        ),

        ["stage:trainable.vision"] = new(
            "What learns",
            "Vision tower",
            "",
            "Frozen, each picture's features are computed once."
        ),
        ["stage:trainable.projector"] = new("What learns", "Projector", "", "Between pictures and words."),
        ["stage:trainable.language"] = new("What learns", "Language model", "", "The decoder."),
        ["stage:trainable.vision_learning_rate"] = new(
            "What learns",
            "Rate of the vision tower",
            "",
            "Empty: the stage's."
        ),
        ["stage:trainable.projector_learning_rate"] = new(
            "What learns",
            "Rate of the projector",
            "",
            "Empty: the stage's."
        ),
        ["stage:trainable.language_learning_rate"] = new(
            "What learns",
            "Rate of the language model",
            "",
            "Empty: the stage's."
        ),
        ["stage:lora"] = new(
            "What learns",
            "LoRA",
            "",
            "The parts learn through small adapters; their own weights stay."
        ),
        ["stage:lora.rank"] = new("What learns", "Rank", "", "Rows of A and columns of B."),
        ["stage:lora.alpha"] = new("What learns", "Alpha", "", "The adapters count alpha ÷ rank times."),
        ["stage:lora.rank_stabilized"] = new(
            "What learns",
            "Rank-stabilized",
            "",
            "Divides alpha by the rank's root instead."
        ),
        ["stage:lora.targets"] = new("What learns", "Targets", "", "Matrices that get an adapter, in every layer."),

        ["sft:validate_every"] = new("Checkpoints", "Validate every", "steps", "0: only at the end."),
        ["sft:keep"] = new("Checkpoints", "Hand on", "", "The weights with the lowest validation loss, or the last."),
        ["sft:checkpoint_every"] = new("Checkpoints", "Save every", "steps", "Optimizer steps between checkpoints."),
        ["grpo:checkpoint_every"] = new("Checkpoints", "Save every", "batches", "Rollout batches between checkpoints."),
    };

    internal static IEnumerable<string> Known => All.Keys;

    [GeneratedRegex(@"\[[0-9]+\]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Places();
}
