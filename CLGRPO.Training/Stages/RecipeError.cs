namespace CLGRPO.Training.Stages;

/// <summary>One thing that is wrong with a recipe.</summary>
/// <param name="Line">From 1; 0 when it concerns no line.</param>
/// <param name="Path">Such as <c>stages[2].epsilon_high</c>.</param>
public sealed record RecipeError(int Line, string Path, string Message)
{
    public override string ToString() =>
        Path.Length == 0 ? $"line {Line}: {Message}" : $"line {Line}: {Path}: {Message}";
}

/// <summary>A recipe cannot be used; all that is wrong with it is listed.</summary>
public sealed class RecipeException(string source, IReadOnlyList<RecipeError> errors)
    : Exception(
        $"{source}: {errors.Count} {(errors.Count == 1 ? "error" : "errors")}{string.Concat(errors.Select(error => "\n  " + error))}"
    )
{
    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<RecipeError> Errors { get; } = errors;
}
