using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints;

/// <summary>A folder with a LoRA adapter as peft writes it: <c>adapter_model.safetensors</c>, <c>adapter_config.json</c>.</summary>
public static class PeftAdapter
{
    /// <summary>Where a model folder keeps the adapter that is merged into it: beside it, transformers would apply it again.</summary>
    public const string FolderName = "adapter";

    private const string ConfigFile = "adapter_config.json";
    private const string WeightsStem = "adapter_model";
    private const string Prefix = "base_model.model.";

    /// <summary>Attaches a folder's adapter to the model it was made for.</summary>
    /// <exception cref="ModelException">The adapter is no plain LoRA; the message names the setting.</exception>
    /// <exception cref="SafetensorsException">Its tensors do not fit the model; all are listed.</exception>
    public static LoraAdapters Load(VisionLanguageModel model, string folder)
    {
        if (!Directory.Exists(folder))
            throw new ModelException($"There is no adapter folder '{folder}'.");
        var config = PeftConfigJson.Read(Path.Combine(folder, ConfigFile));
        using var file = SafetensorsModel.Open(folder, WeightsStem);
        var modules = file.Tensors.Keys.Select(OurName).Select(ModuleOf).ToHashSet(StringComparer.Ordinal);
        EquatableList<string> targets =
        [
            .. modules.Select(LoraAdapters.TargetOf).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        var adapters = model.Attach(config with { Targets = targets }, modules);
        Fill(adapters, file);
        return adapters;
    }

    /// <summary>Gives adapters the values that <see cref="Save"/> wrote.</summary>
    /// <exception cref="SafetensorsException">The folder's tensors are not those of the adapters; all are listed.</exception>
    internal static void Fill(LoraAdapters adapters, string folder)
    {
        using var file = SafetensorsModel.Open(folder, WeightsStem);
        Fill(adapters, file);
    }

    private static void Fill(LoraAdapters adapters, SafetensorsModel file) =>
        ModelWeights.Fill(adapters.Parameters, new WeightReader(file, Tensors(adapters)));

    /// <summary>Writes an adapter's folder.</summary>
    /// <param name="baseModel">The model it belongs to, as peft should find it; null where it lies in no folder.</param>
    public static void Save(LoraAdapters adapters, string folder, string? baseModel)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ConfigFile), PeftConfigJson.Write(adapters, baseModel));
        WeightFiles.Write(
            folder,
            Tensors(adapters),
            SafetensorsDtype.F32,
            maxShardBytes: long.MaxValue,
            ModelWeights.Read,
            WeightsStem
        );
    }

    /// <summary>peft's name of one of our tensors: the module's in layout C of internvl.md §9 behind peft's prefix.</summary>
    internal static string PeftName(string name) => $"{Prefix}{TensorNames.In(ModelLayout.Memory, name)}";

    private static IReadOnlyList<FileTensor> Tensors(LoraAdapters adapters) =>
        [
            .. FileTensor
                .Of(adapters.Parameters.Parameters, PeftName)
                .OrderBy(tensor => tensor.Name, StringComparer.Ordinal),
        ];

    private static string OurName(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal)
            ? TensorNames.FromMemory(name[Prefix.Length..])
            : throw new ModelException($"The adapter's tensor '{name}' does not begin with '{Prefix}', as peft's do.");

    private static string ModuleOf(string name) =>
        name.IndexOf(".lora_", StringComparison.Ordinal) is > 0 and var end ? name[..end] : name;
}
