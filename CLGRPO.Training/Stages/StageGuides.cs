namespace CLGRPO.Training.Stages;

/// <summary>Guides of the settings that all stages have (<c>stage:</c>), and of those of fine-tuning alone (<c>sft:</c>).</summary>
internal static class StageGuides
{
    public static readonly IReadOnlyDictionary<string, SettingGuide> All = new Dictionary<string, SettingGuide>(
        StringComparer.Ordinal
    )
    {
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
    };
}
