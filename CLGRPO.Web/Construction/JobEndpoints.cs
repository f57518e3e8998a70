using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Web.Api;
using CLGRPO.Web.Datasets;
using CLGRPO.Web.Datasets.Uploads;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Construction;

/// <summary>REST of the constructions.</summary>
internal static class JobEndpoints
{
    private const int MostAtOnce = 200;

    public static void MapJobs(this IEndpointRouteBuilder construction)
    {
        var jobs = construction.MapGroup("/jobs").RequireAuthorization(ConstructionScopes.Read);
        jobs.MapGet("/", List).WithName("ListConstructions").WithSummary("Lists constructions, newest first");
        jobs.MapGet("/{id:long}", Get).WithName("GetConstruction").WithSummary("Gets a construction and how far it is");
        jobs.MapGet("/{id:long}/report", Report)
            .WithName("GetConstructionReport")
            .WithSummary("Gets acceptance by teacher and class, reasons, agreement, cost, and how it went on");
        jobs.MapGet("/{id:long}/teachers", Standings)
            .WithName("ListConstructionTeachers")
            .WithSummary("Tells how it stands with the teachers while the site works on it");
        jobs.MapGet("/{id:long}/decisions", Decisions)
            .WithName("ListConstructionDecisions")
            .WithSummary("Lists what was written, newest first, with votes and what became of it");

        var changes = jobs.MapGroup("").RequireAuthorization(ConstructionScopes.Write);
        changes
            .MapPost("/plan", Plan)
            .WithName("PlanConstruction")
            .WithSummary("Says what a construction would ask and cost, and what is missing; asks nobody");
        changes
            .MapPost("/", Begin)
            .WithName("BeginConstruction")
            .WithSummary("Begins a construction; the site works on it in the background")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        changes
            .MapPost("/{id:long}/pause", Pause)
            .WithName("PauseConstruction")
            .WithSummary("Pauses a construction; what is in flight is waited for")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        changes
            .MapPost("/{id:long}/resume", Resume)
            .WithName("ResumeConstruction")
            .WithSummary("Lets a construction go on, with another budget if wanted")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict);
        changes
            .MapPost("/{id:long}/cancel", Cancel)
            .WithName("CancelConstruction")
            .WithSummary("Ends a construction for good; what it accepted stays")
            .ProducesProblem(StatusCodes.Status400BadRequest);
    }

    private static async Task<Ok<Page<ConstructionSummary>>> List(
        ConstructionBoard board,
        CancellationToken stop,
        [Range(0, int.MaxValue)] int offset = 0,
        [Range(1, MostAtOnce)] int limit = 50
    )
    {
        var all = await board.List(stop);
        return TypedResults.Ok(new Page<ConstructionSummary>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static async Task<Results<Ok<ConstructionSummary>, NotFound>> Get(
        long id,
        ConstructionBoard board,
        CancellationToken stop
    ) => await board.Find(id, stop) is { } found ? TypedResults.Ok(found) : TypedResults.NotFound();

    private static async Task<Results<Ok<ConstructionInsight>, NotFound>> Report(
        long id,
        ConstructionBoard board,
        CancellationToken stop
    ) => await board.Find(id, stop) is null ? TypedResults.NotFound() : TypedResults.Ok(await board.Insight(id, stop));

    private static async Task<Results<Ok<IReadOnlyList<TeacherStanding>>, NotFound>> Standings(
        long id,
        ConstructionBoard board,
        ConstructionService service,
        CancellationToken stop
    ) =>
        await board.Find(id, stop) is null
            ? TypedResults.NotFound()
            : TypedResults.Ok<IReadOnlyList<TeacherStanding>>([.. service.Standings(id).Select(TeacherStanding.Of)]);

    /// <param name="filter">all, accepted or rejected.</param>
    /// <param name="before">Only what was written before this record; left out: the newest.</param>
    private static async Task<Results<Ok<DecisionList>, NotFound, ValidationProblem>> Decisions(
        long id,
        ConstructionBoard board,
        StoreFactory store,
        CancellationToken stop,
        string filter = "all",
        long? before = null,
        [Range(1, MostAtOnce)] int limit = 50
    )
    {
        if (!Enum.TryParse<DecisionFilter>(filter, ignoreCase: true, out var wanted) || !Enum.IsDefined(wanted))
            return Invalid.Field("filter", $"filter is '{filter}'; it must be all, accepted or rejected.");
        if (await board.Find(id, stop) is null)
            return TypedResults.NotFound();
        var items = await CotDecisions.List(store, id, wanted, before, limit, stop);
        return TypedResults.Ok(new DecisionList(items, items.Count == limit ? items[^1].RecordId : null));
    }

    private static async Task<Ok<ConstructionPlan>> Plan(
        PlanConstruction asked,
        StoreFactory store,
        DatasetCatalog catalog,
        CancellationToken stop
    ) => TypedResults.Ok(await ConstructionPlan.Of(store, catalog.Root, asked.Dataset, asked.Settings, stop));

    private static async Task<CreatedAtRoute<ConstructionSummary>> Begin(
        BeginConstruction asked,
        ConstructionService service,
        ConstructionBoard board,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var job = await service.Begin(
            asked.Dataset,
            asked.Name.Trim(),
            asked.Settings,
            asked.Trial,
            UploadEndpoints.Owner(user),
            stop
        );
        return TypedResults.CreatedAtRoute((await board.Find(job.Id, stop))!, "GetConstruction", new { id = job.Id });
    }

    private static Task<Results<Ok<ConstructionSummary>, NotFound>> Pause(
        long id,
        ConstructionService service,
        ConstructionBoard board,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => Steer(id, board, () => service.Pause(id, UploadEndpoints.Owner(user), stop), stop);

    private static Task<Results<Ok<ConstructionSummary>, NotFound>> Resume(
        long id,
        ResumeConstruction asked,
        ConstructionService service,
        ConstructionBoard board,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => Steer(id, board, () => service.Resume(id, asked.Budget, UploadEndpoints.Owner(user), stop), stop);

    private static Task<Results<Ok<ConstructionSummary>, NotFound>> Cancel(
        long id,
        ConstructionService service,
        ConstructionBoard board,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => Steer(id, board, () => service.Cancel(id, UploadEndpoints.Owner(user), stop), stop);

    private static async Task<Results<Ok<ConstructionSummary>, NotFound>> Steer(
        long id,
        ConstructionBoard board,
        Func<Task> act,
        CancellationToken stop
    )
    {
        if (await board.Find(id, stop) is null)
            return TypedResults.NotFound();
        await act();
        return TypedResults.Ok((await board.Find(id, stop))!);
    }
}
