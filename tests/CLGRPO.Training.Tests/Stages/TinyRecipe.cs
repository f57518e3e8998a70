using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>Recipes over <see cref="TinyEmoScenes"/> that run in seconds.</summary>
internal static class TinyRecipe
{
    private const string Head = """
        name: tiny
        seed: 3
        dataset: emoscenes
        model:
          preset: nano
          vision: { image_size: 32, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 48 }
          language: { hidden_size: 48, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 64 }
        prompt: { system: "", cot: "Which emotion? Think first.", answer: "Which emotion?" }
        stages:

        """;

    public const string Sft = """
          - { name: sft, kind: sft, from: none, completion: answer, max_steps: 24, batch_size: 8, micro_batch_size: 4, learning_rate: 1e-2, warmup_steps: 2, validate_every: 6, checkpoint_every: 5, augmentation: { shift: 1, flip: true, noise: 0.02 } }

        """;

    public const string OnPolicy = """
          - { name: on-policy, kind: grpo, from: sft, completion: answer, steps: 6, prompts_per_step: 4, group_size: 4, mini_batches: 1, num_iterations: 1, learning_rate: 1e-3, max_completion_tokens: 12, checkpoint_every: 2, beta: 0 }

        """;

    /// <summary>Four optimizer steps to a rollout batch, a moving reference, prompts drawn again; a whole pass over the data and more.</summary>
    public const string OffPolicy = """
          - { name: off-policy, kind: grpo, from: on-policy, completion: answer, steps: 7, prompts_per_step: 12, group_size: 4, mini_batches: 2, num_iterations: 2, learning_rate: 1e-3, max_completion_tokens: 12, checkpoint_every: 2, beta: 0.05, epsilon_low: 0.2, epsilon_high: 0.1, rewards: [{ name: format }, { name: accuracy }, { name: soft_overlong, margin_tokens: 6 }], dynamic_sampling: { enabled: true, max_resamples: 1 }, sync_reference_every: 2 }

        """;

    /// <summary>Adapters in every part, each part at its own rate.</summary>
    public const string LoraSft = """
          - { name: lora-sft, kind: sft, from: sft, completion: answer, max_steps: 8, batch_size: 8, micro_batch_size: 4, learning_rate: 1e-2, schedule: constant, warmup_steps: 0, validate_every: 4, checkpoint_every: 3, keep: last, trainable: { vision_learning_rate: 1e-3, language_learning_rate: 5e-3 }, lora: { rank: 4, alpha: 8, targets: [q_proj, v_proj, down_proj, fc1, linear_2] } }

        """;

    /// <summary>The reference is the model without its adapters; layers are computed again on the way back.</summary>
    public const string LoraGrpo = """
          - { name: lora-grpo, kind: grpo, from: lora-sft, completion: answer, steps: 4, prompts_per_step: 8, group_size: 4, mini_batches: 2, num_iterations: 2, learning_rate: 1e-2, max_completion_tokens: 12, checkpoint_every: 1, beta: 0.05, gradient_checkpointing: true, trainable: { vision: false, projector: false }, lora: { rank: 2, rank_stabilized: true } }

        """;

    /// <summary>The reference moves, so it is a copy.</summary>
    public const string LoraSync = """
          - { name: lora-sync, kind: grpo, from: lora-grpo, completion: answer, steps: 4, prompts_per_step: 8, group_size: 4, mini_batches: 2, num_iterations: 1, learning_rate: 1e-2, max_completion_tokens: 12, checkpoint_every: 2, beta: 0.05, sync_reference_every: 1, trainable: { vision: false, projector: false }, lora: { targets: [o_proj, up_proj] } }

        """;

    public static string Of(params string[] stages) => Of(Precision.Fp32, stages);

    public static string Of(Precision precision, params string[] stages) =>
        $"precision: {precision.ToString().ToLowerInvariant()}\n" + Head + string.Concat(stages);

    public static Recipe Parse(params string[] stages) => RecipeReader.Parse(Of(stages));
}
