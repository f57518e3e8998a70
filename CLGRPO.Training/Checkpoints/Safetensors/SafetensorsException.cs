namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>What is wrong with a safetensors file; the first ten in the order in which they are checked.</summary>
public enum SafetensorsError
{
    /// <summary>The file is shorter than the eight bytes of the header's length.</summary>
    HeaderTooSmall,

    /// <summary>The header claims more bytes than <see cref="SafetensorsLimits.HeaderBytes"/>.</summary>
    HeaderTooLarge,

    /// <summary>The header is longer than the file.</summary>
    InvalidHeaderLength,

    /// <summary>The header is not UTF-8.</summary>
    InvalidHeader,

    /// <summary>The header is not the JSON that the format asks for.</summary>
    InvalidHeaderDeserialization,

    /// <summary>The tensors leave a hole, overlap, or end before they begin.</summary>
    InvalidOffset,

    /// <summary>A shape's product does not fit 64 bits.</summary>
    ValidationOverflow,

    /// <summary>A tensor of a type under 8 bits does not fill whole bytes.</summary>
    MisalignedSlice,

    /// <summary>A tensor's shape and its length in bytes differ.</summary>
    TensorInvalidInfo,

    /// <summary>The file has fewer or more bytes than its header describes.</summary>
    MetadataIncompleteBuffer,

    /// <summary>A name occurs twice in one JSON object, or a tensor in two shards.</summary>
    DuplicateKey,

    /// <summary>A count or length is above <see cref="SafetensorsLimits"/>.</summary>
    LimitExceeded,

    /// <summary>The file is of a format that can carry code (pickle, PyTorch, NumPy, GGUF, HDF5).</summary>
    UnsupportedFormat,

    /// <summary>The file became shorter while it was open.</summary>
    FileChanged,

    /// <summary>An index of shards is malformed, incomplete or points out of its folder.</summary>
    InvalidIndex,

    /// <summary>The tensors are not those that the reader expects, or hold NaN or infinity.</summary>
    UnexpectedTensors,
}

/// <summary>A safetensors file or index was refused.</summary>
public sealed class SafetensorsException : Exception
{
    public SafetensorsException(SafetensorsError error, string message)
        : base(message) => Error = error;

    public SafetensorsException(SafetensorsError error, string message, Exception inner)
        : base(message, inner) => Error = error;

    public SafetensorsError Error { get; }

    /// <summary>A name from a file, made safe to show: short, and without control characters.</summary>
    internal static string Show(string name)
    {
        var text = name.Length <= 100 ? name : string.Concat(name.AsSpan(0, 100), "…");
        return "'" + string.Concat(text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c)) + "'";
    }
}

/// <summary>Limits on what a safetensors file may claim; far above any real model's needs.</summary>
public static class SafetensorsLimits
{
    /// <summary>Bytes of the JSON header. The reference reader allows 100 MB; a 100,000-tensor model needs about 12.</summary>
    public const int HeaderBytes = 16 * 1024 * 1024;

    public const int Tensors = 100_000;

    /// <summary>UTF-8 bytes of a tensor's name.</summary>
    public const int NameBytes = 512;

    public const int Rank = 8;

    public const int MetadataEntries = 1_000;

    /// <summary>UTF-16 characters of all metadata keys and values together.</summary>
    public const int MetadataCharacters = 1024 * 1024;
}
