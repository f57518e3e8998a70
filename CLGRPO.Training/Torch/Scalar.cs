using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number of one of libtorch's types, to be used where a tensor of one element would do.</summary>
public sealed class Scalar : IDisposable
{
    private Scalar(ValueTag tag, long bits, torch.ScalarType type)
    {
        Tag = tag;
        Bits = bits;
        Type = type;
    }

    /// <summary>Whole numbers are 64-bit integers and fractions doubles, as in libtorch.</summary>
    public torch.ScalarType Type { get; }

    internal ValueTag Tag { get; }

    internal long Bits { get; }

    internal double Real => Tag == ValueTag.Double ? BitConverter.Int64BitsToDouble(Bits) : Bits;

    internal long Integer => Tag == ValueTag.Double ? (long)BitConverter.Int64BitsToDouble(Bits) : Bits;

    /// <summary>Nothing to free: kept for code written against TorchSharp, whose scalars are native.</summary>
    public void Dispose() { }

    internal static Scalar FromReal(double value) =>
        new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value), torch.ScalarType.Float64);

    internal static Scalar FromInteger(long value) => new(ValueTag.Int, value, torch.ScalarType.Int64);

    internal static Scalar FromBoolean(bool value) => new(ValueTag.Bool, value ? 1 : 0, torch.ScalarType.Bool);

    public static implicit operator Scalar(byte value) => FromInteger(value);

    public static implicit operator Scalar(sbyte value) => FromInteger(value);

    public static implicit operator Scalar(short value) => FromInteger(value);

    public static implicit operator Scalar(int value) => FromInteger(value);

    public static implicit operator Scalar(long value) => FromInteger(value);

    public static implicit operator Scalar(Half value) => FromReal((double)value);

    public static implicit operator Scalar(BFloat16 value) => FromReal(value.ToSingle());

    public static implicit operator Scalar(float value) => FromReal(value);

    public static implicit operator Scalar(double value) => FromReal(value);

    public static implicit operator Scalar(bool value) => FromBoolean(value);
}

/// <summary>Conversions between numbers and <see cref="Scalar"/>.</summary>
public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this byte value) => value;

    public static Scalar ToScalar(this sbyte value) => value;

    public static Scalar ToScalar(this short value) => value;

    public static Scalar ToScalar(this int value) => value;

    public static Scalar ToScalar(this long value) => value;

    public static Scalar ToScalar(this float value) => value;

    public static Scalar ToScalar(this double value) => value;

    public static Scalar ToScalar(this bool value) => value;

    public static Half ToHalf(this Scalar value) => (Half)value.Real;

    public static BFloat16 ToBFloat16(this Scalar value) => (BFloat16)(float)value.Real;

    public static float ToSingle(this Scalar value) => (float)value.Real;

    public static double ToDouble(this Scalar value) => value.Real;

    public static sbyte ToSByte(this Scalar value) => checked((sbyte)value.Integer);

    public static byte ToByte(this Scalar value) => checked((byte)value.Integer);

    public static short ToInt16(this Scalar value) => checked((short)value.Integer);

    public static int ToInt32(this Scalar value) => checked((int)value.Integer);

    public static long ToInt64(this Scalar value) => value.Integer;

    public static bool ToBoolean(this Scalar value) => value.Real != 0;
}
