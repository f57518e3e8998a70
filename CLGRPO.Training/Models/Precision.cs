namespace CLGRPO.Training.Models;

/// <summary>What weights and activations are computed in. Norms, softmax, log-probabilities and the optimizer are float32 either way.</summary>
public enum Precision
{
    /// <summary>32-bit floats.</summary>
    Fp32,

    /// <summary>bfloat16, with 32-bit master weights and gradient sums for what is trained.</summary>
    Bf16,
}
