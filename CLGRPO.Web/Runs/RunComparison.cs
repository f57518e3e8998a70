using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Runs;

/// <summary>A setting of several runs.</summary>
/// <param name="Values">One for each run; null where its recipe has none of that name.</param>
/// <param name="Differs">Between runs that have its stage; that a run lacks a stage is one difference, in a row of that stage.</param>
public sealed record ComparedSetting(string Name, IReadOnlyList<string?> Values, bool Differs);

/// <summary>A result of several runs.</summary>
/// <param name="Name">A metric, or <c>train_seconds</c>.</param>
/// <param name="Values">One for each run; null where it has none yet.</param>
public sealed record ComparedResult(string Name, IReadOnlyList<double?> Values);

/// <summary>Metrics of a stage that at least one of the runs has.</summary>
public sealed record ComparedStage(string Name, IReadOnlyList<string> Metrics);

/// <summary>Several runs beside each other.</summary>
/// <param name="Settings">All settings of all recipes.</param>
/// <param name="Results">Of the newest evaluation on held-out images, the newest step, and the time.</param>
public sealed record RunComparison(
    IReadOnlyList<RunSummary> Runs,
    IReadOnlyList<ComparedSetting> Settings,
    IReadOnlyList<ComparedResult> Results,
    IReadOnlyList<ComparedStage> Stages
)
{
    /// <summary>Runs that are compared at the most.</summary>
    public const int Most = 20;
}

/// <summary>Puts runs beside each other.</summary>
internal sealed class RunComparer(TrainingService training, RunHistories histories)
{
    /// <param name="ids">Those that are not known are left out.</param>
    public RunComparison Compare(IEnumerable<string> ids)
    {
        var runs = ids.Distinct(StringComparer.Ordinal)
            .Take(RunComparison.Most)
            .Select(training.Find)
            .OfType<RunSummary>()
            .ToList();
        return new RunComparison(
            runs,
            Settings(runs),
            [.. Results(runs).Where(result => result.Values.Any(value => value is not null))],
            Stages(runs)
        );
    }

    private List<ComparedSetting> Settings(List<RunSummary> runs)
    {
        var recipes = runs.ConvertAll(run => RunSettings.Of(File.ReadAllText(training.Directory(run.Id)!.RecipePath)));
        var partial = runs.SelectMany(run => run.Stages)
            .Distinct(StringComparer.Ordinal)
            .Where(stage => runs.Exists(run => !run.Stages.Contains(stage, StringComparer.Ordinal)))
            .ToList();
        var stages = partial.Select(stage => new ComparedSetting(
            stage,
            recipes.ConvertAll(recipe => recipe.GetValueOrDefault($"{stage}.kind")),
            Differs: true
        ));
        var settings = recipes
            .SelectMany(recipe => recipe.Keys)
            .Distinct(StringComparer.Ordinal)
            .Select(name =>
            {
                var values = recipes.ConvertAll(recipe => recipe.GetValueOrDefault(name));
                var lacks = partial.Exists(stage => name.StartsWith(stage + ".", StringComparison.Ordinal));
                var compared = lacks ? values.Where(value => value is not null) : values;
                return new ComparedSetting(name, values, compared.Distinct(StringComparer.Ordinal).Skip(1).Any());
            });
        return [.. stages, .. settings];
    }

    private IEnumerable<ComparedResult> Results(List<RunSummary> runs)
    {
        var scores = runs.ConvertAll(run =>
            histories
                .Of(training.Directory(run.Id)!)
                .Read(history => history.Stages.LastOrDefault(stage => stage.Scores.Count > 0)?.Scores)
        );
        foreach (var name in scores.SelectMany(of => of?.Keys ?? []).Distinct(StringComparer.Ordinal))
            yield return new(
                name,
                scores.ConvertAll(of => of is not null && of.TryGetValue(name, out var score) ? score : (double?)null)
            );
        yield return new("reward", runs.ConvertAll(run => RunWords.Metric(run, "reward")));
        yield return new("entropy", runs.ConvertAll(run => RunWords.Metric(run, "entropy")));
        yield return new("tokens_per_second", runs.ConvertAll(RunWords.TokensPerSecond));
        yield return new(
            "train_seconds",
            runs.ConvertAll(run =>
                new StageLedger(training.Directory(run.Id)!).Finished is { Count: > 0 } done
                    ? done.Values.Sum(stage => stage.TrainSeconds)
                    : (double?)null
            )
        );
    }

    private List<ComparedStage> Stages(List<RunSummary> runs)
    {
        var known = runs.SelectMany(run =>
                histories
                    .Of(training.Directory(run.Id)!)
                    .Read(history =>
                        history.Stages.Select(stage => (stage.Name, Metrics: stage.Now.Names.ToList())).ToList()
                    )
            )
            .ToList();
        return
        [
            .. from stage in runs.SelectMany(run => run.Stages).Distinct(StringComparer.Ordinal)
            let metrics = known
                .Where(item => item.Name == stage)
                .SelectMany(item => item.Metrics)
                .Distinct(StringComparer.Ordinal)
                .ToList()
            where metrics.Count > 0
            select new ComparedStage(stage, metrics),
        ];
    }
}
