namespace CLGRPO.Training.Models;

/// <summary>Shape of the vision transformer (InternViT).</summary>
public sealed record VisionConfig
{
    public required int HiddenSize { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    public required int IntermediateSize { get; init; }

    /// <summary>Side of a tile in pixels.</summary>
    public required int ImageSize { get; init; }
    public required int PatchSize { get; init; }
    public double LayerNormEps { get; init; } = 1e-6;

    /// <summary>Initial value of the per-channel layer scale (lambda_1, lambda_2).</summary>
    public double InitialLayerScale { get; init; } = 0.1;

    public int PatchesPerSide => ImageSize / PatchSize;
    public int HeadSize => HiddenSize / Heads;
}

/// <summary>Shape of the language model (Qwen2).</summary>
public sealed record LanguageConfig
{
    public required int HiddenSize { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    public required int KeyValueHeads { get; init; }
    public required int IntermediateSize { get; init; }
    public required int VocabularySize { get; init; }
    public double RmsNormEps { get; init; } = 1e-6;
    public double RopeTheta { get; init; } = 1e6;
    public int MaxPositions { get; init; } = 32768;

    /// <summary>Tokens that a sequence may have: beyond these, dynamic RoPE would begin to scale, which is not done here.</summary>
    public int Places => Math.Min(MaxPositions, 32768);

    /// <summary>The factor of rope_scaling "dynamic", kept for the files: it has no effect up to <see cref="MaxPositions"/>.</summary>
    public double? DynamicRopeFactor { get; init; }

    /// <summary>True when the output head is the embedding itself.</summary>
    public bool TieEmbeddings { get; init; }

    public int HeadSize => HiddenSize / Heads;
}

/// <summary>
/// Shape of an InternVL model: vision transformer, pixel shuffle, projector, Qwen2 decoder. The nano model and the 1B
/// are two values of this record. Source: reference/internvl.md §2–§5.
/// </summary>
public sealed record ModelConfig
{
    public required VisionConfig Vision { get; init; }
    public required LanguageConfig Language { get; init; }

    /// <summary>Pixel shuffle ratio: 0.5 makes one token of 2×2 patches.</summary>
    public double DownsampleRatio { get; init; } = 0.5;

    /// <summary>Id of the placeholder token (<c>&lt;IMG_CONTEXT&gt;</c>) whose embedding an image feature replaces.</summary>
    public required int ImageTokenId { get; init; }

    /// <summary>Patches along one side that become one image token.</summary>
    public int ShuffleFactor => (int)Math.Round(1 / DownsampleRatio);
    public int TokensPerTile => Square(Vision.PatchesPerSide / ShuffleFactor);

    /// <summary>Channels of one image token before the projector.</summary>
    public int FeatureSize => Vision.HiddenSize * Square(ShuffleFactor);

    /// <summary>Checks that the parts fit together.</summary>
    /// <exception cref="ModelException">A size does not divide another; all faults are listed.</exception>
    public ModelConfig Validated()
    {
        var faults = new List<string>();
        void Require(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }
        Require(
            Vision.HiddenSize % Vision.Heads == 0,
            $"vision hidden_size {Vision.HiddenSize} is not a multiple of its {Vision.Heads} heads"
        );
        Require(
            Vision.ImageSize % Vision.PatchSize == 0,
            $"image_size {Vision.ImageSize} is not a multiple of patch_size {Vision.PatchSize}"
        );
        Require(
            Vision.PatchesPerSide % ShuffleFactor == 0,
            $"{Vision.PatchesPerSide} patches a side cannot be shuffled by {ShuffleFactor}"
        );
        Require(
            Language.HiddenSize % Language.Heads == 0,
            $"language hidden_size {Language.HiddenSize} is not a multiple of its {Language.Heads} heads"
        );
        Require(
            Language.Heads % Language.KeyValueHeads == 0,
            $"{Language.Heads} heads cannot share {Language.KeyValueHeads} key-value heads"
        );
        Require(Language.HeadSize % 2 == 0, $"head size {Language.HeadSize} is odd, RoPE turns pairs");
        Require(
            ImageTokenId >= 0 && ImageTokenId < Language.VocabularySize,
            $"image_token_id {ImageTokenId} is outside the vocabulary of {Language.VocabularySize}"
        );
        return faults.Count == 0
            ? this
            : throw new ModelException("The model configuration is inconsistent: " + string.Join("; ", faults) + ".");
    }

    private static int Square(int value) => value * value;
}
