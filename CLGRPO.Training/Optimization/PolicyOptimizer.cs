using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Optimization;

/// <summary>AdamW over the trainable segments of a policy's flat buffer, with its learning-rate schedule.</summary>
public sealed class PolicyOptimizer : IDisposable
{
    private readonly OptimizerConfig _config;
    private readonly PolicyReplicas _replicas;
    private readonly TrainableConfig _trainable;
    private readonly LearningRateSchedule _schedule;
    private readonly AdamW _adam;

    /// <param name="config">Rates, decay, clipping.</param>
    /// <param name="replicas">Whose gradients were enabled for the trainable parts.</param>
    /// <param name="trainable">Parts that learn, and their own learning rates.</param>
    /// <param name="totalSteps">Optimizer steps of the stage.</param>
    public PolicyOptimizer(OptimizerConfig config, PolicyReplicas replicas, TrainableConfig trainable, int totalSteps)
    {
        (_config, _replicas, _trainable) = (config, replicas, trainable);
        _schedule = new LearningRateSchedule(config.Schedule, config.LearningRate, config.WarmupSteps, totalSteps);
        var store = replicas.Policy.Trained;
        var groups = store
            .Segments.Where(segment => trainable.Learns(segment.Part))
            .Select(segment => Group(store, segment));
        _adam = new AdamW([.. groups], config);
    }

    /// <summary>Optimizer steps taken.</summary>
    public long StepCount => _adam.StepCount;

    /// <summary>Learning rate of the next step, of parts that have none of their own.</summary>
    public double LearningRate => _schedule.At((int)_adam.StepCount);

    /// <summary>
    /// Learning rates of the next step under the names of metrics: <c>learning_rate</c>, and <c>learning_rate/vision</c>
    /// and so on for every trainable part when one of them has its own.
    /// </summary>
    public IReadOnlyDictionary<string, double> LearningRates()
    {
        var rates = new Dictionary<string, double>(StringComparer.Ordinal) { ["learning_rate"] = LearningRate };
        var parts = _trainable.Parts();
        if (parts.Any(part => _trainable.LearningRateOf(part) is not null))
        {
            foreach (var part in parts)
                rates[$"learning_rate/{NameOf(part)}"] = LearningRate * ScaleOf(part);
        }
        return rates;
    }

    /// <summary>Adds the replicas' gradients up, clips, and moves the policy.</summary>
    /// <returns>The gradient's global norm before clipping.</returns>
    /// <exception cref="NonFiniteGradientException">A gradient is NaN or infinite; nothing was changed.</exception>
    public double Step()
    {
        _replicas.ReduceGradients();
        return _adam.Step(LearningRate, _config.MaxGradNorm);
    }

    /// <summary>What a checkpoint keeps, float32: name → moments, and master weights where the model's own are rounded.</summary>
    public IReadOnlyList<(string Name, Tensor Value)> State => [.. _adam.Groups.SelectMany(StateOf)];

    public void RestoreStepCount(long steps) => _adam.RestoreStepCount(steps);

    public void Dispose() => _adam.Dispose();

    private static IEnumerable<(string Name, Tensor Value)> StateOf(ParameterGroup group)
    {
        if (group.Rounded is not null)
            yield return ($"{group.Name}.master", group.Values);
        yield return ($"{group.Name}.exp_avg", group.FirstMoment);
        yield return ($"{group.Name}.exp_avg_sq", group.SecondMoment);
    }

    private double ScaleOf(ModelPart part) =>
        _trainable.LearningRateOf(part) is { } rate ? rate / _config.LearningRate : 1;

    private static string NameOf(ModelPart part) => part.ToString().ToLowerInvariant();

    private ParameterGroup Group(ParameterStore store, ParameterSegment segment)
    {
        var name = $"{NameOf(segment.Part)}.{(segment.Decays ? "decay" : "no_decay")}";
        var places = store
            .Parameters.Where(p => p.Part == segment.Part && p.Decays == segment.Decays)
            .Select(p => (p.Stored[0].Name, p.Offset - segment.Offset, p.Count));
        return new ParameterGroup(
            name,
            [.. places],
            store.Weights.narrow(0, segment.Offset, segment.Count).DetachFromDisposeScope(),
            store.GradientSumsOf(segment).DetachFromDisposeScope(),
            segment.Decays ? _config.WeightDecay : 0,
            ScaleOf(segment.Part)
        );
    }
}
