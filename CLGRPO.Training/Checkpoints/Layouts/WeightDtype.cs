using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using TorchSharp;

namespace CLGRPO.Training.Checkpoints.Layouts;

/// <summary>Weights as files keep them: float32, float16 or bfloat16, and their way to float32 and back.</summary>
internal static class WeightDtype
{
    public static IReadOnlyList<SafetensorsDtype> All { get; } =
    [SafetensorsDtype.F32, SafetensorsDtype.F16, SafetensorsDtype.BF16];

    /// <summary>What a configuration calls it, in PyTorch's words.</summary>
    public static string TorchName(SafetensorsDtype dtype) =>
        dtype switch
        {
            SafetensorsDtype.F32 => "float32",
            SafetensorsDtype.F16 => "float16",
            SafetensorsDtype.BF16 => "bfloat16",
            _ => throw Unsupported(dtype),
        };

    /// <summary>Widens; exact for all three types.</summary>
    public static void ToFloats(SafetensorsDtype dtype, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        switch (dtype)
        {
            case SafetensorsDtype.F32:
                bytes.CopyTo(MemoryMarshal.AsBytes(values));
                break;
            case SafetensorsDtype.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
                break;
            case SafetensorsDtype.BF16:
                var halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < halves.Length; i++)
                    values[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
            default:
                throw Unsupported(dtype);
        }
    }

    /// <summary>Rounds to the nearest, ties to even, as PyTorch does.</summary>
    /// <exception cref="ModelException">A number is too large for float16; the message gives it.</exception>
    public static void FromFloats(SafetensorsDtype dtype, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        switch (dtype)
        {
            case SafetensorsDtype.F32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case SafetensorsDtype.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                TensorPrimitives.ConvertToHalf(values, halves);
                RequireNoOverflow(values, halves);
                break;
            case SafetensorsDtype.BF16:
                var rounded = MemoryMarshal.Cast<byte, BFloat16>(bytes);
                for (var i = 0; i < values.Length; i++)
                    rounded[i] = (BFloat16)values[i];
                break;
            default:
                throw Unsupported(dtype);
        }
    }

    private static void RequireNoOverflow(ReadOnlySpan<float> values, ReadOnlySpan<Half> halves)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (Half.IsInfinity(halves[i]) && float.IsFinite(values[i]))
                throw new ModelException(
                    $"A weight is {values[i]}; float16 ends at {Half.MaxValue}. Save as bf16 or fp32."
                );
        }
    }

    private static ArgumentException Unsupported(SafetensorsDtype dtype) =>
        new($"Weights are kept as F32, F16 or BF16, not as {dtype}.", nameof(dtype));
}
