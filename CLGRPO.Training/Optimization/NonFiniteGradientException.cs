namespace CLGRPO.Training.Optimization;

/// <summary>A gradient holds a NaN or an infinity; the step was not applied.</summary>
public sealed class NonFiniteGradientException(long step, IReadOnlyList<string> parameters)
    : Exception(
        $"Optimizer step {step} was not applied: the gradient of {Named(parameters)} is not finite. "
            + "The weights are those of the step before. Look for a learning rate that is too high or a broken sample."
    )
{
    private const int Shown = 3;

    /// <summary>The parameters concerned; empty when only the norm overflowed.</summary>
    public IReadOnlyList<string> Parameters { get; } = parameters;

    private static string Named(IReadOnlyList<string> parameters) =>
        parameters.Count == 0
            ? "the model as a whole (its norm overflows)"
            : string.Join(", ", parameters.Take(Shown))
                + (parameters.Count > Shown ? $" and {parameters.Count - Shown} more" : "");
}
