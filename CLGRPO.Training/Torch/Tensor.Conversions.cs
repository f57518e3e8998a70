using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public Tensor clone() => Aten.clone.Call(this);

        public Tensor contiguous() => Aten.contiguous.Call(this);

        public Tensor detach() => Aten.detach.Call(this);

        public Tensor detach_() => Aten.detach_.Run(this);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => Aten.copy_.Run(this, source, nonBlocking);

        public Tensor fill_(Scalar value) => Aten.fill_.Run(this, value);

        public Tensor zero_() => Aten.zero_.Run(this);

        public Tensor set_(Tensor source) => Aten.set_.Run(this, source);

        public Tensor pin_memory() => Aten.pin_memory.Call(this);

        public bool is_pinned() => Aten.is_pinned.CallBool(this);

        public Tensor cpu() => to(CPU);

        public Tensor cuda(Device? device = null, bool non_blocking = false) =>
            to(device ?? CUDA, non_blocking: non_blocking);

        public Tensor to_type(
            ScalarType type,
            bool copy = false,
            bool disposeAfter = false,
            bool non_blocking = false
        ) => Done(Aten.to_type.Call(this, type, non_blocking, copy), disposeAfter);

        public Tensor type_as(Tensor tensor) => to_type(tensor.dtype);

        public Tensor to(
            DeviceType deviceType,
            int deviceIndex = -1,
            bool copy = false,
            bool disposeAfter = false,
            bool non_blocking = false
        ) => to(new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(
            ScalarType type,
            Device device,
            bool copy = false,
            bool disposeAfter = false,
            bool non_blocking = false
        ) => Done(Aten.to_any.Call(this, type, Argument.None, device, Argument.None, non_blocking, copy), disposeAfter);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to_type(type, copy, disposeAfter, non_blocking);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(device), copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Done(
                Aten.to_any.Call(this, Argument.None, Argument.None, device, Argument.None, non_blocking, copy),
                disposeAfter
            );

        public Tensor to(Tensor other, bool non_blocking = false) =>
            to(other.dtype, other.device, non_blocking: non_blocking);

        public Tensor type(ScalarType dtype) => to_type(dtype);

        private Tensor Done(Tensor result, bool disposeAfter)
        {
            if (disposeAfter)
                Dispose();
            return result;
        }

        public Tensor @bool() => to_type(ScalarType.Bool);

        public Tensor @byte() => to_type(ScalarType.Byte);

        public Tensor @char() => to_type(ScalarType.Int8);

        public Tensor @short() => to_type(ScalarType.Int16);

        public Tensor @int() => to_type(ScalarType.Int32);

        public Tensor @long() => to_type(ScalarType.Int64);

        public Tensor half() => to_type(ScalarType.Float16);

        public Tensor bfloat16() => to_type(ScalarType.BFloat16);

        public Tensor @float() => to_type(ScalarType.Float32);

        public Tensor @double() => to_type(ScalarType.Float64);
    }
}
