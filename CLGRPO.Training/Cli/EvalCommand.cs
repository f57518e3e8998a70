using System.CommandLine;
using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Cli;

/// <summary><c>eval</c>: asks a model about every image of a split.</summary>
internal sealed class EvalCommand
{
    private const int LongestCompletion = 256;

    /// <summary>Images that are asked about before their answers are written: what a kill costs, and how often progress shows.</summary>
    private const int PartSize = 256;

    private readonly Option<string> _model = CommonOptions.Model();
    private readonly Option<string> _dataset = new("--dataset")
    {
        Description = "A data set's name, or name@hash",
        Required = true,
    };
    private readonly Option<string> _datasets = CommonOptions.Datasets();
    private readonly Option<string> _split = new("--split")
    {
        Description = "Which part of it",
        DefaultValueFactory = _ => Split.Test.Key(),
    };
    private readonly Option<CompletionStyle?> _completion = new("--completion")
    {
        Description = "Reasoning and answer, or the answer alone; by default as the checkpoint was trained, else cot",
    };
    private readonly Option<string?> _prompt = CommonOptions.Prompt();
    private readonly Option<string?> _system = CommonOptions.System();
    private readonly Option<int?> _maxTokens = new("--max-tokens")
    {
        Description = $"Tokens at which a completion is cut; by default as in the run, else {LongestCompletion}",
    };
    private readonly Option<int?> _limit = new("--limit") { Description = "Only the first images, for a quick look" };
    private readonly SamplingOptions _sampling = new();
    private readonly Option<string?> _output = new("--output")
    {
        Description = "Also write the scores to this JSON file",
    };
    private readonly Option<string?> _answers = new("--answers")
    {
        Description = "Also write every answer to this file of JSON lines; goes on with what is there",
    };
    private readonly Option<bool> _withParent = ParentInput.Option();
    private readonly Option<int?> _workers = CommonOptions.Workers();
    private readonly Option<string> _device = CommonOptions.Device();

    public static Command Create() => new EvalCommand().Build();

    private Command Build()
    {
        _split.AcceptOnlyFromAmong([.. Splits.All.Select(part => part.Key())]);
        var command = new Command(
            "eval",
            "Prints accuracy, macro recall, format rate, per-class table and confusion matrix of a model on a data set"
        )
        {
            _model,
            _dataset,
            _datasets,
            _split,
            _completion,
            _prompt,
            _system,
            _maxTokens,
            _limit,
            _output,
            _answers,
            _withParent,
            _workers,
            _device,
        };
        _sampling.AddTo(command);
        command.SetAction(parsed =>
        {
            var path = CommonOptions.OutputPath(parsed, _output);
            var sheet = CommonOptions.OutputPath(parsed, _answers);
            if (parsed.GetValue(_withParent))
                _ = ExitWithInputAsync();
            var evaluation = Evaluate(parsed, sheet);
            parsed.InvocationConfiguration.Output.Write(evaluation.ToText());
            if (path is not null)
            {
                AtomicFile.WriteText(path, evaluation.ToJson() + "\n");
            }
        });
        return command;
    }

    private SplitEvaluation Evaluate(ParseResult parsed, string? sheetPath)
    {
        var folder = parsed.GetValue(_model)!;
        var trained = TrainedModel.Find(folder);
        var style = parsed.GetValue(_completion) ?? trained?.Stage.Completion ?? CompletionStyle.Cot;
        var version = DatasetVersion.Open(DatasetVersion.Find(parsed.GetValue(_datasets)!, parsed.GetValue(_dataset)!));
        var texts = TrainedModel.Texts(
            trained,
            parsed.GetValue(_system),
            parsed.GetValue(_prompt),
            style,
            version.Info.Labels
        );
        var prompt = new PromptConfig
        {
            System = texts.System,
            Cot = texts.Question,
            Answer = texts.Question,
        };
        var split = Splits.All.First(part => part.Key() == parsed.GetValue(_split));
        var sampling = _sampling.Read(parsed);
        var maxTokens =
            CommonOptions.AtLeastOne(parsed, _maxTokens)
            ?? (trained is null ? LongestCompletion : StageRunner.MaxTokens(trained.Recipe, trained.Stage));
        var limit = CommonOptions.AtLeastOne(parsed, _limit);

        var device = CommonOptions.DeviceOf(parsed, _device);
        using var model = PretrainedModel.Load(folder, device);
        using var threads = new WorkerThreads(ComputeDevice.Workers(device, parsed.GetValue(_workers)));
        using var policy = new PolicyReplicas(model.Model, threads, new HashSet<ModelPart>());
        var images = trained?.Recipe.Image.Limit(model.Images) ?? model.Images;
        var tiles = new ImageTiles(version, images);
        var prepared = new PreparedSplit(version, split, model, tiles, prompt, style);
        prepared.RequirePlaces(model.Model.Config.Language, maxTokens);
        var evaluator = new Evaluator(policy, prepared, model.Tokenizer, maxTokens);
        var count = Math.Min(limit ?? int.MaxValue, evaluator.Count);
        var predictions = sheetPath is null
            ? [.. evaluator.Evaluate(sampling, 0, count).Select(answer => answer.Prediction)]
            : Write(sheetPath);
        return SplitEvaluation.Of(folder, version, split, style, sampling.Temperature, predictions);

        IReadOnlyList<Prediction> Write(string path)
        {
            var terms = new AnswerSheetTerms(
                version.Name,
                version.Hash,
                split.Key(),
                count,
                version.Info.Labels,
                style.ToString().ToLowerInvariant(),
                sampling.Temperature,
                sampling.Seed,
                maxTokens
            );
            AnswerSheet.Write(
                path,
                terms,
                first => evaluator.Evaluate(sampling, first, Math.Min(PartSize, count - first))
            );
            return AnswerSheet.Read(path).Predictions;
        }
    }

    /// <summary>What is written so far is kept, and gone on with the next time.</summary>
    private static async Task ExitWithInputAsync()
    {
        await ParentInput.EndAsync();
        Environment.Exit(130);
    }
}
