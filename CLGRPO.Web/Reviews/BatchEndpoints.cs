using System.Security.Claims;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Web.Api;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Reviews;

/// <summary>REST of the batches: making them, taking items, how far they are.</summary>
public static class BatchEndpoints
{
    private const int MostAtOnce = 200;

    public static void MapReviewBatches(this IEndpointRouteBuilder reviews)
    {
        var batches = reviews.MapGroup("/batches").RequireAuthorization(ReviewScopes.Read);
        batches.MapGet("/", List).WithName("ListBatches").WithSummary("Lists batches, open ones first");
        batches.MapGet("/{id:long}", Get).WithName("GetBatch").WithSummary("Gets a batch");
        batches
            .MapGet("/{id:long}/progress", Progress)
            .WithName("GetProgress")
            .WithSummary("Counts what is judged and what is left, with pace and time");
        batches
            .MapGet("/{id:long}/agreement", Agreement)
            .WithName("GetAgreement")
            .WithSummary("Gets how far people agree, by question and by pair, with intervals");

        var judging = batches.MapGroup("").RequireAuthorization(ReviewScopes.Write);
        judging
            .MapPost("/{id:long}/next", Next)
            .WithName("TakeItems")
            .WithSummary("Takes the next items, or gets those already taken; their leases begin anew");
        judging
            .MapPost("/{id:long}/undo", Undo)
            .WithName("UndoVerdict")
            .WithSummary("Takes your newest verdict back, up to twenty; 204 where there is none")
            .ProducesProblem(StatusCodes.Status409Conflict);

        var managing = batches.MapGroup("").RequireAuthorization(ReviewScopes.Manage);
        managing.MapPost("/", Create).WithName("CreateBatch").WithSummary("Makes a batch of the records that fit");
        managing
            .MapPost("/count", Count)
            .WithName("CountForBatch")
            .WithSummary("Counts the records that a batch would get");
        managing.MapPost("/{id:long}/fill", Fill).WithName("FillBatch").WithSummary("Adds the records that fit by now");
        managing
            .MapPost("/{id:long}/close", Close)
            .WithName("CloseBatch")
            .WithSummary("Ends a batch; what nobody judged is free for another")
            .ProducesProblem(StatusCodes.Status409Conflict);
        managing
            .MapGet("/{id:long}/reviews/{format}", Export)
            .WithName("ExportReviews")
            .WithSummary("Streams what people said of a batch, one row for each judgement that stands")
            .Produces<string>(StatusCodes.Status200OK, "text/csv", "application/jsonl");
        managing
            .MapGet("/{id:long}/conflicts", Conflicts)
            .WithName("ListConflicts")
            .WithSummary("Lists what people do not agree on, or what a lead decided");
        managing
            .MapPost("/{id:long}/bulk/count", CountBulk)
            .WithName("CountForBulk")
            .WithSummary("Counts the items that a verdict over a filter would judge");
        managing
            .MapPost("/{id:long}/bulk", Bulk)
            .WithName("JudgeMany")
            .WithSummary("Judges everything that fits a filter and that nobody judged or holds")
            .ProducesProblem(StatusCodes.Status409Conflict);
        managing
            .MapDelete("/{id:long}/bulk/{key}", UndoBulk)
            .WithName("UndoMany")
            .WithSummary("Takes a verdict over a filter back");
    }

    private static async Task<Results<Ok<Page<BatchSummary>>, ValidationProblem>> List(
        ReviewBatches batches,
        CancellationToken stop,
        int offset = 0,
        int limit = 50
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        var all = await batches.List(stop);
        return TypedResults.Ok(
            new Page<BatchSummary>([.. all.Skip(offset).Take(limit).Select(BatchSummary.Of)], all.Count, offset)
        );
    }

    private static async Task<Results<Ok<BatchSummary>, NotFound>> Get(
        long id,
        ReviewBatches batches,
        CancellationToken stop
    ) => await batches.Find(id, stop) is { } batch ? TypedResults.Ok(BatchSummary.Of(batch)) : TypedResults.NotFound();

    private static async Task<Results<CreatedAtRoute<BatchSummary>, ProblemHttpResult, ValidationProblem>> Create(
        CreateBatch wanted,
        ReviewBatches batches,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var plan = new ReviewBatchPlan
        {
            Name = wanted.Name,
            Overlap = wanted.Overlap,
            Order = wanted.Order,
            Assignees = wanted.Assignees,
            LeaseMinutes = wanted.LeaseMinutes,
            Filter = wanted.Filter,
        };
        var (batch, _) = await batches.Create(wanted.DatasetId, plan, user.NameOf(), stop);
        var made = BatchSummary.Of((await batches.Find(batch.Id, stop))!);
        return TypedResults.CreatedAtRoute(made, "GetBatch", new { id = batch.Id });
    }

    private static async Task<Ok<ReviewCount>> Count(
        CreateBatch wanted,
        ReviewBatches batches,
        CancellationToken stop
    ) => TypedResults.Ok(new ReviewCount(await batches.Count(wanted.DatasetId, wanted.Filter, stop)));

    private static async Task<Results<Ok<ReviewCount>, ProblemHttpResult>> Fill(
        long id,
        ReviewBatches batches,
        ReviewBoard board,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var added = await batches.Fill(id, user.NameOf(), stop);
        board.Forget(id);
        return TypedResults.Ok(new ReviewCount(added));
    }

    private static async Task<Results<Ok<ReviewCount>, ProblemHttpResult>> Close(
        long id,
        ReviewBatches batches,
        ReviewBoard board,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var freed = await batches.Close(id, user.NameOf(), stop);
        board.Forget(id);
        return TypedResults.Ok(new ReviewCount(freed));
    }

    private static async Task<Results<Ok<NextItems>, ProblemHttpResult, ValidationProblem>> Next(
        long id,
        ReviewQueue queue,
        ReviewTasks tasks,
        ClaimsPrincipal user,
        CancellationToken stop,
        int count = 1,
        ReviewSource source = ReviewSource.New
    )
    {
        if (Invalid.OutOfRange(("count", count, 1, ReviewQueue.MostHeld)) is { } problem)
            return problem;
        var reviewer = user.NameOf();
        var items = new List<ReviewTask>(count);
        foreach (var item in await queue.Take(id, reviewer, count, stop, source))
        {
            if (await tasks.Find(item, reviewer, stop) is { } task)
                items.Add(task);
        }
        return TypedResults.Ok(new NextItems(items));
    }

    private static async Task<Results<Ok<ReviewTask>, NoContent, ProblemHttpResult>> Undo(
        long id,
        Verdicts verdicts,
        ReviewTasks tasks,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var reviewer = user.NameOf();
        return await verdicts.Undo(id, reviewer, stop) is { } item
            ? TypedResults.Ok(await tasks.Find(item, reviewer, stop))
            : TypedResults.NoContent();
    }

    private static async Task<Results<Ok<BatchProgress>, ProblemHttpResult>> Progress(
        long id,
        ReviewBoard board,
        StoreFactory store,
        TimeProvider clock,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var today = clock.GetUtcNow().UtcDateTime.Date;
        var (judged, since, skipped, drafts) = await ReviewProgress.Mine(store, id, user.NameOf(), today, stop);
        return TypedResults.Ok(
            new BatchProgress(await board.Progress(id, stop), new OwnProgress(judged, since, skipped, drafts))
        );
    }

    private static async Task<Results<Ok<AgreementReport>, ProblemHttpResult>> Agreement(
        long id,
        ReviewBoard board,
        CancellationToken stop
    ) => TypedResults.Ok(await board.Agreement(id, stop));

    private static async Task<Results<Ok<Page<ReviewConflict>>, ProblemHttpResult, ValidationProblem>> Conflicts(
        long id,
        ReviewConflicts conflicts,
        CancellationToken stop,
        bool decided = false,
        int offset = 0,
        int limit = 50
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        var (some, total) = await conflicts.List(id, decided, offset, limit, stop);
        return TypedResults.Ok(new Page<ReviewConflict>(some, total, offset));
    }

    /// <param name="format">csv (a table for spreadsheets, cells like formulas made harmless) or jsonl.</param>
    private static async Task<Results<PushStreamHttpResult, NotFound, ValidationProblem>> Export(
        long id,
        string format,
        ReviewBatches batches,
        StoreFactory store,
        CancellationToken stop
    )
    {
        if (!Enum.TryParse<ReviewFormat>(format, ignoreCase: true, out var wanted) || !Enum.IsDefined(wanted))
            return Invalid.Field("format", $"The format is csv or jsonl, not '{format}'.");
        if (await batches.Find(id, stop) is not { } batch)
            return TypedResults.NotFound();
        var (type, extension) =
            wanted == ReviewFormat.Csv ? ("text/csv; charset=utf-8", "csv") : ("application/jsonl", "jsonl");
        return TypedResults.Stream(
            body => ReviewExport.Write(store, id, wanted, body, stop),
            type,
            $"{FileName(batch.Name)}.{extension}"
        );
    }

    private static string FileName(string batch) =>
        string.Concat(batch.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')).Trim('-')
            is { Length: > 0 } name
            ? name
            : "reviews";

    private static async Task<Results<Ok<ReviewCount>, ProblemHttpResult>> CountBulk(
        long id,
        ReviewFilter filter,
        BulkVerdicts bulk,
        CancellationToken stop
    ) => TypedResults.Ok(new ReviewCount(await bulk.Count(id, filter, stop)));

    private static async Task<Results<Ok<ReviewCount>, ProblemHttpResult>> Bulk(
        long id,
        JudgeMany asked,
        BulkVerdicts bulk,
        ReviewBoard board,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var act = new BulkVerdict
        {
            Key = asked.Key,
            Filter = asked.Filter,
            Verdict = asked.Verdict,
            Reason = asked.Reason,
            Expected = asked.Expected,
        };
        var judged = await bulk.Judge(id, user.NameOf(), act, stop);
        board.Forget(id);
        return TypedResults.Ok(new ReviewCount(judged));
    }

    private static async Task<Results<Ok<ReviewCount>, ProblemHttpResult>> UndoBulk(
        long id,
        string key,
        BulkVerdicts bulk,
        ReviewBoard board,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var undone = await bulk.Undo(key, user.NameOf(), stop);
        board.Forget(id);
        return TypedResults.Ok(new ReviewCount(undone));
    }

    /// <summary>Who judges: the person's name, or <c>key:</c> and the client's.</summary>
    internal static string NameOf(this ClaimsPrincipal user) => user.Identity!.Name!;
}
