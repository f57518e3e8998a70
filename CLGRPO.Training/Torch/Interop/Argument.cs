namespace TorchSharp.Interop;

/// <summary>
/// One argument of an operator on the managed side. It holds tensors as objects, not as pointers, so that none
/// is finalized while a call that uses it runs.
/// </summary>
internal readonly struct Argument
{
    /// <summary>A tensor, a generator, or the array of a list; null for a plain value.</summary>
    public readonly object? Reference;

    /// <summary>The bits of a plain value.</summary>
    public readonly long Bits;

    public readonly ValueTag Tag;

    private Argument(ValueTag tag, long bits, object? reference = null)
    {
        Tag = tag;
        Bits = bits;
        Reference = reference;
    }

    /// <summary>An argument that is left out.</summary>
    public static Argument None => default;

    /// <summary>Words of 8 bytes that a list or string takes outside the value.</summary>
    public int ListWords =>
        Tag switch
        {
            ValueTag.IntList => Reference is long[] items ? items.Length : 1,
            ValueTag.TensorList or ValueTag.OptionalTensorList => ((torch.Tensor?[])Reference!).Length,
            ValueTag.String => (System.Text.Encoding.UTF8.GetByteCount((string)Reference!) + 7) / 8,
            _ => 0,
        };

    public static Argument OptionalTensors(torch.Tensor?[] tensors) => new(ValueTag.OptionalTensorList, 0, tensors);

    /// <summary>A list of one integer, without an array for it.</summary>
    public static Argument List(long item) => new(ValueTag.IntList, item);

    public static implicit operator Argument(torch.Tensor? tensor) =>
        tensor is null ? default : new(ValueTag.Tensor, 0, tensor);

    public static implicit operator Argument(Scalar? scalar) => scalar is null ? default : new(scalar.Tag, scalar.Bits);

    public static implicit operator Argument(long value) => new(ValueTag.Int, value);

    public static implicit operator Argument(long? value) => value is null ? default : (Argument)value.Value;

    public static implicit operator Argument(double value) =>
        new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Argument(double? value) => value is null ? default : (Argument)value.Value;

    public static implicit operator Argument(bool value) => new(ValueTag.Bool, value ? 1 : 0);

    public static implicit operator Argument(long[]? items) =>
        items is null ? default : new(ValueTag.IntList, 0, items);

    public static implicit operator Argument(ReadOnlySpan<long> items) =>
        items.Length == 1 ? List(items[0]) : new(ValueTag.IntList, 0, items.ToArray());

    public static implicit operator Argument(torch.Tensor[] tensors) => new(ValueTag.TensorList, 0, tensors);

    public static implicit operator Argument(string text) => new(ValueTag.String, 0, text);

    public static implicit operator Argument(torch.ScalarType type) => new(ValueTag.Int, (long)type);

    public static implicit operator Argument(torch.ScalarType? type) => type is null ? default : (Argument)type.Value;

    public static implicit operator Argument(torch.Device? device) =>
        device is null ? default : new(ValueTag.Device, device.Code);

    public static implicit operator Argument(torch.Generator? generator) =>
        generator is null ? default : new(ValueTag.Generator, 0, generator);
}
