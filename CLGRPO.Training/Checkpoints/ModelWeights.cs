using System.Runtime.InteropServices;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Checkpoints;

/// <summary>Moves weights between a model and safetensors under Hugging Face names.</summary>
internal static class ModelWeights
{
    private const string HeadName = "language_model.lm_head.weight";

    /// <summary>Whether the weights hold an output head of their own; the configuration's flag is not to be trusted.</summary>
    public static bool HasHead(SafetensorsModel source) =>
        source.Tensors.ContainsKey(HeadName) || source.Tensors.ContainsKey("lm_head.weight");

    /// <summary>Fills every parameter.</summary>
    /// <exception cref="SafetensorsException">Tensors are missing, unknown or misshapen; all are listed.</exception>
    public static void Load(VisionLanguageModel model, SafetensorsModel source)
    {
        var byName = source.Tensors.Values.ToDictionary(tensor => CanonicalName(tensor.Name), StringComparer.Ordinal);
        Fill(model.Parameters, source, byName);
    }

    /// <summary>Fills every parameter of a store.</summary>
    /// <param name="byName">Our name → a tensor of <paramref name="source"/>.</param>
    /// <exception cref="SafetensorsException">Tensors are missing, unknown or misshapen; all are listed.</exception>
    public static void Fill(
        ParameterStore store,
        SafetensorsModel source,
        IReadOnlyDictionary<string, TensorInfo> byName
    )
    {
        TensorContract.Check(
            byName,
            [.. store.Parameters.SelectMany(p => p.Stored).Select(s => new ExpectedTensor(s.Name, s.Shape))]
        );
        using var noGrad = no_grad();
        foreach (var parameter in store.Parameters)
        {
            foreach (var stored in parameter.Stored)
            {
                using var scope = NewDisposeScope();
                var values = tensor(
                    RotaryOrder.FromHalves(ReadFloats(source, byName[stored.Name]), stored),
                    stored.Shape
                );
                Rows(parameter, stored).copy_(values);
            }
        }
    }

    /// <summary>Every tensor of the store, in declaration order, copied only while it is written.</summary>
    public static IReadOnlyList<TensorSource> Sources(ParameterStore store) =>
        [
            .. from parameter in store.Parameters
            from stored in parameter.Stored
            select new TensorSource(
                stored.Name,
                SafetensorsDtype.F32,
                stored.Shape,
                stream =>
                    stream.Write(
                        MemoryMarshal.AsBytes(RotaryOrder.ToHalves(Values(parameter, stored), stored).AsSpan())
                    )
            ),
        ];

    private static float[] Values(Parameter parameter, StoredTensor stored)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Rows(parameter, stored).to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
    }

    private static Tensor Rows(Parameter parameter, StoredTensor stored) =>
        parameter.Value.narrow(0, stored.FirstRow, stored.Rows);

    /// <summary>Newer saves put everything under <c>model.</c>; internvl.md §9, layout C.</summary>
    internal static string CanonicalName(string name)
    {
        if (name == "lm_head.weight")
            return HeadName;
        const string language = "model.language_model.";
        if (name.StartsWith(language, StringComparison.Ordinal))
            return "language_model.model." + name[language.Length..];
        return name.StartsWith("model.", StringComparison.Ordinal) ? name["model.".Length..] : name;
    }

    /// <summary>The name in layout C of <see cref="CanonicalName"/>'s.</summary>
    internal static string NewName(string name)
    {
        const string language = "language_model.model.";
        if (name == HeadName)
            return "lm_head.weight";
        return name.StartsWith(language, StringComparison.Ordinal)
            ? "model.language_model." + name[language.Length..]
            : "model." + name;
    }

    private static float[] ReadFloats(SafetensorsModel source, TensorInfo tensor)
    {
        var bytes = new byte[tensor.ByteLength];
        source.Read(tensor, bytes);
        return tensor.Dtype switch
        {
            SafetensorsDtype.F32 => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
            SafetensorsDtype.F16 => Array.ConvertAll(
                MemoryMarshal.Cast<byte, Half>(bytes).ToArray(),
                value => (float)value
            ),
            SafetensorsDtype.BF16 => Array.ConvertAll(
                MemoryMarshal.Cast<byte, ushort>(bytes).ToArray(),
                value => BitConverter.UInt32BitsToSingle((uint)value << 16)
            ),
            _ => throw new ModelException(
                $"Tensor '{tensor.Name}' is {tensor.Dtype}; weights are read as F32, F16 or BF16."
            ),
        };
    }
}

/// <summary>
/// The order of a query or key projection's rows: files keep a head's pairs half a head apart, the model side by side
/// (see <see cref="StoredTensor.RotaryHeadSize"/>).
/// </summary>
internal static class RotaryOrder
{
    public static float[] FromHalves(float[] values, StoredTensor stored) =>
        Reordered(values, stored, (row, half) => (row % 2 * half) + row / 2);

    public static float[] ToHalves(float[] values, StoredTensor stored) =>
        Reordered(values, stored, (row, half) => (row % half * 2) + row / half);

    private static float[] Reordered(float[] values, StoredTensor stored, Func<int, int, int> sourceRow)
    {
        if (stored.RotaryHeadSize == 0)
            return values;
        var width = values.Length / (int)stored.Rows;
        var reordered = new float[values.Length];
        for (var row = 0; row < stored.Rows; row++)
        {
            var inHead = row % stored.RotaryHeadSize;
            var source = row - inHead + sourceRow(inHead, stored.RotaryHeadSize / 2);
            values.AsSpan(source * width, width).CopyTo(reordered.AsSpan(row * width, width));
        }
        return reordered;
    }
}
