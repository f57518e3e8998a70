using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Optimization;

/// <summary>Parameters that share a weight decay and a learning rate, laid end to end in one tensor, so that an optimizer
/// step is a handful of operations whatever the number of parameters.</summary>
public sealed class ParameterGroup : IDisposable
{
    private readonly (string Name, long Start, long Length)[] _places;

    /// <param name="name">Names the group in checkpoints.</param>
    /// <param name="places">Name, first element and elements of each parameter, for messages.</param>
    /// <param name="values">[n]; the parameters are views of it. Unless it is float32, the group keeps master weights.</param>
    /// <param name="gradients">[n], float32: the gradients of the step.</param>
    /// <param name="weightDecay">Decoupled decay.</param>
    /// <param name="learningRateScale">Multiplies the learning rate.</param>
    public ParameterGroup(
        string name,
        (string Name, long Start, long Length)[] places,
        Tensor values,
        Tensor gradients,
        double weightDecay,
        double learningRateScale = 1
    )
    {
        (Name, _places, Gradients) = (name, places, gradients);
        (WeightDecay, LearningRateScale) = (weightDecay, learningRateScale);
        Rounded = values.dtype == ScalarType.Float32 ? null : values;
        Values = Rounded is null ? values : Master(values);
        FirstMoment = zeros_like(Values).DetachFromDisposeScope();
        SecondMoment = zeros_like(Values).DetachFromDisposeScope();
    }

    public string Name { get; }

    /// <summary>Elements.</summary>
    public long Count => Values.numel();

    public double WeightDecay { get; }

    /// <summary>Multiplies the learning rate.</summary>
    public double LearningRateScale { get; }

    /// <summary>[n], float32: what the optimizer moves. The parameters are views of it, or of <see cref="Rounded"/>.</summary>
    public Tensor Values { get; }

    /// <summary>
    /// [n], bfloat16: <see cref="Values"/> as the model computes with them; null where the model's weights are float32. A
    /// step is often smaller than a bfloat16 weight's last bit, so it is the master that moves.
    /// </summary>
    public Tensor? Rounded { get; }

    /// <summary>[n], float32: the gradients of the step.</summary>
    public Tensor Gradients { get; }

    /// <summary>[n], float32: AdamW's running mean of gradients.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>[n], float32: AdamW's running mean of squared gradients.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Moves the parameters' values into one tensor and makes each parameter, and its gradient, a view of it.</summary>
    /// <param name="parameters">Leaves that require gradients, all float32 and on one device.</param>
    /// <exception cref="ArgumentException">There are none, or one differs in type or device.</exception>
    public static ParameterGroup Flatten(
        string name,
        IReadOnlyList<(string Name, Tensor Parameter)> parameters,
        double weightDecay,
        double learningRateScale = 1
    )
    {
        RequireAlike(name, parameters);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var places = new (string, long, long)[parameters.Count];
        var start = 0L;
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = (parameters[i].Name, start, parameters[i].Parameter.numel());
            start += places[i].Item3;
        }
        var values = cat([.. parameters.Select(p => p.Parameter.detach().reshape(-1))]).DetachFromDisposeScope();
        var gradients = zeros_like(values).DetachFromDisposeScope();
        var group = new ParameterGroup(name, places, values, gradients, weightDecay, learningRateScale);
        for (var i = 0; i < places.Length; i++)
        {
            group.Adopt(parameters[i].Parameter, places[i].Item2);
        }
        return group;
    }

    /// <summary>Gives the model the values that a step has moved.</summary>
    internal void Round() => Rounded?.copy_(Values);

    /// <summary>The parameters whose gradient holds a NaN or an infinity.</summary>
    public IReadOnlyList<string> NonFiniteGradients()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return
        [
            .. from place in _places
            where !Gradients.narrow(0, place.Start, place.Length).isfinite().all().item<bool>()
            select place.Name,
        ];
    }

    public void Dispose()
    {
        Values.Dispose();
        Rounded?.Dispose();
        Gradients.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    private static Tensor Master(Tensor rounded)
    {
        using var noGrad = no_grad();
        return rounded.to(ScalarType.Float32).DetachFromDisposeScope();
    }

    private void Adopt(Tensor parameter, long start)
    {
        var shape = parameter.shape;
        var length = parameter.numel();
        parameter.set_(Values.narrow(0, start, length).view(shape));
        parameter.grad = Gradients.narrow(0, start, length).view(shape);
    }

    private static void RequireAlike(string name, IReadOnlyList<(string Name, Tensor Parameter)> parameters)
    {
        if (parameters.Count == 0)
        {
            throw new ArgumentException($"Parameter group '{name}' is empty.", nameof(parameters));
        }
        var device = parameters[0].Parameter.device.ToString();
        foreach (var (parameterName, parameter) in parameters)
        {
            if (parameter.dtype != ScalarType.Float32 || parameter.device.ToString() != device)
            {
                throw new ArgumentException(
                    $"Parameter '{parameterName}' is {parameter.dtype} on {parameter.device}; group '{name}' is Float32 on {device}.",
                    nameof(parameters)
                );
            }
        }
    }
}
