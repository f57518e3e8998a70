using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Checkpoints.Settings;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Checkpoints;

/// <summary>A model folder in memory: the weights, and the tokenizer and image preprocessing they were trained with.</summary>
public sealed record PretrainedModel(VisionLanguageModel Model, Tokenizer Tokenizer, ImagePreprocessorConfig Images)
    : IDisposable
{
    /// <summary>The weights where they fit one shard.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The settings it was read with; null for a model that was made here.</summary>
    internal SourceFiles? Files { get; init; }

    /// <summary>The folder it was loaded from; null for a model that was made here.</summary>
    public string? Source => Files?.Folder;

    /// <summary>Everything but the weights.</summary>
    public ModelSettings Settings => new(Model.Config, Tokenizer, Images) { Source = Files };

    /// <summary>Loads a folder in any of the layouts; the weights pass through a small buffer.</summary>
    /// <exception cref="ModelException">The folder or one of its files cannot be used; the message says which and why.</exception>
    /// <exception cref="SafetensorsException">The tensors are not those of the configuration; all that differ are listed.</exception>
    public static PretrainedModel Load(string folder, Device? device = null, Precision precision = Precision.Fp32)
    {
        var settings = ModelSettings.Load(folder);
        using var weights = WeightFolder.Open(folder);
        var config = weights.Tied(settings.Config);
        var reader = weights.Match(VisionLanguageModel.Declare(config)); // before memory is taken for the model
        var model = VisionLanguageModel.Create(config, device, precision);
        try
        {
            ModelWeights.Fill(model.Parameters, reader);
            return new PretrainedModel(model, settings.Tokenizer, settings.Images) { Files = settings.Source };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the model folder; the weights are streamed, not copied whole. Adapters are merged into them, and lie in
    /// <see cref="PeftAdapter.FolderName"/> too.
    /// </summary>
    /// <param name="folder">Made where missing.</param>
    /// <param name="format">Hugging Face's layout in the model's own type of number by default.</param>
    public void Save(string folder, SaveFormat? format = null)
    {
        format ??= new SaveFormat();
        var dtype = format.Dtype ?? ModelWeights.DtypeOf(Model);
        using var merged = Model.Adapters?.Merge();
        Directory.CreateDirectory(folder);
        Settings.Save(folder, format.Layout, dtype);
        WeightFiles.Write(
            folder,
            FileTensor.Of(Model.Parameters.Parameters, format.Layout),
            dtype,
            format.MaxShardBytes,
            ModelWeights.Read
        );
        if (Model.Adapters is { } adapters)
            PeftAdapter.Save(adapters, Path.Combine(folder, PeftAdapter.FolderName), Source);
    }

    public void Dispose() => Model.Dispose();
}
