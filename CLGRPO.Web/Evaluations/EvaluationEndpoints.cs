using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
using CLGRPO.Training.Evaluation;
using CLGRPO.Web.Api;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Evaluations;

/// <summary>REST of the evaluations.</summary>
public static class EvaluationEndpoints
{
    private const int MostAtOnce = 200;

    public static void MapEvaluations(this IEndpointRouteBuilder routes)
    {
        var evaluations = routes
            .MapGroup("/api/v1/evaluations")
            .WithTags("Evaluations")
            .RequireAuthorization(EvaluationScopes.Read)
            .AddEndpointFilter(ETags.OfContent);
        evaluations.MapGet("/", List).WithName("ListEvaluations").WithSummary("Lists evaluations, newest first");
        evaluations.MapGet("/{id}", Get).WithName("GetEvaluation").WithSummary("Gets an evaluation and how far it is");
        evaluations
            .MapGet("/{id}/table", Table)
            .WithName("GetEvaluationTable")
            .WithSummary("Gets the paper's table of the checkpoints that have answered");
        evaluations
            .MapGet("/{id}/table/{format}", Export)
            .WithName("ExportEvaluationTable")
            .WithSummary("Gets the table as csv, markdown or latex");
        evaluations
            .MapGet("/{id}/answers", Answers)
            .WithName("ListEvaluationAnswers")
            .WithSummary("Lists what two checkpoints answered about the same images");

        var changes = evaluations.MapGroup("").RequireAuthorization(EvaluationScopes.Write);
        changes
            .MapPost("/", Create)
            .WithName("CreateEvaluation")
            .WithSummary("Asks checkpoints about the images of a split, in the background");
        changes
            .MapPost("/{id}/retry", Retry)
            .WithName("RetryEvaluation")
            .WithSummary("Asks again the checkpoints that failed");
        changes
            .MapDelete("/{id}", Delete)
            .WithName("DeleteEvaluation")
            .WithSummary("Deletes an evaluation with its answers");
    }

    private static Ok<Page<EvaluationSummary>> List(
        EvaluationService evaluations,
        [Range(0, int.MaxValue)] int offset = 0,
        [Range(1, MostAtOnce)] int limit = 50
    )
    {
        var all = evaluations.All();
        return TypedResults.Ok(new Page<EvaluationSummary>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static Results<Ok<EvaluationSummary>, NotFound> Get(string id, EvaluationService evaluations) =>
        evaluations.Find(id) is { } evaluation ? TypedResults.Ok(evaluation) : TypedResults.NotFound();

    /// <param name="against">What each checkpoint is compared with: baseline, or before (the row above; an ablation with the whole method).</param>
    private static Results<Ok<CheckpointTable>, NotFound, ValidationProblem> Table(
        string id,
        EvaluationResults results,
        string against = "baseline"
    )
    {
        if (!TryRead<ComparedWith>("against", against, out var other, out var problem))
            return problem;
        return results.Of(id) is { } result ? TypedResults.Ok(result.Table(other)) : TypedResults.NotFound();
    }

    /// <param name="format">csv, markdown or latex.</param>
    /// <param name="against">What each checkpoint is compared with: baseline, or before (the row above; an ablation with the whole method).</param>
    private static Results<FileContentHttpResult, NotFound, ValidationProblem> Export(
        string id,
        string format,
        EvaluationResults results,
        string against = "baseline"
    )
    {
        if (
            !TryRead<ComparedWith>("against", against, out var other, out var problem)
            || !TryRead<TableFormat>("format", format, out var wanted, out problem)
        )
            return problem;
        if (results.Of(id) is not { } result)
            return TypedResults.NotFound();
        var (type, extension) = wanted switch
        {
            TableFormat.Csv => ("text/csv", "csv"),
            TableFormat.Markdown => ("text/markdown", "md"),
            _ => ("application/x-tex", "tex"),
        };
        return TypedResults.File(
            System.Text.Encoding.UTF8.GetBytes(EvaluationExport.Write(result, other, wanted)),
            $"{type}; charset=utf-8",
            $"{id}.{extension}"
        );
    }

    /// <param name="first">Place of a checkpoint in the table, from 0.</param>
    /// <param name="second">Place of the other, which the choice is about.</param>
    /// <param name="choice">all; best: the second right, the first wrong; worst: the second wrong. The surest first.</param>
    private static Results<Ok<Page<ComparedAnswers>>, NotFound, ValidationProblem> Answers(
        string id,
        EvaluationResults results,
        [Range(0, CreateEvaluation.MostCheckpoints - 1)] int first,
        [Range(0, CreateEvaluation.MostCheckpoints - 1)] int second,
        string choice = "all",
        [Range(0, int.MaxValue)] int offset = 0,
        [Range(1, MostAtOnce)] int limit = 50
    )
    {
        if (!TryRead<ImageChoice>("choice", choice, out var wanted, out var problem))
            return problem;
        if (results.Of(id) is not { } result)
            return TypedResults.NotFound();
        var last = result.Checkpoints.Count - 1;
        if (Invalid.OutOfRange(("first", first, 0, last), ("second", second, 0, last)) is { } outside)
            return outside;
        var answers = result.Compare(first, second, wanted);
        return TypedResults.Ok(new Page<ComparedAnswers>([.. answers.Skip(offset).Take(limit)], answers.Count, offset));
    }

    private static Results<CreatedAtRoute<EvaluationSummary>, ProblemHttpResult> Create(
        CreateEvaluation wanted,
        EvaluationDesk desk,
        ClaimsPrincipal user
    )
    {
        try
        {
            var evaluation = desk.Order(wanted, user.Identity?.Name ?? "");
            return TypedResults.CreatedAtRoute(evaluation, "GetEvaluation", new { id = evaluation.Id });
        }
        catch (EvaluationException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest);
        }
    }

    private static Results<Accepted<EvaluationSummary>, NotFound> Retry(string id, EvaluationService evaluations) =>
        evaluations.Find(id) is null
            ? TypedResults.NotFound()
            : TypedResults.Accepted($"/api/v1/evaluations/{id}", evaluations.Retry(id));

    private static Results<NoContent, NotFound> Delete(string id, EvaluationService evaluations)
    {
        if (evaluations.Find(id) is null)
            return TypedResults.NotFound();
        evaluations.Delete(id);
        return TypedResults.NoContent();
    }

    private static bool TryRead<T>(
        string field,
        string text,
        out T value,
        [NotNullWhen(false)] out ValidationProblem? problem
    )
        where T : struct, Enum
    {
        var known = Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value);
        problem = known
            ? null
            : Invalid.Field(
                field,
                $"{field} is '{text}'; it must be one of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}."
            );
        return known;
    }
}
