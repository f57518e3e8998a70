using System.CommandLine;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary><c>generate</c>: what a model writes about an image.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var image = new Option<string?>("--image")
        {
            Description = "A PNG, JPEG or WebP; without it the prompt is text alone",
        };
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
        var sampling = new SamplingOptions();
        var device = CommonOptions.Device();
        var command = new Command(
            "generate",
            "Prints what a model writes about an image; the most likely tokens unless a temperature is given"
        )
        {
            model,
            image,
            prompt,
            system,
            maxTokens,
            samples,
            device,
        };
        sampling.AddTo(command);
        command.SetAction(parsed =>
        {
            var texts = Generate(
                parsed.GetValue(model)!,
                parsed.GetValue(image),
                parsed.GetValue(system),
                parsed.GetValue(prompt),
                sampling.Read(parsed),
                CommonOptions.AtLeastOne(parsed, samples),
                CommonOptions.AtLeastOne(parsed, maxTokens),
                CommonOptions.DeviceOf(parsed, device)
            );
            foreach (var text in texts)
            {
                parsed.InvocationConfiguration.Output.WriteLine(text);
            }
        });
        return command;
    }

    private static List<string> Generate(
        string folder,
        string? image,
        string? system,
        string? prompt,
        SamplingConfig sampling,
        int samples,
        int maxTokens,
        Device device
    )
    {
        var texts = TrainedModel.Texts(TrainedModel.Find(folder), system, prompt);
        using var scope = NewDisposeScope();
        using var model = PretrainedModel.Load(folder, device);
        var question = new Question(model, texts.System, texts.Question, image);
        var special = model.Tokenizer.SpecialTokens;
        using var sampler = new RolloutSampler(
            model.Model,
            sampling,
            model.Settings.StopTokens.ToHashSet(),
            [special.Img, special.ImgEnd, special.ImgContext]
        );
        var room = model.Model.Config.Language.MaxPositions - question.Ids.Length;
        var group = sampler.Sample(
            [new Prompt(question.Ids, Sample: 0, Stream: 0)],
            samples,
            Math.Min(maxTokens, room),
            _ => question.Features(model.Model)
        )[0];
        return
        [
            .. group.Completions.Select(completion => model.Tokenizer.Decode(completion.Ids, skipSpecialTokens: true)),
        ];
    }
}
