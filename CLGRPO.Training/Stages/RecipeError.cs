namespace CLGRPO.Training.Stages;

/// <summary>One thing that is wrong with a recipe.</summary>
/// <param name="Line">From 1; 0 when it concerns no line.</param>
/// <param name="Path">Such as <c>stages[2].epsilon_high</c>.</param>
public sealed record RecipeError(int Line, string Path, string Message)
{
    /// <summary>Single changes that would set it right; empty where only the author knows.</summary>
    public EquatableList<RecipeFix> Fixes { get; init; } = [];

    public override string ToString() =>
        Path.Length == 0 ? $"line {Line}: {Message}" : $"line {Line}: {Path}: {Message}";
}

/// <summary>A change of one setting.</summary>
/// <param name="Path">Such as <c>stages[2].num_iterations</c>; for who reports a problem, within the mapping at hand.</param>
/// <param name="Value">As it is written in a recipe; null takes the key away.</param>
/// <param name="Label">Such as <c>Set num_iterations to 2</c>.</param>
public sealed record RecipeFix(string Path, string? Value, string Label)
{
    internal static RecipeFix Set(string key, object value, string remark = "") =>
        new(key, FormattableString.Invariant($"{value}"), FormattableString.Invariant($"Set {key} to {value}{remark}"));

    internal static RecipeFix Clear(string key) => new(key, Value: null, $"Clear {key}");
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
