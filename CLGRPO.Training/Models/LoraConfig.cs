namespace CLGRPO.Training.Models;

/// <summary>
/// Low-rank adaptation: W stays frozen, W + scale · B·A is used, and only A and B learn. The defaults are those of
/// InternVL's fine-tuning script. Source: LoRA, arXiv:2106.09685 §4; reference/internvl.md §10.
/// </summary>
public sealed record LoraConfig
{
    /// <summary>Rows of A and columns of B (r).</summary>
    public int Rank { get; init; } = 16;

    /// <summary>B·A counts <see cref="Scale"/> times.</summary>
    public double Alpha { get; init; } = 32;

    /// <summary>Divide alpha by √r instead of r, so that the rank does not damp what is learnt. Source: rsLoRA, arXiv:2312.03732.</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Names of the matrices to adapt, as modules are called in Hugging Face's layout; each in every layer.</summary>
    public EquatableList<string> Targets { get; init; } = LanguageTargets;

    /// <summary>All matrices of the language model's layers.</summary>
    public static EquatableList<string> LanguageTargets { get; } =
    ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    public double Scale => Alpha / (RankStabilized ? Math.Sqrt(Rank) : Rank);

    /// <summary>Names that can be adapted in a part of the model.</summary>
    public static IReadOnlyList<string> TargetsOf(ModelPart part) =>
        part switch
        {
            ModelPart.Vision => ["q_proj", "k_proj", "v_proj", "projection_layer", "fc1", "fc2"],
            ModelPart.Projector => ["linear_1", "linear_2"],
            ModelPart.Language => LanguageTargets,
            _ => throw new ArgumentOutOfRangeException(nameof(part), part, "There is no such part."),
        };
}
