using System.Security.Claims;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Reviews;

/// <summary>REST of the items: judging, drafts, leases, comments.</summary>
public static class ItemEndpoints
{
    public static void MapReviewItems(this IEndpointRouteBuilder reviews)
    {
        var items = reviews.MapGroup("/items/{id:long}").RequireAuthorization(ReviewScopes.Write);
        items.MapGet("/", Get).WithName("GetItem").WithSummary("Gets an item with your draft");
        items
            .MapPost("/verdict", Judge)
            .WithName("JudgeItem")
            .WithSummary("Judges an item")
            .ProducesProblem(StatusCodes.Status409Conflict);
        items
            .MapPost("/decision", Decide)
            .WithName("DecideItem")
            .WithSummary("Decides a conflict: accept, edit or reject, before all other verdicts")
            .RequireAuthorization(ReviewScopes.Manage);
        items
            .MapPut("/draft", Save)
            .WithName("SaveDraft")
            .WithSummary("Saves what you typed")
            .ProducesProblem(StatusCodes.Status409Conflict);
        items.MapPut("/ratings", Rate).WithName("SaveRatings").WithSummary("Saves your answers so far");
        items
            .MapPost("/lease", Renew)
            .WithName("RenewLease")
            .WithSummary("Keeps an item for another whole lease")
            .ProducesProblem(StatusCodes.Status409Conflict);
        items.MapDelete("/lease", Release).WithName("ReleaseItem").WithSummary("Gives an item back");
        items
            .MapPost("/comments", Comment)
            .WithName("AddComment")
            .WithSummary("Says something about an item, for everyone who judges it");
    }

    private static async Task<Results<Ok<ReviewTask>, NotFound>> Get(
        long id,
        ReviewTasks tasks,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => await tasks.Find(id, user.NameOf(), stop) is { } task ? TypedResults.Ok(task) : TypedResults.NotFound();

    private static async Task<Results<Ok<VerdictReceipt>, ProblemHttpResult>> Judge(
        long id,
        JudgeItem said,
        Verdicts verdicts,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => TypedResults.Ok(await verdicts.Submit(id, user.NameOf(), said.ToSubmission(), stop));

    private static async Task<Results<Ok<VerdictReceipt>, ProblemHttpResult>> Decide(
        long id,
        JudgeItem said,
        Verdicts verdicts,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => TypedResults.Ok(await verdicts.Decide(id, user.NameOf(), said.ToSubmission(), stop));

    private static async Task<Results<Ok<DraftSaved>, ProblemHttpResult>> Save(
        long id,
        SaveDraft draft,
        ReviewDrafts drafts,
        ClaimsPrincipal user,
        CancellationToken stop
    ) =>
        TypedResults.Ok(
            new DraftSaved(await drafts.Save(id, user.NameOf(), draft.Text, draft.Comment, draft.Version, stop))
        );

    private static async Task<Results<NoContent, ProblemHttpResult>> Rate(
        long id,
        Dictionary<string, int> ratings,
        ReviewDrafts drafts,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        await drafts.Rate(id, user.NameOf(), ratings, stop);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<LeaseEnds>, ProblemHttpResult>> Renew(
        long id,
        ReviewQueue queue,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => TypedResults.Ok(new LeaseEnds(await queue.Renew(id, user.NameOf(), stop)));

    private static async Task<NoContent> Release(
        long id,
        ReviewQueue queue,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        await queue.Release(id, user.NameOf(), stop);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<ReviewComment>, ProblemHttpResult>> Comment(
        long id,
        AddComment comment,
        ReviewDrafts drafts,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => TypedResults.Ok(await drafts.Comment(id, user.NameOf(), comment.Text, stop));
}
