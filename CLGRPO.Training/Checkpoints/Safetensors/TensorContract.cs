using System.Runtime.InteropServices;

namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>A tensor that a reader needs; <paramref name="Dtype"/> null accepts any type.</summary>
public sealed record ExpectedTensor(string Name, long[] Shape, SafetensorsDtype? Dtype = null);

/// <summary>Checks that weights are those a model needs: all there, none unknown, shapes right, numbers finite.</summary>
public static class TensorContract
{
    // Above the number of tensors of any model read here, so that all are named; a hostile file may claim more.
    private const int NamedProblems = 2000;

    /// <summary>Refuses missing, unknown and misshapen tensors, all listed in one message.</summary>
    /// <param name="tensors">What there is.</param>
    /// <param name="expected">What there must be.</param>
    /// <param name="dtypes">Types that an expected tensor without one of its own may have; null: any.</param>
    /// <exception cref="SafetensorsException">At least one tensor differs.</exception>
    public static void Check(
        IReadOnlyDictionary<string, TensorInfo> tensors,
        IReadOnlyCollection<ExpectedTensor> expected,
        IReadOnlyCollection<SafetensorsDtype>? dtypes = null
    )
    {
        var known = expected.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var unknown = tensors
            .Keys.Where(name => !known.Contains(name))
            .Select(name => $"unknown {SafetensorsException.Show(name)}");
        var problems = expected
            .Select(tensor => Problem(tensors, tensor, dtypes))
            .OfType<string>()
            .Concat(unknown)
            .ToList();
        if (problems.Count > 0)
        {
            var more = problems.Count > NamedProblems ? $"; and {problems.Count - NamedProblems} more" : "";
            throw new SafetensorsException(
                SafetensorsError.UnexpectedTensors,
                $"The weights do not fit the model: {string.Join("; ", problems.Take(NamedProblems))}{more}."
            );
        }
    }

    /// <summary>Refuses weights with NaN or infinity. Reads the whole file, 1 MB at a time.</summary>
    /// <exception cref="SafetensorsException">A tensor of F16, BF16, F32, F64 or C64 is not finite.</exception>
    /// <exception cref="NotSupportedException">A tensor is of a floating-point type under 16 bits.</exception>
    public static void CheckFinite(SafetensorsFile file)
    {
        var buffer = new byte[1024 * 1024];
        foreach (var tensor in file.Tensors.Values)
        {
            for (var offset = 0L; offset < tensor.ByteLength; offset += buffer.Length)
            {
                var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, tensor.ByteLength - offset));
                file.Read(tensor, offset, piece);
                if (!IsFinite(tensor.Dtype, piece))
                {
                    throw new SafetensorsException(
                        SafetensorsError.UnexpectedTensors,
                        $"{file.Path}: tensor {SafetensorsException.Show(tensor.Name)} holds NaN or infinity; its training diverged."
                    );
                }
            }
        }
    }

    private static string? Problem(
        IReadOnlyDictionary<string, TensorInfo> tensors,
        ExpectedTensor expected,
        IReadOnlyCollection<SafetensorsDtype>? dtypes
    )
    {
        var shape = string.Join(", ", expected.Shape);
        if (!tensors.TryGetValue(expected.Name, out var actual))
        {
            return $"missing '{expected.Name}' [{shape}]";
        }
        if (!actual.Shape.AsSpan().SequenceEqual(expected.Shape))
        {
            return $"'{expected.Name}' is [{string.Join(", ", actual.Shape)}], not [{shape}]";
        }
        var allowed = expected.Dtype is { } dtype ? [dtype] : dtypes;
        return allowed?.Contains(actual.Dtype) == false
            ? $"'{expected.Name}' is {actual.Dtype}, not {string.Join(" or ", allowed)}"
            : null;
    }

    // A number is not finite where all bits of its exponent are set.
    private static bool IsFinite(SafetensorsDtype dtype, ReadOnlySpan<byte> bytes) =>
        dtype switch
        {
            SafetensorsDtype.F16 => AllFinite16(bytes, 0x7C00),
            SafetensorsDtype.BF16 => AllFinite16(bytes, 0x7F80),
            SafetensorsDtype.F32 or SafetensorsDtype.C64 => AllFinite32(bytes),
            SafetensorsDtype.F64 => AllFinite64(bytes),
            SafetensorsDtype.F4
            or SafetensorsDtype.F6_E2M3
            or SafetensorsDtype.F6_E3M2
            or SafetensorsDtype.F8_E5M2
            or SafetensorsDtype.F8_E4M3
            or SafetensorsDtype.F8_E8M0
            or SafetensorsDtype.F8_E4M3FNUZ
            or SafetensorsDtype.F8_E5M2FNUZ => throw new NotSupportedException($"{dtype} cannot be checked for NaN."),
            _ => true,
        };

    private static bool AllFinite16(ReadOnlySpan<byte> bytes, int exponent)
    {
        foreach (var bits in MemoryMarshal.Cast<byte, ushort>(bytes))
        {
            if ((bits & exponent) == exponent)
            {
                return false;
            }
        }
        return true;
    }

    private static bool AllFinite32(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in MemoryMarshal.Cast<byte, float>(bytes))
        {
            if (!float.IsFinite(value))
            {
                return false;
            }
        }
        return true;
    }

    private static bool AllFinite64(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in MemoryMarshal.Cast<byte, double>(bytes))
        {
            if (!double.IsFinite(value))
            {
                return false;
            }
        }
        return true;
    }
}
