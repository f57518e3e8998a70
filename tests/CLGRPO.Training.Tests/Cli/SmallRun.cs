using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Cli;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using TorchSharp;

namespace CLGRPO.Training.Tests.Cli;

/// <summary>A data set of a few images and an untrained model: once as a checkpoint of a run, once as a folder of its own.</summary>
public sealed class SmallRun : IDisposable
{
    private const string RecipeYaml = """
        name: small
        dataset: emoscenes
        model:
          preset: nano
          vision: { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 }
          language: { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 32 }
        prompt: { system: "", cot: "Which emotion? Think.", answer: "Which of {labels}?" }
        stages:
          - { name: stage-1, kind: sft, from: none, epochs: 1 }
        """;

    private readonly TemporaryFolder _folder = new();

    public SmallRun()
    {
        Dataset = EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = 24,
                Validation = 8,
                Test = 16,
            },
            Datasets
        );
        var recipe = RecipeReader.Parse(RecipeYaml);
        using var model = NanoModel.Create(recipe, Dataset, torch.CPU);
        model.Save(Model);
        model.Save(Checkpoint);
        File.WriteAllText(Path.Combine(_folder.Path, "run", "recipe.yaml"), recipe.ToYaml());
        File.WriteAllText(Path.Combine(Checkpoint, "state.json"), State(recipe).ToJson());
    }

    public string Datasets => _folder.File("datasets");

    public DatasetVersion Dataset { get; }

    /// <summary>A model folder that no run knows.</summary>
    public string Model => _folder.File("model");

    public string Checkpoint => Path.Combine(_folder.Path, "run", "checkpoints", "step-0000001");

    public string Image => Dataset.ImagePath(Dataset.Test[0]);

    public string Temporary(string name) => _folder.File(name);

    /// <summary>Runs the command line in this process.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(args, output, error);
        return (code, output.ToString(), error.ToString());
    }

    public void Dispose() => _folder.Dispose();

    private CheckpointState State(Recipe recipe) =>
        new()
        {
            Stage = "stage-1",
            Progress = new StageProgress(Step: 1),
            RunStep = 1,
            OptimizerSteps = 1,
            RecipeHash = recipe.ContentHash(),
            DatasetHash = Dataset.Hash,
        };
}
