using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>A run of the flat buffer that one optimizer group covers.</summary>
/// <param name="Part">The model part it belongs to.</param>
/// <param name="Decays">Whether weight decay applies.</param>
/// <param name="Offset">First element.</param>
/// <param name="Count">Elements.</param>
public sealed record ParameterSegment(ModelPart Part, bool Decays, long Offset, long Count);

/// <summary>
/// All weights of a model in one flat buffer, and their gradients in another, so that an optimizer step, a copy of the
/// policy and a checkpoint are each a handful of operations whatever the number of layers.
/// </summary>
public sealed class ParameterStore : IDisposable
{
    private readonly List<Parameter> _parameters = [];
    private readonly bool _ownsWeights;
    private long _firstTrained;

    /// <param name="dtype">Of weights and gradients.</param>
    public ParameterStore(ScalarType dtype = ScalarType.Float32) => (_ownsWeights, Dtype) = (true, dtype);

    private ParameterStore(Tensor sharedWeights) => (Weights, Dtype) = (sharedWeights, sharedWeights.dtype);

    /// <summary>Type of weights and gradients: float32 or bfloat16.</summary>
    public ScalarType Dtype { get; }

    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>[elements]; every parameter is a view of it.</summary>
    public Tensor Weights { get; private set; } = null!;

    /// <summary>Where a backward pass leaves its gradients: from the first trained part to the last; null until <see cref="EnableGradients"/>.</summary>
    public Tensor? Gradients { get; private set; }

    /// <summary>
    /// float32, as long as <see cref="Gradients"/>: the sum over micro-batches. In float32 it is the same tensor; bfloat16
    /// gradients are added to it by <see cref="SumGradients"/>, since small addends to a bfloat16 sum would be lost.
    /// </summary>
    public Tensor? GradientSums { get; private set; }

    /// <summary>Runs of the flat buffer by part and weight decay, in order.</summary>
    public IReadOnlyList<ParameterSegment> Segments { get; private set; } = [];

    public long Count { get; private set; }

    internal Parameter Declare(
        ModelPart part,
        long[] shape,
        Initialization initialization,
        params StoredTensor[] stored
    )
    {
        var parameter = new Parameter(part, shape, initialization, stored);
        _parameters.Add(parameter);
        return parameter;
    }

    /// <summary>A parameter stored under one name with its own shape.</summary>
    internal Parameter Declare(ModelPart part, string name, Initialization initialization, params long[] shape) =>
        Declare(part, shape, initialization, new StoredTensor(name, shape, 0, shape[0]));

    /// <summary>Lays the declared parameters out in one buffer.</summary>
    internal void Allocate(Device device)
    {
        var segments = new List<ParameterSegment>();
        long offset = 0;
        foreach (
            var group in _parameters
                .GroupBy(p => (p.Part, p.Decays))
                .OrderBy(g => g.Key.Part)
                .ThenByDescending(g => g.Key.Decays)
        )
        {
            var start = offset;
            foreach (var parameter in group)
            {
                parameter.Offset = offset;
                offset += parameter.Count;
            }
            segments.Add(new ParameterSegment(group.Key.Part, group.Key.Decays, start, offset - start));
        }
        Segments = segments;
        Count = offset;
        if (_ownsWeights)
            Weights = zeros(Count, dtype: Dtype, device: device).DetachFromDisposeScope();
        foreach (var parameter in _parameters)
            parameter.Value = View(Weights, parameter).DetachFromDisposeScope();
    }

    /// <summary>An empty store over the same weights, for another thread's leaves and gradients.</summary>
    internal ParameterStore Share() => new(Weights);

    /// <summary>Makes the chosen parts trainable: their gradients accumulate in <see cref="Gradients"/>.</summary>
    public void EnableGradients(IReadOnlySet<ModelPart> parts)
    {
        DropGradients();
        if (Segments.Where(segment => parts.Contains(segment.Part)).ToList() is not { Count: > 0 } trained)
            return;
        _firstTrained = trained[0].Offset;
        var count = trained[^1].Offset + trained[^1].Count - _firstTrained;
        Tensor Zeros(ScalarType dtype) => zeros(count, dtype: dtype, device: Weights.device).DetachFromDisposeScope();
        Gradients = Zeros(Dtype);
        GradientSums = Dtype == ScalarType.Float32 ? Gradients : Zeros(ScalarType.Float32);
        foreach (var parameter in _parameters.Where(parameter => parts.Contains(parameter.Part)))
        {
            using var gradient = View(Gradients, parameter, _firstTrained);
            parameter.Value.requires_grad = true;
            parameter.Value.grad = gradient;
            parameter.GradientSum = View(GradientSums, parameter, _firstTrained).DetachFromDisposeScope();
        }
    }

    /// <summary>Adds what a backward pass left in <see cref="Gradients"/> to <see cref="GradientSums"/>; call it after each.</summary>
    public void SumGradients()
    {
        if (Gradients is null || ReferenceEquals(Gradients, GradientSums))
            return;
        using var noGrad = no_grad();
        GradientSums!.add_(Gradients);
        Gradients.zero_();
    }

    /// <summary>The part of <see cref="GradientSums"/> that belongs to a trained segment; the caller disposes it.</summary>
    internal Tensor GradientSumsOf(ParameterSegment segment) =>
        GradientSums!.narrow(0, segment.Offset - _firstTrained, segment.Count);

    /// <summary>Fills the weights with fresh values, the same for the same seed on any machine.</summary>
    public void Initialize(long seed, ModelConfig config)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        for (var index = 0; index < _parameters.Count; index++)
        {
            var parameter = _parameters[index];
            var values = new float[parameter.Count];
            new FreshValues(parameter, index, config, seed).Fill(values, values.Length, first: 0);
            parameter.Value.copy_(tensor(values, parameter.Shape));
        }
    }

    private static Tensor View(Tensor flat, Parameter parameter, long first = 0)
    {
        using var piece = flat.narrow(0, parameter.Offset - first, parameter.Count);
        using var shaped = piece.view(parameter.Shape);
        return shaped.detach();
    }

    public void Dispose()
    {
        DropGradients();
        foreach (var parameter in _parameters)
            parameter.Value.Dispose();
        if (_ownsWeights)
            Weights.Dispose();
    }

    private void DropGradients()
    {
        foreach (var parameter in _parameters)
        {
            parameter.Value.grad = null;
            parameter.Value.requires_grad = false;
            parameter.GradientSum?.Dispose();
            parameter.GradientSum = null;
        }
        GradientSums?.Dispose();
        Gradients?.Dispose();
        (Gradients, GradientSums) = (null, null);
    }
}
