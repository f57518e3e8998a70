namespace CLGRPO.Training.Checkpoints.Layouts;

/// <summary>
/// The names of one tensor in the three layouts. A model declares its tensors under Hugging Face's names; every other name
/// is derived from those, here alone. Source: reference/internvl.md §9.
/// </summary>
internal static class TensorNames
{
    /// <summary>The output head in <see cref="ModelLayout.HuggingFace"/>.</summary>
    public const string Head = "language_model.lm_head.weight";

    private const string Decoder = "language_model.model.";
    private const string MemoryDecoder = "model.language_model.";

    // Hugging Face's words and the original's, for the parts that differ: vision tower and projector.
    private static readonly (string HuggingFace, string Original)[] Words =
    [
        ("vision_tower.embeddings.cls_token", "vision_model.embeddings.class_embedding"),
        ("vision_tower.embeddings.position_embeddings", "vision_model.embeddings.position_embedding"),
        ("vision_tower.embeddings.patch_embeddings.projection.", "vision_model.embeddings.patch_embedding."),
        ("vision_tower.encoder.layer.", "vision_model.encoder.layers."),
        (".layernorm_before.", ".norm1."),
        (".layernorm_after.", ".norm2."),
        (".attention.q_proj.", ".attn.qkv."),
        (".attention.k_proj.", ".attn.qkv."),
        (".attention.v_proj.", ".attn.qkv."),
        (".attention.projection_layer.", ".attn.proj."),
        (".lambda_1", ".ls1"),
        (".lambda_2", ".ls2"),
        ("multi_modal_projector.layer_norm.", "mlp1.0."),
        ("multi_modal_projector.linear_1.", "mlp1.1."),
        ("multi_modal_projector.linear_2.", "mlp1.3."),
    ];

    // How the names of each layout begin where no other layout's do.
    private static readonly (ModelLayout Layout, string[] Starts)[] Marks =
    [
        (ModelLayout.HuggingFace, ["vision_tower.", "multi_modal_projector."]),
        (ModelLayout.Original, ["vision_model.", "mlp1."]),
        (ModelLayout.Memory, ["model.", "lm_head."]),
    ];

    /// <summary>
    /// The name a tensor has in a layout. The original keeps a vision layer's query, key and value in one tensor, so those
    /// three have the same name there.
    /// </summary>
    /// <param name="layout">The layout asked for.</param>
    /// <param name="name">Its name in <see cref="ModelLayout.HuggingFace"/>.</param>
    public static string In(ModelLayout layout, string name) =>
        layout switch
        {
            ModelLayout.HuggingFace => name,
            ModelLayout.Original => InOriginal(name),
            ModelLayout.Memory => InMemory(name),
            _ => throw new ArgumentOutOfRangeException(nameof(layout), layout, "Not a layout."),
        };

    /// <summary>The layout that most names belong to; names alone tell, never the configuration.</summary>
    public static ModelLayout Detect(IEnumerable<string> names)
    {
        var all = names.ToList();
        return Marks.MaxBy(mark => all.Count(name => mark.Starts.Any(start => Begins(name, start)))).Layout;
    }

    /// <summary>The name in <see cref="ModelLayout.HuggingFace"/> of a name in <see cref="ModelLayout.Memory"/>.</summary>
    public static string FromMemory(string name) =>
        Begins(name, MemoryDecoder) ? Decoder + name[MemoryDecoder.Length..]
        : Begins(name, "lm_head.") ? "language_model." + name
        : Begins(name, "model.") ? name["model.".Length..]
        : name;

    private static string InOriginal(string name) =>
        Begins(name, "language_model.")
            ? name
            : Words.Aggregate(
                name,
                (changed, word) => changed.Replace(word.HuggingFace, word.Original, StringComparison.Ordinal)
            );

    private static string InMemory(string name) =>
        Begins(name, "language_model.lm_head.") ? name["language_model.".Length..]
        : Begins(name, Decoder) ? MemoryDecoder + name[Decoder.Length..]
        : "model." + name;

    private static bool Begins(string name, string start) => name.StartsWith(start, StringComparison.Ordinal);
}
