using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Copies an array of any number of dimensions.</summary>
    public static Tensor from_array(Array rawArray, Device? device = null) => from_array(rawArray, null, device);

    /// <inheritdoc cref="from_array(Array, Device?)"/>
    public static unsafe Tensor from_array(
        Array rawArray,
        ScalarType? dtype,
        Device? device = null,
        bool requires_grad = false,
        string[]? names = null
    )
    {
        var shape = new long[rawArray.Rank];
        for (var d = 0; d < shape.Length; d++)
            shape[d] = rawArray.GetLength(d);
        var type = ToScalarType(rawArray.GetType().GetElementType()!);
        var pin = GCHandle.Alloc(rawArray, GCHandleType.Pinned);
        try
        {
            ref var first = ref MemoryMarshal.GetArrayDataReference(rawArray);
            var bytes = new ReadOnlySpan<byte>(
                Unsafe.AsPointer(ref first),
                checked(rawArray.Length * type.ElementSize())
            );
            return FromBytes(bytes, type, shape, dtype, device, requires_grad, names);
        }
        finally
        {
            pin.Free();
        }
    }

    public static Tensor as_tensor(Array data, ScalarType? dtype = null, Device? device = null) =>
        from_array(data, dtype, device);

    public static Tensor as_tensor(Tensor data, ScalarType? dtype = null, Device? device = null) =>
        data.to(dtype ?? data.dtype, device ?? data.device);

    private static Tensor FromScalar<T>(T value, ScalarType? dtype, Device? device, bool requires_grad)
        where T : unmanaged => FromArray<T>([value], [], dtype, device, requires_grad, null);

    private static Tensor FromArray<T>(
        ReadOnlySpan<T> items,
        ReadOnlySpan<long> size,
        ScalarType? dtype,
        Device? device,
        bool requires_grad,
        string[]? names
    )
        where T : unmanaged =>
        FromBytes(MemoryMarshal.AsBytes(items), ToScalarType(typeof(T)), size, dtype, device, requires_grad, names);

    private static Tensor FromBytes(
        ReadOnlySpan<byte> bytes,
        ScalarType type,
        ReadOnlySpan<long> size,
        ScalarType? dtype,
        Device? device,
        bool requires_grad,
        string[]? names
    )
    {
        RejectNames(names);
        var tensor = Aten.empty.Call(size, type);
        var room = tensor.bytes;
        if (room.Length != bytes.Length)
        {
            tensor.Dispose();
            throw new ArgumentException(
                $"An array of {bytes.Length / type.ElementSize()} elements does not fill the shape [{string.Join(", ", size.ToArray())}]."
            );
        }
        bytes.CopyTo(room);
        if ((dtype ?? type) != type || (device ?? CPU).type != DeviceType.CPU)
            tensor = tensor.to(dtype ?? type, device ?? CPU, disposeAfter: true);
        return requires_grad ? tensor.requires_grad_() : tensor;
    }
}
