using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Data.Runs;
using CLGRPO.Golden;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Cli;
using CLGRPO.Training.Tests.Models;
using CLGRPO.Training.Tests.Stages;

namespace CLGRPO.Training.Tests.RealModels;

/// <summary>All four stages on a folder that transformers wrote and on pictures of several tiles, through the program itself.</summary>
public sealed class FourStageTests : IDisposable
{
    private const int MaxTiles = 4;
    private static readonly string[] s_stages = ["sft", "format", "reasoning", "clip-low"];
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Models => [.. InternVlModel.Names(GoldenSet.GivenInternVl)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Train_FourStages_EndsInACheckpointThatLoadsAndGenerates(string name)
    {
        var dataset = PictureDataset.Write(_folder.File("datasets"));
        var start = Path.Combine(GoldenSet.GivenInternVl, name + "-hf");
        File.WriteAllText(_folder.File("recipe.yaml"), Recipe(start));
        using (
            var process = RunProcess.Train(
                _folder.File("recipe.yaml"),
                "--run",
                _folder.File("run"),
                "--datasets",
                _folder.File("datasets")
            )
        )
            Assert.True(process.WaitForEnd() == 0, process.Output);

        var run = RunDirectory.Open(_folder.File("run"));
        var finished = new StageLedger(run).Finished;
        Assert.Equal(s_stages.Order(), finished.Keys.Order());
        Assert.All(s_stages, stage => Assert.True(File.Exists(Path.Combine(run.EvaluationsPath, stage + ".json"))));
        AssertEveryStageMovedTheWeights(start, [.. s_stages.Select(stage => Checkpoint(run, finished, stage))]);
        AssertTilesTravelled(run, dataset, start);
        await AssertGenerates(Checkpoint(run, finished, s_stages[^1]), dataset);
    }

    private static string Recipe(string model) =>
        $$"""
            name: tiny-internvl
            seed: 1
            dataset: {{PictureDataset.Name}}
            model: { path: {{model}} }
            image: { max_tiles: {{MaxTiles}} }
            prompt: { system: "You are a careful observer.", cot: "Which emotion?", answer: "Which emotion?" }
            stages:
              - { name: sft, kind: sft, from: none, max_steps: 30, batch_size: 4, micro_batch_size: 4, learning_rate: 1e-2, warmup_steps: 4, validate_every: 0, checkpoint_every: 100, keep: last }
              - { name: format, kind: grpo, from: sft, rewards: [{ name: format }], steps: 2, prompts_per_step: 4, group_size: 4, mini_batches: 2, learning_rate: 1e-3, warmup_steps: 0, max_completion_tokens: 48, sampling: { temperature: 1.3 } }
              - { name: reasoning, kind: grpo, from: format, rewards: [{ name: format }, { name: accuracy }], steps: 2, prompts_per_step: 4, group_size: 4, mini_batches: 2, learning_rate: 1e-3, warmup_steps: 0, max_completion_tokens: 48, sampling: { temperature: 1.3 } }
              - { name: clip-low, kind: grpo, from: reasoning, rewards: [{ name: format }, { name: accuracy }], steps: 2, prompts_per_step: 4, group_size: 4, mini_batches: 2, learning_rate: 1e-3, warmup_steps: 0, max_completion_tokens: 48, sampling: { temperature: 1.3 }, epsilon_low: 0.2, epsilon_high: 0.1, trainable: { vision: true } }
            """;

    private static string Checkpoint(
        RunDirectory run,
        IReadOnlyDictionary<string, FinishedStage> finished,
        string stage
    ) => Path.Combine(run.CheckpointsPath, finished[stage].Checkpoint);

    private static void AssertEveryStageMovedTheWeights(string start, string[] checkpoints)
    {
        float[] Weights(string folder)
        {
            using var model = PretrainedModel.Load(folder);
            return Tiny.Floats(model.Model.Parameters.Weights);
        }
        var before = Weights(start);
        foreach (var checkpoint in checkpoints)
        {
            var after = Weights(checkpoint);
            Assert.All(after, weight => Assert.True(float.IsFinite(weight)));
            Assert.False(before.AsSpan().SequenceEqual(after), $"{checkpoint} has its parent's weights.");
            before = after;
        }
    }

    /// <summary>Every rollout was sampled with as many tiles as its picture has under the recipe's limit.</summary>
    private static void AssertTilesTravelled(RunDirectory run, DatasetVersion dataset, string model)
    {
        using var pretrained = PretrainedModel.Load(model);
        var preprocessor = new ImagePreprocessor(pretrained.Images with { MaxTiles = MaxTiles });
        var pictures = dataset.Train.ToDictionary(sample => sample.Id, dataset.ImagePath, StringComparer.Ordinal);
        var groups = s_stages[1..]
            .SelectMany(stage => Enumerable.Range(1, 2).SelectMany(step => RolloutLog.Read(run, step, stage)))
            .ToList();
        Assert.Equal(3 * 2 * 4, groups.Count);
        Assert.All(
            groups,
            group =>
                Assert.Equal(
                    preprocessor.Preprocess(ImageDecoder.Decode(pictures[group.Sample])).TileCount,
                    group.Tiles
                )
        );
        Assert.Contains(groups, group => group.Tiles > 1);
        Assert.True(groups.Select(group => group.Tiles).Distinct().Count() > 1, "All pictures have the same tiles.");
        Assert.Contains(groups, group => group.Completions.Any(completion => completion.Reward > 0));
    }

    private static async Task AssertGenerates(string checkpoint, DatasetVersion dataset)
    {
        string[] arguments = ["generate", "--model", checkpoint, "--image", dataset.ImagePath(dataset.Test[0])];
        var (code, output, error) = await SmallRun.RunAsync([.. arguments, "--max-tokens", "48"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("<answer>", output, StringComparison.Ordinal);
    }
}
