namespace CLGRPO.Training.Optimization;

/// <summary>The shape of the learning rate after its warm-up.</summary>
public enum ScheduleKind
{
    Constant,
    Linear,
    Cosine,
}

/// <summary>The learning rate of every optimizer step: a straight rise from 0 over the warm-up, then the schedule, which
/// reaches 0 after the last step.</summary>
/// <remarks>Step for step the rates of transformers' <c>get_constant_schedule_with_warmup</c>,
/// <c>get_linear_schedule_with_warmup</c> and <c>get_cosine_schedule_with_warmup</c> (half a cycle).</remarks>
public sealed class LearningRateSchedule
{
    private readonly ScheduleKind _kind;
    private readonly double _peak;
    private readonly int _warmupSteps;
    private readonly int _totalSteps;

    /// <param name="peak">The rate after the warm-up.</param>
    /// <param name="warmupSteps">Steps of the rise; step 0 has rate 0 when there is a warm-up.</param>
    /// <param name="totalSteps">Steps of the whole training, the warm-up included.</param>
    public LearningRateSchedule(ScheduleKind kind, double peak, int warmupSteps, int totalSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(peak);
        ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps);
        ArgumentOutOfRangeException.ThrowIfLessThan(totalSteps, 1);
        (_kind, _peak, _warmupSteps, _totalSteps) = (kind, peak, warmupSteps, totalSteps);
    }

    /// <param name="step">Optimizer steps already taken; the first step has 0.</param>
    public double At(int step) => _peak * Factor(step);

    private double Factor(int step)
    {
        if (step < _warmupSteps)
        {
            return (double)step / _warmupSteps;
        }
        var rest = Math.Max(1, _totalSteps - _warmupSteps);
        return _kind switch
        {
            ScheduleKind.Constant => 1,
            ScheduleKind.Linear => Math.Max(0, (double)(_totalSteps - step) / rest),
            ScheduleKind.Cosine => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (step - _warmupSteps) / rest))),
            _ => throw new InvalidOperationException($"Unknown schedule {_kind}."),
        };
    }
}
