using System.Security.Claims;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Recipes;

/// <summary>REST of recipes: presets, saved versions, and what can be asked about a recipe before it runs.</summary>
public static class RecipeEndpoints
{
    private const int MostAtOnce = 200;

    public static void MapRecipes(this IEndpointRouteBuilder routes)
    {
        var recipes = routes.MapGroup("/api/v1/recipes").WithTags("Recipes").RequireAuthorization(RecipeScopes.Read);
        recipes.MapGet("/", List).WithName("ListRecipes").WithSummary("Lists saved recipes, newest version of each");
        recipes
            .MapGet("/{name}", Get)
            .WithName("GetRecipe")
            .WithSummary("Gets a saved recipe, its newest or a given version");
        recipes
            .MapGet("/{name}/versions", Versions)
            .WithName("ListRecipeVersions")
            .WithSummary("Lists the versions of a saved recipe, newest first");
        recipes
            .MapGet("/presets", Presets)
            .WithName("ListPresets")
            .WithSummary("Lists the recipes that come with the program");
        recipes.MapGet("/presets/{name}", Preset).WithName("GetPreset").WithSummary("Gets a preset as YAML");
        recipes
            .MapGet("/settings", () => TypedResults.Ok(RecipeSettings.All))
            .WithName("ListRecipeSettings")
            .WithSummary("Lists every setting of a recipe with default, limits and explanation");
        recipes
            .MapPost("/validate", Validate)
            .WithName("ValidateRecipe")
            .WithSummary("Checks a recipe: errors with line, path and fixes");
        recipes
            .MapPost("/plan", Plan)
            .WithName("PlanRecipe")
            .WithSummary("Dry run: shapes, tokens and memory of every stage, and what to change where it does not fit")
            .ProducesProblem(StatusCodes.Status409Conflict);
        recipes
            .MapPost("/diff", Diff)
            .WithName("CompareRecipes")
            .WithSummary("Compares two recipes, presets or recipes of runs, setting by setting");
        recipes
            .MapPost("/", Save)
            .RequireAuthorization(RecipeScopes.Write)
            .WithName("SaveRecipe")
            .WithSummary("Saves a version of a recipe under the recipe's name")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static Results<Ok<Page<SavedRecipe>>, ValidationProblem> List(
        RecipeShelf shelf,
        string? search = null,
        int offset = 0,
        int limit = 50
    )
    {
        if (offset < 0 || limit is < 1 or > MostAtOnce)
            return Invalid("limit", $"offset must be at least 0 and limit between 1 and {MostAtOnce}.");
        var fitting = shelf
            .List()
            .Where(saved => search is null || saved.Name.Contains(search, StringComparison.OrdinalIgnoreCase))
            .ToList();
        return TypedResults.Ok(new Page<SavedRecipe>([.. fitting.Skip(offset).Take(limit)], fitting.Count, offset));
    }

    private static Results<Ok<SavedRecipeText>, NotFound> Get(string name, RecipeShelf shelf, int? version = null)
    {
        var saved = shelf.Versions(name).FirstOrDefault(one => version is null || one.Version == version);
        return saved is not null && shelf.Find(RecipeShelf.ReferenceOf(saved)) is { } found
            ? TypedResults.Ok(new SavedRecipeText(saved, found.Yaml))
            : TypedResults.NotFound();
    }

    private static Results<Ok<IReadOnlyList<SavedRecipe>>, NotFound> Versions(string name, RecipeShelf shelf) =>
        shelf.Versions(name) is { Count: > 0 } versions ? TypedResults.Ok(versions) : TypedResults.NotFound();

    private static Ok<IReadOnlyList<Preset>> Presets(RecipeShelf shelf) => TypedResults.Ok(shelf.Presets);

    private static Results<ContentHttpResult, NotFound> Preset(string name, RecipeShelf shelf) =>
        shelf.Find(RecipeShelf.ReferenceOfPreset(name)) is { } preset
            ? TypedResults.Text(preset.Yaml, "application/yaml")
            : TypedResults.NotFound();

    private static Results<CreatedAtRoute<SavedRecipe>, ValidationProblem, ProblemHttpResult> Save(
        SaveRecipe wanted,
        RecipeShelf shelf,
        ClaimsPrincipal user
    )
    {
        try
        {
            var saved = shelf.Save(
                wanted.Recipe,
                user.Identity?.Name ?? "?",
                wanted.Note,
                wanted.BasedOn,
                wanted.Expected
            );
            return TypedResults.CreatedAtRoute(saved, "GetRecipe", new { name = saved.Name, version = saved.Version });
        }
        catch (RecipeException e)
        {
            return Invalid("recipe", e.Message);
        }
        catch (RecipeConflictException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
        }
    }

    private static Ok<RecipeVerdict> Validate(GivenRecipe given, IOptions<TrainingOptions> options)
    {
        try
        {
            var recipe = RecipeReader.Parse(given.Recipe);
            return TypedResults.Ok(
                new RecipeVerdict(
                    Valid: true,
                    [],
                    RunRecipe.Problems(recipe, options.Value),
                    recipe.Warnings(),
                    recipe.ToYaml(),
                    recipe.ContentHash()
                )
            );
        }
        catch (RecipeException e)
        {
            return TypedResults.Ok(new RecipeVerdict(Valid: false, e.Errors, [], [], Resolved: null, Hash: null));
        }
    }

    private static async Task<Results<Ok<RecipePlan>, ValidationProblem, ProblemHttpResult>> Plan(
        PlanRecipe wanted,
        RecipePlans plans,
        IOptions<TrainingOptions> options,
        CancellationToken stop
    )
    {
        try
        {
            var plan = await plans.Plan(RunRecipe.Parse(wanted.Recipe, options.Value), wanted.GpuGB, stop);
            var fixes = plan.Stages.Select(
                (stage, at) =>
                    new StageFixes(stage.Name, [.. stage.Shortfalls.SelectMany(one => PlanFixes.Of(one, at))])
            );
            return TypedResults.Ok(new RecipePlan(plan.Fits, plan, [.. fixes.Where(stage => stage.Fixes.Count > 0)]));
        }
        catch (RecipeException e)
        {
            return Invalid("recipe", e.Message);
        }
        catch (PlanException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
        }
    }

    private static Results<Ok<IReadOnlyList<RecipeChange>>, ValidationProblem> Diff(
        CompareRecipes wanted,
        RecipeShelf shelf
    )
    {
        var found = new Dictionary<string, Recipe>(StringComparer.Ordinal);
        foreach (
            var (field, text) in (ReadOnlySpan<(string, string)>)[("before", wanted.Before), ("after", wanted.After)]
        )
        {
            try
            {
                if (!RecipeShelf.IsReference(text))
                    found[field] = RecipeReader.Parse(text, field);
                else if (shelf.Find(text) is { } known)
                    found[field] = known.Recipe;
                else
                    return Invalid(field, $"There is no '{text}'.");
            }
            catch (RecipeException e)
            {
                return Invalid(field, e.Message);
            }
        }
        return TypedResults.Ok(RecipeDiff.Of(found["before"], found["after"]));
    }

    private static ValidationProblem Invalid(string field, string message) =>
        TypedResults.ValidationProblem(
            new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [message] }
        );
}
