using System.Security.Claims;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Api;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Runs;

/// <summary>REST of the runs.</summary>
public static class RunEndpoints
{
    private const int MostAtOnce = 200;
    private const int MostEvents = 5000;
    private const int MostPoints = 5000;

    public static RouteGroupBuilder MapRuns(this IEndpointRouteBuilder routes)
    {
        var runs = routes
            .MapGroup("/api/v1/runs")
            .WithTags("Runs")
            .RequireAuthorization(RunScopes.Read)
            .AddEndpointFilter(AnswerFaults)
            .AddEndpointFilter(ETags.OfContent);
        runs.MapGet("/", List).WithName("ListRuns").WithSummary("Lists runs, newest first");
        runs.MapGet("/{id}", Get).WithName("GetRun").WithSummary("Gets a run");
        runs.MapGet("/{id}/recipe", Recipe)
            .WithName("GetRunRecipe")
            .WithSummary("Gets the recipe, fully resolved, as YAML");
        runs.MapGet("/{id}/events", Events).WithName("ListRunEvents").WithSummary("Lists events after a number");
        runs.MapGet("/{id}/metrics", Metrics)
            .WithName("GetRunMetrics")
            .WithSummary("Gets metrics, thinned out for charts");
        runs.MapGet("/compare", Compare)
            .WithName("CompareRuns")
            .WithSummary("Puts up to 20 runs beside each other: settings, results, metrics");
        runs.MapGet("/{id}/rollouts/{stage}/{step:int:min(1)}", Rollouts)
            .WithName("GetRunRollouts")
            .WithSummary("Gets the rollouts of a step");
        runs.MapGet("/{id}/log", Log).WithName("GetRunLog").WithSummary("Gets the end of the log");
        runs.MapGet("/{id}/log.txt", LogFile).WithName("GetRunLogFile").WithSummary("Gets the whole log as text");
        runs.MapGet("/{id}/checkpoints", Checkpoints).WithName("ListCheckpoints").WithSummary("Lists checkpoints");

        runs.MapResults();

        var changes = runs.MapGroup("").RequireAuthorization(RunScopes.Write);
        runs.MapInsights(changes);
        changes.MapChanges();
        return runs;
    }

    private static Results<Ok<Page<RunSummary>>, ValidationProblem> List(
        TrainingService training,
        string? state = null,
        string? tag = null,
        string? by = null,
        string? search = null,
        bool archived = false,
        int offset = 0,
        int limit = 50
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        var wanted = RunState.Queued;
        if (state is not null && !Enum.TryParse(state, ignoreCase: true, out wanted))
            return Invalid.Field(
                "state",
                $"state is '{state}'; it must be one of {string.Join(", ", Enum.GetNames<RunState>()).ToLowerInvariant()}."
            );
        var filter = new RunFilter(state is null ? null : wanted, tag, by, search) { Archived = archived };
        var fitting = training.All().Where(filter.Fits).ToList();
        return TypedResults.Ok(new Page<RunSummary>([.. fitting.Skip(offset).Take(limit)], fitting.Count, offset));
    }

    private static Results<Ok<RunSummary>, NotFound> Get(string id, TrainingService training) =>
        training.Find(id) is { } run ? TypedResults.Ok(run) : TypedResults.NotFound();

    private static Results<ContentHttpResult, NotFound> Recipe(string id, TrainingService training) =>
        training.Directory(id) is { } run
            ? TypedResults.Text(File.ReadAllText(run.RecipePath), "application/yaml")
            : TypedResults.NotFound();

    private static Results<Ok<RunEventPage>, NotFound, ValidationProblem> Events(
        string id,
        TrainingService training,
        long after = 0,
        int limit = 1000
    )
    {
        if (Invalid.OutOfRange(("limit", limit, 1, MostEvents)) is { } problem)
            return problem;
        if (training.Directory(id) is not { } run)
            return TypedResults.NotFound();
        var events = new List<RunEvent>();
        var tail = new RunEventTail(run);
        while (events.Count < limit && tail.ReadNew() is { Count: > 0 } some)
            events.AddRange(some.Where(item => item.Number > after).Take(limit - events.Count));
        return TypedResults.Ok(new RunEventPage(events, events.Count > 0 ? events[^1].Number : after));
    }

    private static Results<Ok<IReadOnlyList<MetricSeries>>, NotFound, StatusCodeHttpResult, ValidationProblem> Metrics(
        string id,
        TrainingService training,
        RunHistories histories,
        HttpContext http,
        string[]? metric = null,
        string? stage = null,
        bool branches = false,
        int points = 1500
    )
    {
        if (Invalid.OutOfRange(("points", points, 2, MostPoints)) is { } problem)
            return problem;
        if (training.Directory(id) is not { } run)
            return TypedResults.NotFound();
        var wanted = metric is { Length: > 0 } ? metric.ToHashSet(StringComparer.Ordinal) : null;
        var (tag, series) = histories
            .Of(run)
            .Read(history =>
            {
                // What the answer depends on besides the address: events are only ever appended.
                var tag = $"\"{history.Number}\"";
                var known = ETags.Has(http.Request, tag);
                return (tag, known ? null : history.Series(stage, wanted, points, branches));
            });
        http.Response.Headers.ETag = tag;
        http.Response.Headers.CacheControl = "private, no-cache";
        return series is null ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(series);
    }

    private static Results<Ok<RunComparison>, ValidationProblem> Compare(
        string[] ids,
        RunComparer comparer,
        TrainingService training
    )
    {
        if (ids.Length is 0 or > RunComparison.Most)
            return Invalid.Field("ids", $"There are {ids.Length} ids; give 1 to {RunComparison.Most}.");
        return ids.FirstOrDefault(id => training.Find(id) is null) is { } unknown
            ? Invalid.Field("ids", $"There is no run '{unknown}'.")
            : TypedResults.Ok(comparer.Compare(ids));
    }

    private static Results<Ok<Page<RolloutGroup>>, NotFound, ValidationProblem> Rollouts(
        string id,
        string stage,
        int step,
        TrainingService training,
        int offset = 0,
        int limit = 50
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        // A stage is one of the recipe's: what comes from outside is compared, not made into a path.
        if (
            training.Directory(id) is not { } run
            || training.Find(id)?.Stages.FirstOrDefault(name => name == stage) is not { } known
            || !File.Exists(RolloutLog.PathOf(run, step, known))
        )
            return TypedResults.NotFound();
        var groups = RolloutLog.Read(run, step, known).ToList();
        return TypedResults.Ok(new Page<RolloutGroup>([.. groups.Skip(offset).Take(limit)], groups.Count, offset));
    }

    private static Results<Ok<RunLog>, NotFound, ValidationProblem> Log(
        string id,
        TrainingService training,
        int lines = 100
    )
    {
        if (Invalid.OutOfRange(("lines", lines, 1, 1000)) is { } problem)
            return problem;
        return training.Directory(id) is { } run
            ? TypedResults.Ok(new RunLog(LogTail.Read(run, lines)))
            : TypedResults.NotFound();
    }

    private static Results<PhysicalFileHttpResult, NotFound> LogFile(string id, TrainingService training) =>
        training.Directory(id) is { } run && File.Exists(run.LogPath)
            ? TypedResults.PhysicalFile(Path.GetFullPath(run.LogPath), "text/plain; charset=utf-8", $"{run.Id}.log")
            : TypedResults.NotFound();

    private static Results<Ok<IReadOnlyList<RunCheckpoint>>, NotFound> Checkpoints(
        string id,
        TrainingService training,
        RunHistories histories
    ) =>
        training.Directory(id) is { } run
            ? TypedResults.Ok(histories.Of(run).Read(history => RunCheckpoints.List(run, history)))
            : TypedResults.NotFound();

    /// <summary>Turns what the runs refuse into problem details.</summary>
    private static async ValueTask<object?> AnswerFaults(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        try
        {
            return await next(context);
        }
        catch (RunStateException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
        }
        catch (KeyNotFoundException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status404NotFound);
        }
    }
}
