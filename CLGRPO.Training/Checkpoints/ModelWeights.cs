using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Checkpoints;

/// <summary>Moves weights between a model in memory and the files of a folder, a piece at a time.</summary>
internal static class ModelWeights
{
    /// <summary>Fills every parameter.</summary>
    /// <param name="store">Of a model or its adapters; its own type of number is kept.</param>
    /// <param name="source">Matched to the store's parameters.</param>
    public static void Fill(ParameterStore store, WeightReader source)
    {
        using var noGrad = no_grad();
        foreach (var parameter in store.Parameters)
        {
            foreach (var part in parameter.Stored.Select(stored => new TensorPart(parameter, stored)))
            {
                foreach (var piece in part.Pieces())
                {
                    using var scope = NewDisposeScope();
                    var values = new float[piece.Elements];
                    source.Read(part, piece, values);
                    var rows = Rows(part, piece);
                    rows.copy_(tensor(RotaryOrder.FromHalves(values, part.Stored), rows.shape));
                }
            }
        }
    }

    /// <summary>Reads a model's weights for a file.</summary>
    /// <inheritdoc cref="RowReader"/>
    public static void Read(TensorPart part, RowRange range, float[] values)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = Rows(part, range).to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        RotaryOrder.ToHalves(rows, part.Stored).CopyTo(values, 0);
    }

    /// <summary>The type of number in which a model's weights lie, as files call it.</summary>
    public static SafetensorsDtype DtypeOf(VisionLanguageModel model) =>
        model.Parameters.Weights.dtype switch
        {
            ScalarType.Float32 => SafetensorsDtype.F32,
            ScalarType.BFloat16 => SafetensorsDtype.BF16,
            ScalarType.Float16 => SafetensorsDtype.F16,
            var other => throw new ModelException($"The model's weights are {other}; only floats are saved."),
        };

    private static Tensor Rows(TensorPart part, RowRange range) =>
        part.Parameter.Value.narrow(0, part.Stored.FirstRow + range.First, range.Rows);
}
