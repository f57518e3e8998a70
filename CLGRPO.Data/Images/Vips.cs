using System.Runtime.InteropServices;

namespace CLGRPO.Data.Images;

/// <summary>The functions of libvips 8.13 or newer that decoding and encoding need, with only the three trusted loaders switched on.</summary>
/// <remarks>Source: libvips' C API reference. Operations go through GObject properties, not the variadic functions.</remarks>
internal static partial class Vips
{
    private const string Library = "libvips.so.42";
    private const string GObject = "libgobject-2.0.so.0";
    private const string GLib = "libglib-2.0.so.0";

    // Runs once; a failure stays the failure of every later use.
    private static readonly Lazy<bool> Started = new(Start);

    [StructLayout(LayoutKind.Sequential)]
    public struct Rectangle
    {
        public int Left;
        public int Top;
        public int Width;
        public int Height;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct GValue
    {
        public nuint Type;
        public long Data0;
        public long Data1;
    }

    /// <exception cref="InvalidOperationException">libvips is not installed or does not start.</exception>
    public static void EnsureStarted() => _ = Started.Value;

    /// <summary>Runs a loader over bytes in memory up to the picture's header.</summary>
    /// <returns>A new reference to a VipsImage, or 0 where the loader refuses; the bytes must stay where they are while it lives.</returns>
    public static nint Load(string loader, nint bytes, int length)
    {
        var operation = NewOperation(loader);
        if (operation == 0)
        {
            throw new InvalidOperationException($"libvips has no {loader}; install a libvips with PNG, JPEG and WebP.");
        }
        var blob = NewBlob(0, bytes, (nuint)length);
        try
        {
            SetBoxed(operation, "buffer", blob);
            _ = SetFromString(operation, "access", "sequential");
            _ = SetFromString(operation, "fail-on", "truncated");
            if (BuildOperation(ref operation) != 0)
            {
                return 0;
            }
            return GetObject(operation, "out");
        }
        finally
        {
            UnrefArea(blob);
            UnrefOutputs(operation);
            Unref(operation);
            ClearErrors();
        }
    }

    private static bool Start()
    {
        try
        {
            // The C environment is not .NET's: warnings about broken pictures would go to stderr.
            _ = SetEnvironment("VIPS_WARNING", "0", overwrite: 1);
            // Modules (PDF, slides, ImageMagick) are looked for where there are none: not one is needed, and the system's SQLite, which
            // comes with them, would take the place of parts of the one that the database uses: a crash.
            _ = SetEnvironment("VIPSHOME", "/nonexistent", overwrite: 1);
            if (Initialize("CLGRPO") != 0)
            {
                throw new InvalidOperationException("libvips does not start; install it anew (Debian: libvips42).");
            }
        }
        catch (DllNotFoundException e)
        {
            throw new InvalidOperationException(
                "libvips is missing; install it (Debian: apt-get install libvips42).",
                e
            );
        }
        BlockUntrusted(1);
        BlockOperation("VipsForeignLoad", 1);
        BlockOperation("VipsForeignLoadPng", 0);
        BlockOperation("VipsForeignLoadJpeg", 0);
        BlockOperation("VipsForeignLoadWebp", 0);
        // No two requests for a picture share anything, and each decodes on its caller's thread.
        SetCacheSize(0);
        SetConcurrency(1);
        return true;
    }

    private static void SetBoxed(nint target, string property, nint boxed)
    {
        var value = default(GValue);
        InitializeValue(ref value, BlobType());
        SetValueBoxed(ref value, boxed);
        SetProperty(target, property, ref value);
        UnsetValue(ref value);
    }

    private static nint GetObject(nint source, string property)
    {
        var value = default(GValue);
        InitializeValue(ref value, ImageType());
        GetProperty(source, property, ref value);
        var result = DuplicateValueObject(ref value);
        UnsetValue(ref value);
        return result;
    }

    [LibraryImport(GLib, EntryPoint = "g_setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport(GLib, EntryPoint = "g_free")]
    public static partial void Free(nint memory);

    [LibraryImport(GObject, EntryPoint = "g_object_unref")]
    public static partial void Unref(nint instance);

    [LibraryImport(GObject, EntryPoint = "g_value_init")]
    private static partial nint InitializeValue(ref GValue value, nuint type);

    [LibraryImport(GObject, EntryPoint = "g_value_unset")]
    private static partial void UnsetValue(ref GValue value);

    [LibraryImport(GObject, EntryPoint = "g_value_set_boxed")]
    private static partial void SetValueBoxed(ref GValue value, nint boxed);

    [LibraryImport(GObject, EntryPoint = "g_value_dup_object")]
    private static partial nint DuplicateValueObject(ref GValue value);

    [LibraryImport(GObject, EntryPoint = "g_object_set_property", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void SetProperty(nint target, string property, ref GValue value);

    [LibraryImport(GObject, EntryPoint = "g_object_get_property", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void GetProperty(nint source, string property, ref GValue value);

    [LibraryImport(Library, EntryPoint = "vips_init", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Initialize(string program);

    [LibraryImport(Library, EntryPoint = "vips_block_untrusted_set")]
    private static partial void BlockUntrusted(int state);

    [LibraryImport(Library, EntryPoint = "vips_operation_block_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void BlockOperation(string name, int state);

    [LibraryImport(Library, EntryPoint = "vips_cache_set_max")]
    private static partial void SetCacheSize(int operations);

    [LibraryImport(Library, EntryPoint = "vips_concurrency_set")]
    private static partial void SetConcurrency(int threads);

    [LibraryImport(Library, EntryPoint = "vips_error_clear")]
    public static partial void ClearErrors();

    [LibraryImport(Library, EntryPoint = "vips_blob_get_type")]
    private static partial nuint BlobType();

    [LibraryImport(Library, EntryPoint = "vips_image_get_type")]
    private static partial nuint ImageType();

    [LibraryImport(Library, EntryPoint = "vips_blob_new")]
    private static partial nint NewBlob(nint free, nint data, nuint length);

    [LibraryImport(Library, EntryPoint = "vips_area_unref")]
    private static partial void UnrefArea(nint area);

    [LibraryImport(Library, EntryPoint = "vips_operation_new", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint NewOperation(string name);

    [LibraryImport(
        Library,
        EntryPoint = "vips_object_set_argument_from_string",
        StringMarshalling = StringMarshalling.Utf8
    )]
    private static partial int SetFromString(nint operation, string name, string value);

    [LibraryImport(Library, EntryPoint = "vips_cache_operation_buildp")]
    private static partial int BuildOperation(ref nint operation);

    [LibraryImport(Library, EntryPoint = "vips_object_unref_outputs")]
    private static partial void UnrefOutputs(nint operation);

    [LibraryImport(Library, EntryPoint = "vips_image_get_width")]
    public static partial int Width(nint image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_height")]
    public static partial int Height(nint image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_bands")]
    public static partial int Bands(nint image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_format")]
    public static partial int BandFormat(nint image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_interpretation")]
    public static partial int Interpretation(nint image);

    [LibraryImport(Library, EntryPoint = "vips_region_new")]
    public static partial nint NewRegion(nint image);

    /// <summary>Decodes a rectangle of pixels. The result belongs to the caller (<see cref="Free"/>), or is 0 on a fault.</summary>
    [LibraryImport(Library, EntryPoint = "vips_region_fetch")]
    public static partial nint FetchRegion(nint region, int left, int top, int width, int height, out nuint length);
}
