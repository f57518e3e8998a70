using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Checkpoints;

/// <summary>How a model folder is written.</summary>
public sealed record SaveFormat
{
    /// <summary>5 GB, as transformers does.</summary>
    public const long DefaultMaxShardBytes = 5_000_000_000;

    public ModelLayout Layout { get; init; } = ModelLayout.HuggingFace;

    /// <summary>F32, F16 or BF16; null: the type the weights have.</summary>
    public SafetensorsDtype? Dtype { get; init; }

    /// <summary>Most bytes of tensors in one file; a larger tensor has a file of its own.</summary>
    public long MaxShardBytes { get; init; } = DefaultMaxShardBytes;
}
