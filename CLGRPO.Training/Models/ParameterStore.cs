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

    public ParameterStore() => _ownsWeights = true;

    private ParameterStore(Tensor sharedWeights)
    {
        Weights = sharedWeights;
        _ownsWeights = false;
    }

    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>[elements]; every parameter is a view of it.</summary>
    public Tensor Weights { get; private set; } = null!;

    /// <summary>[elements]; null until <see cref="EnableGradients"/>.</summary>
    public Tensor? Gradients { get; private set; }

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
            Weights = zeros(Count, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
        foreach (var parameter in _parameters)
            parameter.Value = View(Weights, parameter).DetachFromDisposeScope();
    }

    /// <summary>An empty store over the same weights, for another thread's leaves and gradients.</summary>
    internal ParameterStore Share() => new(Weights);

    /// <summary>Makes the chosen parts trainable: their gradients accumulate in <see cref="Gradients"/>.</summary>
    public void EnableGradients(IReadOnlySet<ModelPart> parts)
    {
        Gradients?.Dispose();
        Gradients = zeros_like(Weights).DetachFromDisposeScope();
        foreach (var parameter in _parameters)
        {
            var trains = parts.Contains(parameter.Part);
            parameter.Value.grad = null;
            parameter.Value.requires_grad = trains;
            if (!trains)
                continue;
            using var gradient = View(Gradients, parameter);
            parameter.Value.grad = gradient;
        }
    }

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

    private static Tensor View(Tensor flat, Parameter parameter)
    {
        using var piece = flat.narrow(0, parameter.Offset, parameter.Count);
        using var shaped = piece.view(parameter.Shape);
        return shaped.detach();
    }

    public void Dispose()
    {
        foreach (var parameter in _parameters)
            parameter.Value.Dispose();
        Gradients?.Dispose();
        if (_ownsWeights)
            Weights.Dispose();
    }
}
