namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>Where and what one tensor of a safetensors file is.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Dtype">Its element type.</param>
/// <param name="Shape">Its dimensions; empty for a scalar; a 0 makes it empty.</param>
/// <param name="Offset">Its first byte, counted from the start of the file.</param>
/// <param name="ByteLength">Its length in bytes; may be above 2 GB.</param>
public sealed record TensorInfo(string Name, SafetensorsDtype Dtype, long[] Shape, long Offset, long ByteLength);

/// <summary>A tensor to save: what it is, and how to write its bytes (row-major, little-endian).</summary>
/// <param name="WriteTo">
/// Writes exactly the tensor's bytes, in pieces of any size; called once, when its turn in the file comes, so that a
/// tensor on a device is copied to the host only then.
/// </param>
public sealed record TensorSource(string Name, SafetensorsDtype Dtype, long[] Shape, Action<Stream> WriteTo)
{
    /// <summary>A tensor whose bytes already lie in memory.</summary>
    public static TensorSource FromBytes(
        string name,
        SafetensorsDtype dtype,
        long[] shape,
        ReadOnlyMemory<byte> bytes
    ) => new(name, dtype, shape, stream => stream.Write(bytes.Span));
}
