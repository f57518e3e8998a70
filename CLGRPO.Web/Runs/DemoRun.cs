using CLGRPO.Data.Runs;
using CLGRPO.Training.Stages;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Runs;

/// <summary>Queues the demonstration where the lab has no run yet, so that a newcomer sees a model learn (setting <c>Training:DemoRecipe</c>).</summary>
public sealed partial class DemoRun(
    TrainingService training,
    IOptions<TrainingOptions> options,
    TimeProvider clock,
    ILogger<DemoRun> log
) : IHostedService
{
    /// <summary>What the run is tagged with.</summary>
    public const string Tag = "demo";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.DemoRecipe is { Length: > 0 } path && !IsAnyRun())
        {
            var recipe = RecipeReader.ReadFile(path);
            var card = new RunCard
            {
                By = "the site",
                Note = "The demonstration: a model of a million parameters, four stages.",
                Tags = [Tag],
            };
            var run = training.Create(RunRecipe.IdOf(recipe, clock.GetUtcNow()), recipe.ToYaml(), card);
            LogQueued(run.Id);
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private bool IsAnyRun() =>
        Directory.Exists(options.Value.RunsPath)
        && Directory.EnumerateDirectories(options.Value.RunsPath).Any(RunDirectory.Exists);

    [LoggerMessage(LogLevel.Information, "No run yet: the demonstration is queued as {Run}")]
    private partial void LogQueued(string run);
}

/// <summary>Says at start what is wrong with the demonstration's recipe, not when it is wanted.</summary>
internal sealed class DemoRecipeCheck : IValidateOptions<TrainingOptions>
{
    public ValidateOptionsResult Validate(string? name, TrainingOptions options)
    {
        if (options.DemoRecipe is not { Length: > 0 } path)
            return ValidateOptionsResult.Success;
        try
        {
            RecipeReader.ReadFile(path);
            return ValidateOptionsResult.Success;
        }
        catch (Exception e) when (e is RecipeException or IOException or UnauthorizedAccessException)
        {
            return ValidateOptionsResult.Fail($"Training:DemoRecipe: {e.Message}");
        }
    }
}
