using System.CommandLine;
using CLGRPO.Training.Checkpoints;

namespace CLGRPO.Training.Cli;

/// <summary><c>model merge</c>: adds a LoRA adapter, ours or peft's, into the model it was made for.</summary>
internal static class ModelMergeCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("model") { Description = "The folder of the model the adapter was made for" };
        var adapter = new Argument<string>("adapter")
        {
            Description = "A folder with adapter_config.json and adapter_model.safetensors, as peft writes it",
        };
        var target = new Argument<string>("target") { Description = "Where to; must not exist" };
        var command = new Command("merge", "Adds a LoRA adapter into its model's weights") { folder, adapter, target };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(target)!;
            if (Path.Exists(path))
                throw new ArgumentException($"'{path}' exists already; give a folder that does not.");
            using var model = PretrainedModel.Load(parsed.GetValue(folder)!);
            var adapters = PeftAdapter.Load(model.Model, parsed.GetValue(adapter)!);
            using (adapters.Merge())
            using (var merged = model with { Model = model.Model.WithoutAdapters() })
                merged.Save(path);
            parsed.InvocationConfiguration.Output.WriteLine(
                $"{path}: {parsed.GetValue(folder)} with an adapter of rank {adapters.Config.Rank} over {string.Join(", ", adapters.Config.Targets)}"
            );
        });
        return command;
    }
}
