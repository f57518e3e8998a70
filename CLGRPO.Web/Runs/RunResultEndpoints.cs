using System.ComponentModel.DataAnnotations;
using CLGRPO.Training.Evaluation;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Runs;

/// <summary>REST of what a run's stages came to.</summary>
internal static class RunResultEndpoints
{
    private const int MostAtOnce = 1000;

    public static void MapResults(this RouteGroupBuilder runs)
    {
        runs.MapGet("/{id}/stages", Stages)
            .WithName("ListRunStages")
            .WithSummary("Lists the stages: where each stands, what it handed on");
        runs.MapGet("/{id}/evaluations", Evaluations)
            .WithName("GetRunEvaluations")
            .WithSummary("Gets the scores of the evaluated stages, with intervals and a comparison with the baseline");
        runs.MapGet("/{id}/evaluations/{stage}", Answers)
            .WithName("ListRunAnswers")
            .WithSummary("Lists what a stage answered about the held-out pictures");
    }

    private static Results<Ok<IReadOnlyList<RunStage>>, NotFound> Stages(string id, TrainingService training) =>
        training.Directory(id) is { } run ? TypedResults.Ok(RunResults.Stages(run)) : TypedResults.NotFound();

    private static Results<Ok<EvaluationReport>, NotFound> Evaluations(
        string id,
        TrainingService training,
        RunResults results
    ) =>
        training.Directory(id) is { } run && results.Report(run) is { } report
            ? TypedResults.Ok(report)
            : TypedResults.NotFound();

    /// <param name="sampled">Those sampled at temperature 1 instead of the most probable ones.</param>
    private static Results<Ok<Page<RunAnswer>>, NotFound, ValidationProblem> Answers(
        string id,
        string stage,
        TrainingService training,
        bool sampled = false,
        [Range(0, int.MaxValue)] int offset = 0,
        [Range(1, MostAtOnce)] int limit = 100
    )
    {
        // A stage is one of the recipe's: what comes from outside is compared, not made into a path.
        if (
            training.Directory(id) is not { } run
            || training.Find(id)?.Stages.FirstOrDefault(name => name == stage) is not { } known
            || RunResults.Answers(run, known, sampled) is not { } answers
        )
            return TypedResults.NotFound();
        return TypedResults.Ok(new Page<RunAnswer>([.. answers.Skip(offset).Take(limit)], answers.Count, offset));
    }
}
