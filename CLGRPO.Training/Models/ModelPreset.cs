namespace CLGRPO.Training.Models;

/// <summary>Shapes of published models, for building one of true size with random weights.</summary>
public static class ModelPreset
{
    /// <summary>
    /// InternViT-300M-448px-V2_5 and Qwen2.5-0.5B with InternVL's vocabulary and a head of its own: 938,193,024 parameters.
    /// Source: reference/internvl.md §2–§5.
    /// </summary>
    public static ModelConfig InternVl1B { get; } =
        new()
        {
            Vision = new VisionConfig
            {
                HiddenSize = 1024,
                Layers = 24,
                Heads = 16,
                IntermediateSize = 4096,
                ImageSize = 448,
                PatchSize = 14,
            },
            Language = new LanguageConfig
            {
                HiddenSize = 896,
                Layers = 24,
                Heads = 14,
                KeyValueHeads = 2,
                IntermediateSize = 4864,
                VocabularySize = 151674,
            },
            ImageTokenId = 151667,
        };

    private static readonly Dictionary<string, ModelConfig> Known = new(StringComparer.Ordinal)
    {
        // One shape: they differ in what they were trained on.
        ["internvl2_5-1b"] = InternVl1B,
        ["internvl3-1b"] = InternVl1B,
    };

    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static ModelConfig Find(string name) =>
        Known.TryGetValue(name, out var config)
            ? config
            : throw new ArgumentException(
                $"There is no model preset '{name}'; give one of {string.Join(", ", Names)}."
            );
}
