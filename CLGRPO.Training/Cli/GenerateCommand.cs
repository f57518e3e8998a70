using System.CommandLine;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary><c>generate</c>: what a model writes about an image.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var images = CommonOptions.Images();
        var prompt = CommonOptions.Prompt();
        var system = CommonOptions.System();
        var maxTokens = new Option<int>("--max-tokens")
        {
            Description = "Tokens at which a completion is cut",
            DefaultValueFactory = _ => 256,
        };
        var samples = new Option<int>("--samples")
        {
            Description = "Completions to write; more than one needs a temperature",
            DefaultValueFactory = _ => 1,
        };
        var ids = new Option<bool>("--ids")
        {
            Description = "Print the token ids that were written, the end token included, in place of the text",
        };
        var sampling = new SamplingOptions();
        var device = CommonOptions.Device();
        var command = new Command(
            "generate",
            "Prints what a model writes about an image; the most likely tokens unless a temperature is given"
        )
        {
            model,
            images,
            prompt,
            system,
            maxTokens,
            samples,
            ids,
            device,
        };
        sampling.AddTo(command);
        command.SetAction(parsed =>
        {
            var lines = Generate(
                parsed.GetValue(model)!,
                parsed.GetValue(images)!,
                parsed.GetValue(system),
                parsed.GetValue(prompt),
                sampling.Read(parsed),
                CommonOptions.AtLeastOne(parsed, samples),
                CommonOptions.AtLeastOne(parsed, maxTokens),
                parsed.GetValue(ids),
                CommonOptions.DeviceOf(parsed, device)
            );
            foreach (var line in lines)
            {
                parsed.InvocationConfiguration.Output.WriteLine(line);
            }
        });
        return command;
    }

    private static List<string> Generate(
        string folder,
        string[] images,
        string? system,
        string? prompt,
        SamplingConfig sampling,
        int samples,
        int maxTokens,
        bool ids,
        Device device
    )
    {
        var trained = TrainedModel.Find(folder);
        var texts = TrainedModel.Texts(trained, system, prompt);
        using var scope = NewDisposeScope();
        using var model = PretrainedModel.Load(folder, device);
        var question = new Question(model, trained, texts.System, texts.Question, images);
        using var sampler = new RolloutSampler(
            model.Model,
            sampling,
            model.Settings.StopTokens.ToHashSet(),
            NeverSampled.Of(model.Tokenizer, model.Model.Config.Language.VocabularySize)
        );
        var room = model.Model.Config.Language.Places - question.Ids.Length;
        var group = sampler.Sample(
            [new Prompt(question.Ids, Sample: 0, Stream: 0)],
            samples,
            Math.Min(maxTokens, room),
            _ => question.Features(model.Model)
        )[0];
        return
        [
            .. group.Completions.Select(completion =>
                ids ? string.Join(' ', completion.Ids) : model.Tokenizer.Decode(completion.Ids, skipSpecialTokens: true)
            ),
        ];
    }
}
