using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        /// <summary>The elements, read and written in place; of a tensor on another device, a copy on the CPU.</summary>
        /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the element type.</exception>
        public Utils.TensorAccessor<T> data<T>()
            where T : unmanaged
        {
            ValidateType<T>();
            return new Utils.TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        /// <summary>The value of a tensor of one element.</summary>
        public T item<T>()
            where T : unmanaged =>
            NumberOfElements == 1
                ? data<T>()[0]
                : throw new ArgumentException("Number of elements in the tensor must be 1");

        /// <summary>The memory of a contiguous tensor on the CPU; valid while the tensor is held.</summary>
        public unsafe Span<byte> bytes
        {
            get => new((void*)DataPointer(), checked((int)ContiguousBytes()));
            set
            {
                if (value.Length != ContiguousBytes())
                    throw new ArgumentException($"The tensor has {ContiguousBytes()} bytes, the data {value.Length}.");
                value.CopyTo(bytes);
            }
        }

        public Scalar ToScalar()
        {
            var value = Aten._local_scalar_dense.CallNumber(this);
            return value.Tag switch
            {
                ValueTag.Double => Scalar.FromReal(value.Real),
                ValueTag.Bool => Scalar.FromBoolean(value.Integer != 0),
                _ => Scalar.FromInteger(value.Integer),
            };
        }

        public static explicit operator float(Tensor value) => value.ToSingle();

        public static explicit operator double(Tensor value) => value.ToDouble();

        public static explicit operator byte(Tensor value) => value.ToByte();

        public static explicit operator int(Tensor value) => value.ToInt32();

        public static explicit operator long(Tensor value) => value.ToInt64();

        public static explicit operator bool(Tensor value) => value.ToBoolean();

        internal unsafe IntPtr DataPointer()
        {
            if (device_type != DeviceType.CPU)
                throw new InvalidOperationException(
                    $"The tensor is on {device}: its memory can only be read on the CPU, after cpu()."
                );
            void* pointer;
            Native.Check(Kept(Native.tensor_data(Handle, &pointer)));
            return (IntPtr)pointer;
        }

        private void ValidateType<T>()
        {
            if (ToScalarType(typeof(T)) != dtype)
                throw new ArgumentException($"{typeof(T).Name} is not compatible with {dtype}");
        }

        private long ContiguousBytes() =>
            is_contiguous()
                ? NumberOfElements * ElementSize
                : throw new InvalidOperationException("bytes needs a contiguous tensor: call contiguous() first.");
    }
}

/// <summary>The value of a tensor of one element as a .NET number.</summary>
public static class TensorExtensionMethods
{
    public static Half ToHalf(this torch.Tensor value) => value.ToScalar().ToHalf();

    public static BFloat16 ToBFloat16(this torch.Tensor value) => value.ToScalar().ToBFloat16();

    public static float ToSingle(this torch.Tensor value) => value.ToScalar().ToSingle();

    public static double ToDouble(this torch.Tensor value) => value.ToScalar().ToDouble();

    public static sbyte ToSByte(this torch.Tensor value) => value.ToScalar().ToSByte();

    public static byte ToByte(this torch.Tensor value) => value.ToScalar().ToByte();

    public static short ToInt16(this torch.Tensor value) => value.ToScalar().ToInt16();

    public static int ToInt32(this torch.Tensor value) => value.ToScalar().ToInt32();

    public static long ToInt64(this torch.Tensor value) => value.ToScalar().ToInt64();

    public static bool ToBoolean(this torch.Tensor value) => value.ToScalar().ToBoolean();

    /// <summary>Bytes of one element.</summary>
    public static int ElementSize(this torch.ScalarType type) =>
        type switch
        {
            torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Bool => 1,
            torch.ScalarType.Int16 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => 2,
            torch.ScalarType.Int32 or torch.ScalarType.Float32 => 4,
            torch.ScalarType.Int64 or torch.ScalarType.Float64 or torch.ScalarType.ComplexFloat32 => 8,
            torch.ScalarType.ComplexFloat64 => 16,
            _ => throw new NotSupportedException($"The element size of {type} is not known."),
        };
}
