using CLGRPO.Data.Runs;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Reproduction;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Reproduction;

/// <summary>Run folders as training leaves them behind, with evaluations of ten images and no weights.</summary>
internal sealed class FakeRuns : IDisposable
{
    public const string RecipeYaml = """
        name: fake
        dataset: emoscenes
        model: { preset: nano }
        prompt: { system: "", cot: "Think.", answer: "Which?" }
        stages:
          - { name: baseline, kind: sft, from: none, completion: answer, epochs: 1 }
          - { name: baseline-long, kind: sft, from: none, completion: answer, epochs: 2 }
          - { name: stage-1, kind: sft, from: none, epochs: 1 }
          - { name: stage-2, kind: grpo, from: stage-1, rewards: [{ name: format }], steps: 1 }
          - { name: stage-3, kind: grpo, from: stage-2, steps: 2 }
          - { name: stage-4, kind: grpo, from: stage-3, steps: 2, epsilon_high: 0.05 }
          - { name: control-symmetric, kind: grpo, from: stage-3, steps: 2 }
          - { name: sweep-u16-0.05, kind: grpo, from: stage-3, steps: 2 }
          - { name: sweep-u4-0.28, kind: grpo, from: stage-3, steps: 2 }
          - { name: sweep-u4-0.05, kind: grpo, from: stage-3, steps: 2 }
        """;

    private static readonly string[] Labels = ["awe", "fear"];
    private readonly TemporaryFolder _folder = new();

    public string Path => _folder.Path;

    public ReproductionFolder Folder => new(Path);

    /// <summary>A run whose stages got so many of ten images right, greedily; one fewer when sampled.</summary>
    /// <param name="seed">Names the folder.</param>
    /// <param name="right">Stage → images.</param>
    /// <param name="validation">Stage → validation accuracies, in the order of time.</param>
    /// <param name="steps">Stage → the KL of each step.</param>
    public SeedRun Add(
        int seed,
        Dictionary<string, int> right,
        Dictionary<string, double[]>? validation = null,
        Dictionary<string, double[]>? steps = null
    )
    {
        var recipe = RecipeReader.Parse(RecipeYaml).WithSeed(seed);
        var run = RunDirectory.Create(Folder.RunPath(seed), recipe.ToYaml(), "{}");
        foreach (var (stage, count) in right)
        {
            new StageEvaluation(stage, "EmoScenes", Labels, Answer(count), Answer(count - 1)).Save(
                StageEvaluation.PathOf(run, stage)
            );
        }
        using var runLock = run.Lock();
        using var events = RunEvents.Open(runLock);
        foreach (var (stage, accuracies) in validation ?? [])
        {
            foreach (var accuracy in accuracies)
            {
                events.Append(RunEvent.Evaluated(1, One("eval_accuracy", accuracy), stage: stage));
            }
        }
        foreach (var (stage, values) in steps ?? [])
        {
            for (var i = 0; i < values.Length; i++)
            {
                events.Append(RunEvent.StepDone(i + 1, One("kl", values[i]), stage));
            }
        }
        events.Append(RunEvent.End("completed"));
        return SeedRun.Read(run);
    }

    public void Dispose() => _folder.Dispose();

    // The first images are right; truth alternates.
    private static Answers Answer(int right) =>
        new(
            [
                .. Enumerable
                    .Range(0, 10)
                    .Select(i => new Prediction(i % 2, i < right ? i % 2 : 1 - (i % 2), WellFormed: i < 9, Tokens: 20)),
            ],
            [.. Enumerable.Repeat("", 10)]
        );

    private static Dictionary<string, double> One(string name, double value) =>
        new(StringComparer.Ordinal) { [name] = value };
}
