using System.Runtime.InteropServices;

namespace CLGRPO.Data.Images;

/// <remarks>Encoding: an image over bytes in memory, told to be sRGB, through a saver.</remarks>
internal static partial class Vips
{
    private const int UChar = 0;

    /// <summary>Encodes 8-bit RGB pixels.</summary>
    /// <param name="saver">Such as <c>pngsave_buffer</c>.</param>
    /// <param name="quality">1 to 100 for JPEG; null for savers without loss.</param>
    /// <exception cref="InvalidOperationException">libvips has no such saver, or it failed.</exception>
    public static unsafe byte[] Save(string saver, RgbImage image, int? quality)
    {
        EnsureStarted();
        fixed (byte* pixels = image.Pixels)
        {
            var plain = NewFromMemory((nint)pixels, (nuint)image.Pixels.Length, image.Width, image.Height, 3, UChar);
            try
            {
                var colour = Run("copy", plain, ["interpretation", "srgb"], operation => GetObject(operation, "out"));
                try
                {
                    string[] options = quality is { } q ? ["Q", q.ToString()] : [];
                    return Run(saver, colour, options, GetBuffer);
                }
                finally
                {
                    Unref(colour);
                }
            }
            finally
            {
                Unref(plain);
            }
        }
    }

    private static T Run<T>(string name, nint input, string[] options, Func<nint, T> result)
    {
        var operation = NewOperation(name);
        if (operation == 0)
        {
            throw new InvalidOperationException($"libvips has no {name}; install a libvips with PNG and JPEG.");
        }
        try
        {
            SetObject(operation, "in", input);
            for (var i = 0; i < options.Length; i += 2)
            {
                _ = SetFromString(operation, options[i], options[i + 1]);
            }
            return BuildOperation(ref operation) == 0
                ? result(operation)
                : throw new InvalidOperationException($"libvips cannot encode the picture with {name}.");
        }
        finally
        {
            UnrefOutputs(operation);
            Unref(operation);
            ClearErrors();
        }
    }

    private static unsafe byte[] GetBuffer(nint operation)
    {
        var value = default(GValue);
        InitializeValue(ref value, BlobType());
        GetProperty(operation, "buffer", ref value);
        var bytes = GetBlob(GetValueBoxed(ref value), out var length);
        var copy = new ReadOnlySpan<byte>((byte*)bytes, checked((int)length)).ToArray();
        UnsetValue(ref value);
        return copy;
    }

    private static void SetObject(nint target, string property, nint instance)
    {
        var value = default(GValue);
        InitializeValue(ref value, ImageType());
        SetValueObject(ref value, instance);
        SetProperty(target, property, ref value);
        UnsetValue(ref value);
    }

    [LibraryImport(GObject, EntryPoint = "g_value_set_object")]
    private static partial void SetValueObject(ref GValue value, nint instance);

    [LibraryImport(GObject, EntryPoint = "g_value_get_boxed")]
    private static partial nint GetValueBoxed(ref GValue value);

    [LibraryImport(Library, EntryPoint = "vips_blob_get")]
    private static partial nint GetBlob(nint blob, out nuint length);

    [LibraryImport(Library, EntryPoint = "vips_image_new_from_memory")]
    private static partial nint NewFromMemory(nint data, nuint size, int width, int height, int bands, int format);
}
