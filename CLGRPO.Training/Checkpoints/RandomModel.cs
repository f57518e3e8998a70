using System.Runtime.InteropServices;
using CLGRPO.Data.Files;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;
using TorchSharp;

namespace CLGRPO.Training.Checkpoints;

/// <summary>
/// Writes a model folder of any size with random weights. Every value is computed on its way to the disk, so a piece of one
/// tensor is all that lies in memory.
/// </summary>
public static class RandomModel
{
    private const int PieceElements = 1 << 22;

    /// <param name="folder">Appears as a whole, or not at all.</param>
    /// <param name="config">Shape; its vocabulary has room for the tokenizer's.</param>
    /// <param name="tokenizer">Goes along.</param>
    /// <param name="images">Goes along.</param>
    /// <param name="dtype">F32 or BF16. In F32 the weights are those of <see cref="ParameterStore.Initialize"/>.</param>
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
        if (dtype is not (SafetensorsDtype.F32 or SafetensorsDtype.BF16))
            throw new ArgumentException($"Random weights are written as F32 or BF16, not as {dtype}.", nameof(dtype));
        tokenizer.RequireFits(config.Language.VocabularySize);
        var parameters = VisionLanguageModel.Declare(config);
        using var target = new AtomicFolder(folder);
        PretrainedModel.SaveSettings(target.Path, config, tokenizer, images, dtype);
        SafetensorsWriter.Write(
            Path.Combine(target.Path, PretrainedModel.WeightsFile),
            [
                .. parameters.SelectMany(
                    (parameter, index) =>
                    {
                        var values = new FreshValues(parameter, index, config, seed);
                        return parameter.Stored.Select(stored => Source(parameter, stored, values, dtype));
                    }
                ),
            ],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" }
        );
        target.Commit();
        return parameters.Sum(parameter => parameter.Count);
    }

    private static TensorSource Source(
        Parameter parameter,
        StoredTensor stored,
        FreshValues values,
        SafetensorsDtype dtype
    )
    {
        var width = parameter.Count / parameter.Shape[0];
        var (first, count) = (stored.FirstRow * width, stored.Rows * width);
        return new TensorSource(
            stored.Name,
            dtype,
            stored.Shape,
            stream =>
            {
                // Turned rows change places within a tensor, so such a one is made whole; all of them are small.
                var piece = stored.RotaryHeadSize > 0 ? (int)count : (int)Math.Min(count, PieceElements);
                var buffer = new float[piece];
                for (long done = 0; done < count; done += piece)
                {
                    var length = (int)Math.Min(piece, count - done);
                    values.Fill(buffer, length, first + done);
                    Write(stream, RotaryOrder.ToHalves(buffer, stored).AsSpan(0, length), dtype);
                }
            }
        );
    }

    private static void Write(Stream stream, ReadOnlySpan<float> values, SafetensorsDtype dtype)
    {
        if (dtype == SafetensorsDtype.F32)
        {
            stream.Write(MemoryMarshal.AsBytes(values));
            return;
        }
        var rounded = new BFloat16[values.Length];
        for (var i = 0; i < rounded.Length; i++)
            rounded[i] = (BFloat16)values[i];
        stream.Write(MemoryMarshal.AsBytes(rounded.AsSpan()));
    }
}
