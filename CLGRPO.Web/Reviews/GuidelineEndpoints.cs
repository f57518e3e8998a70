using System.Security.Claims;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Reviews;

/// <summary>REST of the guidelines.</summary>
public static class GuidelineEndpoints
{
    public static void MapGuidelines(this IEndpointRouteBuilder reviews)
    {
        var guidelines = reviews.MapGroup("/guidelines/{dataset:long}").RequireAuthorization(ReviewScopes.Read);
        guidelines
            .MapGet("/", List)
            .WithName("ListGuidelines")
            .WithSummary("Lists the versions of a data set's guidelines, newest first");
        guidelines
            .MapPost("/", Add)
            .WithName("AddGuideline")
            .WithSummary("Adds a version")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(ReviewScopes.Manage);
    }

    private static async Task<Ok<IReadOnlyList<ReviewGuideline>>> List(
        long dataset,
        Guidelines guidelines,
        CancellationToken stop
    ) => TypedResults.Ok(await guidelines.List(dataset, stop));

    private static async Task<Results<Ok<ReviewGuideline>, ProblemHttpResult>> Add(
        long dataset,
        AddGuideline added,
        Guidelines guidelines,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => TypedResults.Ok(await guidelines.Add(dataset, added.Text, added.Version, user.NameOf(), stop));
}
