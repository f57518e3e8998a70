namespace CLGRPO.Training.Stages;

/// <summary>A setting in which two recipes differ.</summary>
/// <param name="Setting">Such as <c>seed</c> or <c>stage-4.epsilon_high</c>: stages go by name.</param>
/// <param name="Before">null where the first has no such setting.</param>
/// <param name="After">null where the second has none.</param>
public sealed record RecipeChange(string Setting, string? Before, string? After);

/// <summary>Compares recipes setting by setting.</summary>
public static class RecipeDiff
{
    /// <summary>In the order of the second; what only the first has comes last. Equal recipes have no difference.</summary>
    public static IReadOnlyList<RecipeChange> Of(Recipe before, Recipe after)
    {
        var (old, now) = (Settings(RecipeForm.Of(before)), Settings(RecipeForm.Of(after)));
        var gone = OnlyIn(before, after);
        var come = OnlyIn(after, before);
        var changed =
            from setting in now.Keys.Concat(old.Keys).Distinct(StringComparer.Ordinal)
            where !Within(setting, gone) && !Within(setting, come)
            let was = old.GetValueOrDefault(setting)
            let text = now.GetValueOrDefault(setting)
            where was != text
            select new RecipeChange(setting, was, text);
        return
        [
            .. changed,
            .. come.Select(stage => new RecipeChange(stage.Name, Before: null, Word(stage))),
            .. gone.Select(stage => new RecipeChange(stage.Name, Word(stage), After: null)),
        ];
    }

    /// <summary>What a setting is called across recipes: the stage by its name.</summary>
    public static string NameOf(RecipeField field, Recipe recipe) =>
        field.Stage is { } stage
            ? $"{recipe.Stages[stage].Name}{field.Path[(field.Path.IndexOf(']', StringComparison.Ordinal) + 1)..]}"
            : field.Path;

    /// <summary>The text of every setting that is written, by its name across recipes.</summary>
    public static IReadOnlyDictionary<string, string> Settings(RecipeForm form) =>
        form
            .Fields.Where(field => field is { Line: > 0, Kind: not (FieldKind.List or FieldKind.Switch) })
            .GroupBy(field => NameOf(field, form.Recipe), StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => same.First().Text, StringComparer.Ordinal);

    private static List<Stage> OnlyIn(Recipe has, Recipe lacks) =>
        [.. has.Stages.Where(stage => lacks.Stages.All(other => other.Name != stage.Name))];

    private static bool Within(string setting, List<Stage> stages) =>
        stages.Exists(stage => setting.StartsWith(stage.Name + ".", StringComparison.Ordinal));

    private static string Word(Stage stage) => $"{YamlFields.NameOf(stage.Kind)} stage";
}
