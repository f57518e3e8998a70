using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>What weights and activations are computed in. Norms, softmax, log-probabilities and the optimizer are float32 either way.</summary>
public enum Precision
{
    /// <summary>32-bit floats.</summary>
    Fp32,

    /// <summary>bfloat16, with 32-bit master weights and gradient sums for what is trained.</summary>
    Bf16,
}

internal static class PrecisionTypes
{
    /// <summary>The type of weights and activations.</summary>
    public static ScalarType Dtype(this Precision precision) =>
        precision == Precision.Bf16 ? ScalarType.BFloat16 : ScalarType.Float32;
}
