using System.Runtime.CompilerServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public long Dimensions => Native.tensor_dim(Handle);

        public long dim() => Dimensions;

        public long ndim => Dimensions;

        public long NumberOfElements => Native.tensor_numel(Handle);

        public long numel() => NumberOfElements;

        /// <summary>Bytes of one element.</summary>
        public long ElementSize => Native.tensor_item_size(Handle);

        public long element_size() => ElementSize;

        public ScalarType dtype => (ScalarType)Native.tensor_dtype(Handle);

        public Device device
        {
            get
            {
                var code = Native.tensor_device(Handle);
                return (DeviceType)(code & 0xff) == DeviceType.CPU ? CPU : new Device(code);
            }
        }

        public DeviceType device_type => (DeviceType)(Native.tensor_device(Handle) & 0xff);

        public int device_index => (int)(Native.tensor_device(Handle) >> 8);

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_meta => device_type == DeviceType.META;

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_integral() => torch.is_integral(dtype);

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_complex() => torch.is_complex(dtype);

        public bool is_contiguous() => Native.tensor_is_contiguous(Handle) != 0;

        public long storage_offset() => Native.tensor_storage_offset(Handle);

        public unsafe long[] shape
        {
            get
            {
                var sizes = new long[Dimensions];
                fixed (long* first = sizes)
                    Native.tensor_sizes(Handle, first);
                return sizes;
            }
        }

        public long[] size() => shape;

        /// <param name="dim">Negative counts from the last dimension.</param>
        [SkipLocalsInit]
        public unsafe long size(int dim)
        {
            var sizes = stackalloc long[(int)Dimensions];
            Native.tensor_sizes(Handle, sizes);
            return sizes[Dimension(dim)];
        }

        /// <summary>Elements, not bytes, from one index of a dimension to the next.</summary>
        public unsafe long[] stride()
        {
            var strides = new long[Dimensions];
            fixed (long* first = strides)
                Native.tensor_strides(Handle, first);
            return strides;
        }

        public long stride(int dim) => stride()[Dimension(dim)];

        private int Dimension(int dim)
        {
            var count = (int)Dimensions;
            return dim >= -count && dim < count
                ? (dim + count) % count
                : throw new ArgumentOutOfRangeException(
                    nameof(dim),
                    dim,
                    $"The tensor has {count} dimensions: from {-count} to {count - 1}."
                );
        }
    }
}
