using System.Text.RegularExpressions;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>Reads a recipe that came over the network: what it names must lie where the site keeps such things.</summary>
internal static partial class RunRecipe
{
    /// <exception cref="RecipeException">It is no recipe, or it names something outside the site's folders.</exception>
    public static Recipe Parse(string yaml, TrainingOptions options)
    {
        var recipe = RecipeReader.Parse(yaml);
        return Problems(recipe, options) is { Count: > 0 } problems
            ? throw new RecipeException("recipe", problems)
            : recipe;
    }

    /// <summary>What a recipe names that the site does not give to its trainers; empty when a run of it can be made.</summary>
    public static IReadOnlyList<RecipeError> Problems(Recipe recipe, TrainingOptions options)
    {
        List<RecipeError> problems = [];
        if (!IsDatasetName(recipe.Dataset))
            problems.Add(
                new(
                    Line: 0,
                    "dataset",
                    $"'{recipe.Dataset}' must be the name of a data set, and of a version if there are several: emoscenes or emoscenes@3f9a."
                )
            );
        var paths = recipe
            .Stages.Select((stage, at) => ($"stages[{at}].from", stage.StartsFromPath ? stage.From : null))
            .Prepend(("model.path", recipe.Model.Path));
        foreach (var (field, path) in paths)
        {
            if (path is not null && !IsInside(path, options.ModelsPath))
                problems.Add(Outside(field, path, options.ModelsPath));
        }
        return problems;
    }

    public static bool IsDatasetName(string name) => DatasetName().IsMatch(name);

    /// <summary>A new run's id: what it is called, when it was made, and something that tells it from another of that second.</summary>
    public static string IdOf(Recipe recipe, DateTimeOffset now)
    {
        var slug = NotInIds().Replace(recipe.Name.ToLowerInvariant(), "-").Trim('-');
        return $"{(slug.Length == 0 ? "run" : slug[..Math.Min(slug.Length, 40)])}-{now:yyyyMMdd-HHmmss}-{Guid.NewGuid().ToString("N")[..4]}";
    }

    private static RecipeError Outside(string field, string path, string? root)
    {
        const string Why = "a recipe given to the site begins with a preset, or with a model from its folder of models";
        if (root is null)
            return new(
                Line: 0,
                field,
                $"'{path}' cannot be used: {Why}, and this site has none (setting Training:ModelsPath)."
            );
        var there = Path.Combine(Path.GetFullPath(root), Path.GetFileName(path.TrimEnd('/')));
        return new(Line: 0, field, $"'{path}' is not in {Path.GetFullPath(root)}: {Why} (setting Training:ModelsPath).")
        {
            Fixes = Directory.Exists(there) ? [new RecipeFix(field, there, $"Use {there}")] : [],
        };
    }

    private static bool IsInside(string path, string? root) =>
        root is not null
        && Path.IsPathFullyQualified(path)
        && Path.GetFullPath(path)
            .StartsWith(Path.GetFullPath(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    [GeneratedRegex(
        "^[a-z0-9][a-z0-9._-]{0,99}(@[0-9a-f]{1,64})?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex DatasetName();

    [GeneratedRegex(
        "[^a-z0-9]+",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex NotInIds();
}
