using CLGRPO.Data.Files;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Checkpoints.Settings;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Checkpoints;

/// <summary>
/// Writes a model folder of any size with random weights. Every value is computed on its way to the disk, so a piece of one
/// tensor is all that lies in memory.
/// </summary>
public static class RandomModel
{
    /// <param name="folder">Appears as a whole, or not at all.</param>
    /// <param name="config">Shape; its vocabulary has room for the tokenizer's.</param>
    /// <param name="tokenizer">Goes along.</param>
    /// <param name="images">Goes along.</param>
    /// <param name="dtype">F32, F16 or BF16. In F32 the weights are those of <see cref="ParameterStore.Initialize"/>.</param>
    /// <param name="seed">The same seed gives the same bits.</param>
    /// <returns>Parameters.</returns>
    /// <exception cref="IOException">The folder exists, or the disk is full.</exception>
    public static long Write(
        string folder,
        ModelConfig config,
        Tokenizer tokenizer,
        ImagePreprocessorConfig images,
        SafetensorsDtype dtype,
        long seed
    )
    {
        tokenizer.RequireFits(config.Language.VocabularySize);
        var parameters = VisionLanguageModel.Declare(config);
        using var target = new AtomicFolder(folder);
        new ModelSettings(config, tokenizer, images).Save(target.Path, ModelLayout.HuggingFace, dtype);
        var values = parameters
            .Index()
            .ToDictionary(entry => entry.Item, entry => new FreshValues(entry.Item, entry.Index, config, seed));
        WeightFiles.Write(
            target.Path,
            FileTensor.Of(parameters, ModelLayout.HuggingFace),
            dtype,
            SaveFormat.DefaultMaxShardBytes,
            (part, range, buffer) =>
            {
                var first = (part.Stored.FirstRow + range.First) * part.Width;
                values[part.Parameter].Fill(buffer, range.Elements, first);
                if (part.Stored.RotaryHeadSize > 0)
                    RotaryOrder.ToHalves(buffer[..range.Elements], part.Stored).CopyTo(buffer, 0);
            }
        );
        target.Commit();
        return parameters.Sum(parameter => parameter.Count);
    }
}
