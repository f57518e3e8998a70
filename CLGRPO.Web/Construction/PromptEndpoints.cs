using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Store;
using CLGRPO.Web.Datasets.Uploads;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Construction;

/// <summary>A version of a prompt to be added.</summary>
public sealed record AddPrompt
{
    /// <summary>1 to 40 lower-case letters, digits and hyphens.</summary>
    /// <example>generate</example>
    [Required, StringLength(PromptVersions.MostNameCharacters, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>generate: to write a reasoning; verify: to judge one.</summary>
    [Required]
    public required PromptPurpose Purpose { get; init; }

    /// <summary>System message; empty for none.</summary>
    [StringLength(PromptVersions.MostCharacters)]
    public string System { get; init; } = "";

    /// <summary>With placeholders: {question}, {labels}, and {label}, {attributes} to write, {reasoning} to judge.</summary>
    [Required, StringLength(PromptVersions.MostCharacters, MinimumLength = 1)]
    public required string Text { get; init; }

    /// <summary>The version that was changed; 0 for the first of a name.</summary>
    [Range(0, int.MaxValue)]
    public int Based { get; init; }
}

/// <summary>Two prompts to be tried on one picture.</summary>
public sealed record TryPrompts
{
    /// <summary>Number of a sample.</summary>
    [Range(1, long.MaxValue)]
    public required long Sample { get; init; }

    /// <summary>Who writes, with both prompts.</summary>
    [Required, StringLength(64, MinimumLength = 1)]
    public required string Teacher { get; init; }

    /// <summary>Who votes on both texts.</summary>
    [MaxLength(20)]
    public IReadOnlyList<string> Verifiers { get; init; } = [];

    /// <summary>A version, or a draft.</summary>
    [Required]
    public required TrialPrompt First { get; init; }

    /// <summary>A version, or a draft.</summary>
    [Required]
    public required TrialPrompt Second { get; init; }

    /// <summary>Of the requests; the same for both.</summary>
    public long Seed { get; init; }
}

/// <summary>REST of the prompts and of their trial.</summary>
internal static class PromptEndpoints
{
    public static void MapPrompts(this IEndpointRouteBuilder construction)
    {
        var prompts = construction.MapGroup("/prompts").RequireAuthorization(ConstructionScopes.Read);
        prompts
            .MapGet("/", List)
            .WithName("ListPrompts")
            .WithSummary("Lists all versions of the prompts, by name, the newest first");
        prompts.MapGet("/{name}/{version:int}", Get).WithName("GetPrompt").WithSummary("Gets a version of a prompt");
        prompts
            .MapPost("/", Add)
            .RequireAuthorization(ConstructionScopes.Write)
            .WithName("AddPrompt")
            .WithSummary("Adds a version of a prompt; versions are never changed")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        construction
            .MapPost("/trials", Try)
            .RequireAuthorization(ConstructionScopes.Write)
            .WithName("TryPrompts")
            .WithSummary("Tries two prompts on one picture: same teacher, same seed, with checks and votes")
            .ProducesProblem(StatusCodes.Status400BadRequest);
    }

    private static async Task<Ok<Page<PromptTemplate>>> List(
        PromptVersions prompts,
        CancellationToken stop,
        [Range(0, int.MaxValue)] int offset = 0,
        [Range(1, 200)] int limit = 100
    )
    {
        var all = await prompts.List(stop);
        return TypedResults.Ok(new Page<PromptTemplate>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static async Task<Results<Ok<PromptTemplate>, NotFound>> Get(
        string name,
        int version,
        PromptVersions prompts,
        CancellationToken stop
    ) => await prompts.Find(name, version, stop) is { } found ? TypedResults.Ok(found) : TypedResults.NotFound();

    private static async Task<CreatedAtRoute<PromptTemplate>> Add(
        AddPrompt asked,
        PromptVersions prompts,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var added = await prompts.Add(
            asked.Name,
            asked.Purpose,
            asked.System,
            asked.Text,
            asked.Based,
            UploadEndpoints.Owner(user),
            stop
        );
        return TypedResults.CreatedAtRoute(added, "GetPrompt", new { name = added.Name, version = added.Version });
    }

    private static async Task<Ok<TrialReport>> Try(TryPrompts asked, PromptDesk desk, CancellationToken stop) =>
        TypedResults.Ok(
            await desk.Try(
                new TrialRequest(asked.Sample, asked.Teacher, asked.Verifiers, asked.First, asked.Second, asked.Seed),
                stop
            )
        );
}
