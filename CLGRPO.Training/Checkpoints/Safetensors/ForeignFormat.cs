namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>Recognises weight files that can carry code, so that they are refused with a helpful reason.</summary>
internal static class ForeignFormat
{
    private static readonly string[] Extensions =
    [
        ".bin",
        ".pt",
        ".pth",
        ".pkl",
        ".pickle",
        ".ckpt",
        ".npy",
        ".npz",
        ".gguf",
        ".ggml",
        ".h5",
        ".joblib",
    ];

    public static void RefuseExtension(string path)
    {
        var extension = Path.GetExtension(path);
        if (Extensions.Contains(extension, StringComparer.OrdinalIgnoreCase))
        {
            throw Refuse($"Files named {extension} are");
        }
    }

    /// <summary>The foreign format that a file's first bytes show, or null.</summary>
    public static string? Recognize(ReadOnlySpan<byte> start) =>
        start switch
        {
            [(byte)'P', (byte)'K', 3, 4, ..] => "a PyTorch or NumPy archive (zip)",
            [0x80, >= 2 and <= 5, ..] => "a pickle",
            [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', ..] => "a NumPy array",
            [(byte)'G', (byte)'G', (byte)'U', (byte)'F', ..] => "GGUF",
            [0x89, (byte)'H', (byte)'D', (byte)'F', ..] => "HDF5",
            _ => null,
        };

    public static SafetensorsException Refuse(string subject) =>
        new(
            SafetensorsError.UnsupportedFormat,
            $"{subject} not read: such formats can carry code. Convert the weights to safetensors first."
        );
}
