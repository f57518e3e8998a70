using System.Text.RegularExpressions;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>Reads a recipe that came over the network: what it names must lie where the site keeps such things.</summary>
internal static partial class RunRecipe
{
    /// <exception cref="RecipeException">It is no recipe.</exception>
    /// <exception cref="ArgumentException">It names something outside the site's folders.</exception>
    public static Recipe Parse(string yaml, TrainingOptions options)
    {
        var recipe = RecipeReader.Parse(yaml);
        if (!DatasetName().IsMatch(recipe.Dataset))
            throw new ArgumentException(
                $"dataset is '{recipe.Dataset}'; it must be the name of a data set, and of a version if there are several: emoscenes or emoscenes@3f9a."
            );
        string?[] paths = [recipe.Model.Path, .. recipe.Stages.Where(s => s.StartsFromPath).Select(s => s.From)];
        foreach (var path in paths.OfType<string>())
            RequireInside(path, options.ModelsPath);
        return recipe;
    }

    /// <summary>A new run's id: what it is called, when it was made, and something that tells it from another of that second.</summary>
    public static string IdOf(Recipe recipe, DateTimeOffset now)
    {
        var slug = NotInIds().Replace(recipe.Name.ToLowerInvariant(), "-").Trim('-');
        return $"{(slug.Length == 0 ? "run" : slug[..Math.Min(slug.Length, 40)])}-{now:yyyyMMdd-HHmmss}-{Guid.NewGuid().ToString("N")[..4]}";
    }

    private static void RequireInside(string path, string? root)
    {
        var inside =
            root is not null
            && Path.IsPathFullyQualified(path)
            && Path.GetFullPath(path)
                .StartsWith(Path.GetFullPath(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        if (!inside)
            throw new ArgumentException(
                $"'{path}' is not in the site's folder of models (setting Training:ModelsPath); a recipe given to the site begins with a preset, or with a model from there."
            );
    }

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
