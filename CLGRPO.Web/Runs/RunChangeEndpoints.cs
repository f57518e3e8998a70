using System.Security.Claims;
using System.Text.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Api;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Runs;

/// <summary>REST of what is done to runs; all of it is in the audit.</summary>
internal static class RunChangeEndpoints
{
    public static void MapChanges(this RouteGroupBuilder changes)
    {
        changes
            .MapPost("/", Create)
            .Audited((_, answer) => new Deed("run.start", SubjectOf(((CreatedAtRoute<RunSummary>)answer!).Value!.Id)))
            .WithName("CreateRun")
            .WithSummary("Queues a run of a recipe");
        changes
            .MapPatch("/{id}", Change)
            .Audited(
                (call, _) =>
                    new Deed(
                        "run.change",
                        SubjectOf(call),
                        JsonSerializer.Serialize(call.Arguments.OfType<ChangeRun>().Single())
                    )
            )
            .WithName("ChangeRun")
            .WithSummary("Changes priority, note and tags, puts away")
            .ProducesProblem(StatusCodes.Status409Conflict);
        changes
            .MapPost("/{id}/control", Control)
            .Audited(
                (call, _) =>
                {
                    var asked = call.Arguments.OfType<ControlRun>().Single();
                    return new Deed($"run.{asked.Action}".ToLowerInvariant(), SubjectOf(call), asked.Checkpoint);
                }
            )
            .WithName("ControlRun")
            .WithSummary("Pauses, resumes, stops or aborts a run")
            .ProducesProblem(StatusCodes.Status409Conflict);
        changes
            .MapDelete("/{id}", DeleteRun)
            .Audited((call, _) => new Deed("run.delete", SubjectOf(call)))
            .WithName("DeleteRun")
            .WithSummary("Deletes a run that was archived, for good")
            .ProducesProblem(StatusCodes.Status409Conflict);
        changes
            .MapPut("/{id}/checkpoints/{name}/pin", Pin)
            .Audited(
                (call, _) =>
                    new Deed(
                        call.Arguments.OfType<PinCheckpoint>().Single().Pinned ? "checkpoint.pin" : "checkpoint.unpin",
                        SubjectOf(call),
                        NameOf(call)
                    )
            )
            .WithName("PinCheckpoint")
            .WithSummary("Pins a checkpoint, or lets it go");
        changes
            .MapDelete("/{id}/checkpoints/{name}", Delete)
            .Audited((call, _) => new Deed("checkpoint.delete", SubjectOf(call), NameOf(call)))
            .WithName("DeleteCheckpoint")
            .WithSummary("Deletes a checkpoint that is needed no more")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static Results<CreatedAtRoute<RunSummary>, ValidationProblem> Create(
        CreateRun wanted,
        TrainingService training,
        IOptions<TrainingOptions> options,
        TimeProvider clock,
        ClaimsPrincipal user
    )
    {
        Recipe recipe;
        try
        {
            recipe = RunRecipe.Parse(wanted.Recipe, options.Value);
        }
        catch (RecipeException e)
        {
            return Invalid.Field("recipe", e.Message);
        }
        if (BadTags(wanted.Tags) is { } problem)
            return problem;
        var card = new RunCard
        {
            By = user.Identity?.Name,
            Note = wanted.Note,
            Tags = wanted.Tags,
            Priority = wanted.Priority,
        };
        var run = training.Create(RunRecipe.IdOf(recipe, clock.GetUtcNow()), recipe.ToYaml(), card);
        return TypedResults.CreatedAtRoute(run, "GetRun", new { id = run.Id });
    }

    private static Results<Ok<RunSummary>, NotFound, ValidationProblem> Change(
        string id,
        ChangeRun change,
        TrainingService training
    )
    {
        if (training.Find(id) is null)
            return TypedResults.NotFound();
        if (change.Tags is not null && BadTags(change.Tags) is { } problem)
            return problem;
        return TypedResults.Ok(
            training.Describe(
                id,
                card =>
                    card with
                    {
                        Priority = change.Priority ?? card.Priority,
                        Note = change.Note ?? card.Note,
                        Tags = change.Tags ?? card.Tags,
                        Archived = change.Archived ?? card.Archived,
                    }
            )
        );
    }

    private static Results<Accepted<RunSummary>, NotFound> Control(
        string id,
        ControlRun asked,
        TrainingService training
    )
    {
        if (training.Find(id) is null)
            return TypedResults.NotFound();
        var run = asked.Action switch
        {
            RunAction.Pause => training.Pause(id),
            RunAction.Resume when asked.Checkpoint is { } checkpoint => training.ResumeFrom(id, checkpoint),
            RunAction.Resume => training.Resume(id),
            RunAction.Stop => training.Stop(id),
            _ => training.Abort(id),
        };
        return TypedResults.Accepted($"/api/v1/runs/{run.Id}", run);
    }

    private static NoContent DeleteRun(string id, TrainingService training)
    {
        training.Delete(id);
        return TypedResults.NoContent();
    }

    private static Results<NoContent, NotFound> Pin(string id, string name, PinCheckpoint pin, TrainingService training)
    {
        if (training.Directory(id) is not { } run)
            return TypedResults.NotFound();
        RunCheckpoints.Pin(run, name, pin.Pinned);
        return TypedResults.NoContent();
    }

    private static Results<NoContent, NotFound> Delete(string id, string name, TrainingService training)
    {
        if (training.Directory(id) is not { } run)
            return TypedResults.NotFound();
        RunCheckpoints.Delete(run, name);
        return TypedResults.NoContent();
    }

    private static string SubjectOf(EndpointFilterInvocationContext call) =>
        SubjectOf((string)call.HttpContext.Request.RouteValues["id"]!);

    private static string SubjectOf(string run) => $"run:{run}";

    private static string NameOf(EndpointFilterInvocationContext call) =>
        (string)call.HttpContext.Request.RouteValues["name"]!;

    private static ValidationProblem? BadTags(IReadOnlyList<string> tags) =>
        RunTagRules.Problem(tags) is { } problem ? Invalid.Field("tags", problem) : null;
}
