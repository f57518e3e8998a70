using System.ComponentModel.DataAnnotations;
using CLGRPO.Training.Planning;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Recipes;

/// <summary>A version to be saved.</summary>
public sealed record SaveRecipe
{
    /// <summary>The recipe, YAML; its name says which recipe this is a version of.</summary>
    [Required, StringLength(RecipeReader.LongestText, MinimumLength = 1)]
    public required string Recipe { get; init; }

    [StringLength(1000)]
    public string? Note { get; init; }

    /// <summary>What it was made from, such as preset:nano-demo.</summary>
    [StringLength(200)]
    public string? BasedOn { get; init; }

    /// <summary>The newest version its author knew of, 0 for a new name: a newer one is not passed over unseen.</summary>
    [Range(0, int.MaxValue)]
    public int? Expected { get; init; }
}

/// <summary>A recipe to be looked at.</summary>
public sealed record GivenRecipe
{
    /// <summary>YAML.</summary>
    [Required, StringLength(RecipeReader.LongestText, MinimumLength = 1)]
    public required string Recipe { get; init; }
}

/// <summary>A recipe to be planned.</summary>
public sealed record PlanRecipe
{
    /// <summary>YAML.</summary>
    [Required, StringLength(RecipeReader.LongestText, MinimumLength = 1)]
    public required string Recipe { get; init; }

    /// <summary>Memory of the GPU to plan for, GB; this machine where it is left out.</summary>
    [Range(1, 10_000)]
    public int? GpuGB { get; init; }
}

/// <summary>Two recipes to be compared.</summary>
public sealed record CompareRecipes
{
    /// <summary>A reference (preset:NAME, recipe:NAME, recipe:NAME@VERSION, run:ID), or YAML.</summary>
    [Required, StringLength(RecipeReader.LongestText, MinimumLength = 1)]
    public required string Before { get; init; }

    /// <summary>As before.</summary>
    [Required, StringLength(RecipeReader.LongestText, MinimumLength = 1)]
    public required string After { get; init; }
}

/// <summary>A saved version with its content.</summary>
public sealed record SavedRecipeText(SavedRecipe Saved, string Recipe);

/// <summary>What the reader says of a recipe.</summary>
/// <param name="Valid">It can be saved.</param>
/// <param name="Errors">All that is wrong, with line, path and fixes.</param>
/// <param name="Obstacles">What keeps this site from training it.</param>
/// <param name="Warnings">What its author should know.</param>
/// <param name="Resolved">The recipe with every setting spelt out; null when it is not valid.</param>
/// <param name="Hash">Of its content; null when it is not valid.</param>
public sealed record RecipeVerdict(
    bool Valid,
    IReadOnlyList<RecipeError> Errors,
    IReadOnlyList<RecipeError> Obstacles,
    IReadOnlyList<string> Warnings,
    string? Resolved,
    string? Hash
);

/// <summary>What a recipe takes.</summary>
/// <param name="Fits">Every stage can be trained.</param>
/// <param name="Plan">Stage by stage.</param>
/// <param name="Fixes">What to change where a stage does not fit.</param>
public sealed record RecipePlan(bool Fits, RunPlan Plan, IReadOnlyList<StageFixes> Fixes);

/// <summary>Ways to make a stage fit.</summary>
public sealed record StageFixes(string Stage, IReadOnlyList<PlanFix> Fixes);

/// <summary>A setting that recipes have.</summary>
/// <param name="Path">Such as <c>stages[].epsilon_high</c>.</param>
/// <param name="Of">The kind of stage; null outside stages.</param>
/// <param name="Default">null where it must be given.</param>
public sealed record RecipeSetting(
    string Path,
    string? Of,
    FieldKind Kind,
    string? Default,
    string Limits,
    IReadOnlyList<string> Choices,
    string Title,
    string Unit,
    string Text
);
