using System.ComponentModel.DataAnnotations;
using CLGRPO.Data.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Runs;

/// <summary>Whether people want to hear no more of a kind of warning.</summary>
public sealed record MuteWarning
{
    [Required]
    public required bool Muted { get; init; }
}

/// <summary>REST of what explains a run: its first batches, its machine, its warnings.</summary>
public static class RunInsightEndpoints
{
    private const int MostPoints = 5000;
    private const int MostAtOnce = 200;

    /// <param name="reads">Routes for those who may see runs.</param>
    /// <param name="changes">Routes for those who may change them.</param>
    internal static void MapInsights(this RouteGroupBuilder reads, RouteGroupBuilder changes)
    {
        reads
            .MapGet("/{id}/first-batch/{stage}", Batch)
            .WithName("GetRunFirstBatch")
            .WithSummary(
                "Gets what a stage's first step trained on: tokens with their loss mask, and where the tiles are"
            );
        reads
            .MapGet("/{id}/first-batch/{stage}/pictures/{row:int:min(0)}", Picture)
            .WithName("GetRunFirstBatchPicture")
            .WithSummary("Gets a row's tiles as the vision tower got them, one below the other");
        reads
            .MapGet("/{id}/system", MachineFigures)
            .WithName("GetRunSystem")
            .WithSummary("Gets how busy the run's machine was, thinned out for charts");
        reads
            .MapGet("/{id}/warnings", Warnings)
            .WithName("ListRunWarnings")
            .WithSummary("Lists warnings with their meaning and what helps, those that hold first");
        changes
            .MapPut("/{id}/warnings/{kind}/mute", Mute)
            .WithName("MuteRunWarning")
            .WithSummary("Mutes a kind of warning in this run, or lets it be heard again");
    }

    private static Results<Ok<FirstBatch>, NotFound> Batch(string id, string stage, TrainingService training) =>
        Known(training, id, stage) is { } run && FirstBatch.Read(run, stage) is { } batch
            ? TypedResults.Ok(batch)
            : TypedResults.NotFound();

    private static Results<PhysicalFileHttpResult, NotFound> Picture(
        string id,
        string stage,
        int row,
        TrainingService training,
        HttpContext http
    )
    {
        if (
            Known(training, id, stage) is not { } run
            || FirstBatch.PicturePath(run, stage, row) is not { } path
            || !File.Exists(path)
        )
            return TypedResults.NotFound();
        http.Response.Headers.CacheControl = "private, max-age=86400, immutable"; // it is written once
        return TypedResults.PhysicalFile(
            path,
            path.EndsWith(".png", StringComparison.Ordinal) ? "image/png" : "image/jpeg"
        );
    }

    private static Results<Ok<IReadOnlyList<SystemSeries>>, NotFound, ValidationProblem> MachineFigures(
        string id,
        TrainingService training,
        string[]? metric = null,
        int points = 600
    )
    {
        if (points is < 2 or > MostPoints)
            return Invalid("points", $"points is {points}; it must lie between 2 and {MostPoints}.");
        var wanted = metric is { Length: > 0 } ? metric.ToHashSet(StringComparer.Ordinal) : null;
        return training.Directory(id) is { } run
            ? TypedResults.Ok(SystemSeries.Of(SystemLog.Read(run), wanted, points))
            : TypedResults.NotFound();
    }

    private static Results<Ok<Page<RunWarningReport>>, NotFound, ValidationProblem> Warnings(
        string id,
        TrainingService training,
        RunHistories histories,
        int offset = 0,
        int limit = 50
    )
    {
        if (offset < 0 || limit is < 1 or > MostAtOnce)
            return Invalid("limit", $"offset must be 0 or more, limit must lie between 1 and {MostAtOnce}.");
        if (training.Find(id) is not { } summary || training.Directory(id) is not { } run)
            return TypedResults.NotFound();
        var all = histories
            .Of(run)
            .Read(history => RunWarningReport.Of(summary, history.Warnings, history.Spells, training.Muted(id)));
        return TypedResults.Ok(new Page<RunWarningReport>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static Results<NoContent, NotFound, ValidationProblem> Mute(
        string id,
        string kind,
        MuteWarning mute,
        TrainingService training
    )
    {
        if (training.Find(id) is null)
            return TypedResults.NotFound();
        if (KindOf(kind) is not { } known)
            return Invalid("kind", $"kind is '{kind}'; it must be one of {string.Join(", ", Kinds.Keys)}.");
        training.Mute(id, known, mute.Muted);
        return TypedResults.NoContent();
    }

    private static readonly Dictionary<string, RunWarningKind> Kinds = Enum.GetValues<RunWarningKind>()
        .ToDictionary(
            kind => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString()),
            StringComparer.Ordinal
        );

    private static RunWarningKind? KindOf(string name) => Kinds.TryGetValue(name, out var kind) ? kind : null;

    // A stage is one of the recipe's: what comes from outside is compared, not made into a path.
    private static RunDirectory? Known(TrainingService training, string id, string stage) =>
        training.Find(id)?.Stages.Contains(stage, StringComparer.Ordinal) == true ? training.Directory(id) : null;

    private static ValidationProblem Invalid(string field, string message) =>
        TypedResults.ValidationProblem(
            new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [message] }
        );
}
