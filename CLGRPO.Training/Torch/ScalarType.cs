namespace TorchSharp;

public static partial class torch
{
    /// <summary>The element types, numbered as in libtorch.</summary>
    public enum ScalarType : sbyte
    {
        Byte = 0,
        Int8 = 1,
        Int16 = 2,
        Int32 = 3,
        Int64 = 4,
        Float16 = 5,
        Float32 = 6,
        Float64 = 7,
        ComplexFloat32 = 9,
        ComplexFloat64 = 10,
        Bool = 11,
        QInt8 = 12,
        QUInt8 = 13,
        QInt32 = 14,
        BFloat16 = 15,
    }

    public static readonly ScalarType @bool = ScalarType.Bool;
    public static readonly ScalarType uint8 = ScalarType.Byte;
    public static readonly ScalarType int8 = ScalarType.Int8;
    public static readonly ScalarType int16 = ScalarType.Int16;
    public static readonly ScalarType int32 = ScalarType.Int32;
    public static readonly ScalarType int64 = ScalarType.Int64;
    public static readonly ScalarType bfloat16 = ScalarType.BFloat16;
    public static readonly ScalarType float16 = ScalarType.Float16;
    public static readonly ScalarType float32 = ScalarType.Float32;
    public static readonly ScalarType float64 = ScalarType.Float64;
    public static readonly ScalarType complex64 = ScalarType.ComplexFloat32;
    public static readonly ScalarType complex128 = ScalarType.ComplexFloat64;
    public static readonly ScalarType @short = ScalarType.Int16;
    public static readonly ScalarType @int = ScalarType.Int32;
    public static readonly ScalarType @long = ScalarType.Int64;
    public static readonly ScalarType half = ScalarType.Float16;
    public static readonly ScalarType @float = ScalarType.Float32;
    public static readonly ScalarType @double = ScalarType.Float64;

    private static ScalarType s_defaultType = ScalarType.Float32;

    public static ScalarType get_default_dtype() => s_defaultType;

    /// <summary>Sets the element type that factories take when they are given none.</summary>
    public static void set_default_dtype(ScalarType dtype) =>
        s_defaultType = is_floating_point(dtype)
            ? dtype
            : throw new ArgumentException(
                $"The default element type must be a floating-point type, not {dtype}.",
                nameof(dtype)
            );

    public static bool is_integral(ScalarType type) =>
        type is >= ScalarType.Byte and <= ScalarType.Int64 or ScalarType.Bool;

    public static bool is_floating_point(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16;

    public static bool is_complex(ScalarType type) => type is ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64;

    internal static ScalarType ToScalarType(Type type) =>
        type switch
        {
            _ when type == typeof(bool) => ScalarType.Bool,
            _ when type == typeof(byte) => ScalarType.Byte,
            _ when type == typeof(sbyte) => ScalarType.Int8,
            _ when type == typeof(short) => ScalarType.Int16,
            _ when type == typeof(int) => ScalarType.Int32,
            _ when type == typeof(long) => ScalarType.Int64,
            _ when type == typeof(Half) => ScalarType.Float16,
            _ when type == typeof(BFloat16) => ScalarType.BFloat16,
            _ when type == typeof(float) => ScalarType.Float32,
            _ when type == typeof(double) => ScalarType.Float64,
            _ => throw new NotSupportedException($"The type {type.FullName} is not supported."),
        };

    /// <summary>The limits of a floating-point type.</summary>
    public struct FInfo
    {
        public int bits;
        public double eps;
        public double max;
        public double min;
        public double tiny;
        public double smallest_normal;
        public double resolution;
    }

    public static FInfo finfo() => finfo(get_default_dtype());

    public static FInfo finfo(ScalarType dtype) =>
        dtype switch
        {
            ScalarType.Float16 => Limits(16, 9.765625e-4, 65504, 6.103515625e-5, 1e-3),
            ScalarType.BFloat16 => Limits(16, 0.0078125, 3.3895313892515355e38, 1.1754943508222875e-38, 1e-2),
            ScalarType.Float32 => Limits(32, 1.1920928955078125e-7, float.MaxValue, 1.1754943508222875e-38, 1e-6),
            ScalarType.Float64 => Limits(64, 2.220446049250313e-16, double.MaxValue, 2.2250738585072014e-308, 1e-15),
            _ => throw new ArgumentException($"{dtype} is not a floating-point type.", nameof(dtype)),
        };

    private static FInfo Limits(int bits, double eps, double max, double smallest, double resolution) =>
        new()
        {
            bits = bits,
            eps = eps,
            max = max,
            min = -max,
            tiny = smallest,
            smallest_normal = smallest,
            resolution = resolution,
        };
}
