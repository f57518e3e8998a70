using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>The parts of the model that a stage trains or freezes.</summary>
public enum ModelPart
{
    Vision,
    Projector,
    Language,
}

/// <summary>How a fresh parameter starts.</summary>
public enum Initialization
{
    Zeros,
    Ones,

    /// <summary>Normal with deviation 1/√fan-in.</summary>
    FanIn,

    /// <summary>Normal with deviation 1/√fan-in, divided by √(2·layers): for projections that write into the residual.</summary>
    Residual,

    /// <summary>Normal with deviation 0.02.</summary>
    Embedding,

    /// <summary>The layer scale's initial value.</summary>
    LayerScale,

    /// <summary>An adapter's A: uniform within ±1/√fan-in, as peft's Kaiming initialisation with a = √5.</summary>
    AdapterDown,

    /// <summary>An adapter's B: zeros, but a matrix that decays.</summary>
    AdapterUp,
}

/// <summary>
/// One tensor of a model folder and the rows of a (possibly fused) parameter it fills.
/// </summary>
/// <param name="Name">Hugging Face name.</param>
/// <param name="Shape">Shape in the file.</param>
/// <param name="FirstRow">First row of the parameter it fills (dimension 0).</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="RotaryHeadSize">
/// Above 0 for query and key projections: each head's rows are kept as adjacent pairs (i, i + d/2), so that RoPE is one
/// complex product; the file has Hugging Face's half-split order.
/// </param>
public sealed record StoredTensor(string Name, long[] Shape, long FirstRow, long Rows, int RotaryHeadSize = 0);

/// <summary>A weight of the model: a view into the flat buffer of its <see cref="ParameterStore"/>.</summary>
public sealed class Parameter
{
    internal Parameter(ModelPart part, long[] shape, Initialization initialization, IReadOnlyList<StoredTensor> stored)
    {
        Part = part;
        Shape = shape;
        Initialization = initialization;
        Stored = stored;
    }

    public ModelPart Part { get; }
    public long[] Shape { get; }
    public Initialization Initialization { get; }

    /// <summary>The tensors of a model folder that make up this parameter, in row order.</summary>
    public IReadOnlyList<StoredTensor> Stored { get; }

    /// <summary>Elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Matrices and embeddings decay; biases, norms and scales do not.</summary>
    public bool Decays =>
        Shape.Length >= 2
        && Initialization
            is Initialization.FanIn
                or Initialization.Residual
                or Initialization.Embedding
                or Initialization.AdapterDown
                or Initialization.AdapterUp;

    /// <summary>Offset in the flat buffer, in elements.</summary>
    public long Offset { get; internal set; }

    /// <summary>The weight itself; a leaf whose gradient lies in the flat gradient buffer.</summary>
    public Tensor Value { get; internal set; } = null!;

    /// <summary>float32, of the weight's shape: where gradients are summed over micro-batches; null when it does not train.</summary>
    public Tensor? GradientSum { get; internal set; }

    /// <summary>What an adapter adds to this matrix; null without one.</summary>
    internal LowRankUpdate? Update { get; set; }

    /// <summary>x · Wᵀ + bias with this parameter as W, plus what its adapter adds.</summary>
    /// <param name="x">[…, in].</param>
    /// <returns>[…, out].</returns>
    internal Tensor Project(Tensor x, Tensor? bias = null)
    {
        var projected = nn.functional.linear(x, Value, bias);
        return Update is null ? projected : Update.AddTo(projected, x);
    }
}
