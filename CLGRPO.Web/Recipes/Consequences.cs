using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Recipes;

/// <summary>A number that follows from a stage's settings.</summary>
/// <param name="Sum">How it comes about, such as <c>32 × 8 =</c>; empty where it is a setting itself.</param>
/// <param name="Problem">What is wrong with it; null: nothing.</param>
public sealed record Consequence(string Name, string Sum, string Value, string? Problem = null);

/// <summary>What follows from settings: batches, updates, steps, pictures.</summary>
public static class Consequences
{
    /// <param name="samples">Of the training split; null where the data set is not known.</param>
    public static IReadOnlyList<Consequence> Of(Stage stage, int? samples) =>
        stage.Grpo is { } grpo ? OfGrpo(grpo, samples) : OfSft(stage.Sft!, samples);

    /// <summary>Of all stages together.</summary>
    public static IReadOnlyList<Consequence> Of(Recipe recipe, int? samples)
    {
        var steps = recipe.Stages.Select(stage => OptimizerSteps(stage, samples)).ToList();
        var sampled = recipe.Stages.Sum(stage => stage.Grpo is { } grpo ? (long)grpo.Steps * grpo.RolloutsPerStep : 0);
        return
        [
            new("stages", "", Number(recipe.Stages.Count)),
            new("training samples", "", samples is { } known ? Number(known) : "not known"),
            new("optimizer steps", "", steps.Contains(null) ? "not known" : Number(steps.Sum(step => (long)step!))),
            new("completions sampled", "", Number(sampled)),
        ];
    }

    private static long? OptimizerSteps(Stage stage, int? samples) =>
        stage.Grpo?.OptimizerSteps
        ?? stage.Sft!.MaxSteps
        ?? (samples is { } count ? stage.Sft.TotalSteps(count) : null);

    private static List<Consequence> OfGrpo(Training.Grpo.GrpoConfig grpo, int? samples)
    {
        var images = (long)grpo.Steps * grpo.PromptsPerStep;
        return
        [
            new("completions per batch", $"{grpo.PromptsPerStep} × {grpo.GroupSize} =", Number(grpo.RolloutsPerStep)),
            new(
                "groups per batch",
                $"{Number(grpo.RolloutsPerStep)} ÷ {grpo.GroupSize} =",
                Number(grpo.PromptsPerStep)
            ),
            new(
                "effective batch",
                $"{Number(grpo.RolloutsPerStep)} ÷ {grpo.MiniBatches} =",
                Number(grpo.MiniBatchSize)
            ),
            new("micro-batches per step", "", Number(grpo.GradientAccumulationSteps)),
            new(
                "updates, U",
                $"{grpo.MiniBatches} × {grpo.NumIterations} =",
                Number((long)grpo.UpdatesPerRollout),
                grpo.UpdatesPerRollout > 1 ? null
                    : grpo.Clip.IsClipLow ? "must be above 1"
                    : "the clip cannot act"
            ),
            new("optimizer steps", $"{grpo.Steps} × {(long)grpo.UpdatesPerRollout} =", Number(grpo.OptimizerSteps)),
            new("completions sampled", "", Number((long)grpo.Steps * grpo.RolloutsPerStep)),
            new("images seen", $"{Number(images)},", Epochs(images, samples)),
        ];
    }

    private static List<Consequence> OfSft(Training.Sft.SftConfig sft, int? samples)
    {
        var steps = sft.MaxSteps ?? (samples is { } count ? sft.TotalSteps(count) : null);
        var images = steps * (long)sft.BatchSize;
        return
        [
            new("effective batch", "", Number(sft.BatchSize)),
            new("micro-batches per step", "", Number((sft.BatchSize + sft.MicroBatchSize - 1) / sft.MicroBatchSize)),
            new(
                "optimizer steps",
                sft.MaxSteps is null && samples is { } size
                    ? $"{sft.Epochs:0.##} × {Number(size)} ÷ {sft.BatchSize} ="
                    : "",
                steps is { } known ? Number(known) : "not known"
            ),
            new(
                "images seen",
                images is { } all ? $"{Number(all)}," : "",
                images is { } seen ? Epochs(seen, samples) : "not known"
            ),
        ];
    }

    private static string Epochs(long images, int? samples) =>
        samples is > 0 and { } count ? $"{(double)images / count:0.##} epochs" : "of a data set not here";

    private static string Number(long number) => number.ToString("N0");
}
