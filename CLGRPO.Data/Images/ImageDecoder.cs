using System.Diagnostics;

namespace CLGRPO.Data.Images;

/// <summary>Turns a stranger's PNG, JPEG or WebP into upright 8-bit RGB. Limits are checked before the first pixel.</summary>
public static class ImageDecoder
{
    private const int StripPixels = 1 << 20;

    // A picture may take a hundred megabytes while it is decoded; callers wait their turn.
    private static readonly SemaphoreSlim Slots = new(Environment.ProcessorCount);

    /// <summary>Decodes a file; its name plays no part.</summary>
    /// <exception cref="ImageException">The file is no picture that is read here, is damaged or beyond a limit.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static RgbImage Decode(string path, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        return Decode(Bytes(path, limits), limits);
    }

    private static ReadOnlySpan<byte> Bytes(string path, ImageLimits limits)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        if (length > limits.MaxBytes)
        {
            throw new ImageException($"The picture has {length} bytes; at most {limits.MaxBytes} are read.");
        }
        var bytes = new byte[length];
        var read = RandomAccess.Read(file, bytes, 0);
        return bytes.AsSpan(0, read);
    }

    /// <summary>Reads the size of the upright picture from the file's container; no pixel is decoded.</summary>
    /// <exception cref="ImageException">The file is no picture that is read here, or beyond a limit.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static (int Width, int Height) Size(string path, ImageLimits? limits = null) =>
        Size(Bytes(path, limits ?? ImageLimits.Default), limits);

    /// <summary>Width and height of an encoded picture as it is shown; nothing is decoded.</summary>
    /// <exception cref="ImageException">The bytes are no picture that is read here, or beyond a limit.</exception>
    public static (int Width, int Height) Size(ReadOnlySpan<byte> encoded, ImageLimits? limits = null)
    {
        var image = EncodedImage.Read(encoded, limits ?? ImageLimits.Default);
        return OrientedPixels.IsTurned(image.Orientation) ? (image.Height, image.Width) : (image.Width, image.Height);
    }

    /// <summary>
    /// Decodes a picture: turned by its EXIF orientation, laid over white where transparent, 16-bit channels shifted right
    /// by 8, CMYK by the plain formula (255 − C)(255 − K)/255. Colour profiles are not applied.
    /// </summary>
    /// <param name="encoded">A whole PNG, JPEG or WebP, recognised by its first bytes.</param>
    /// <param name="limits">null: <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="ImageException">The bytes are no picture that is read here, are damaged or beyond a limit.</exception>
    /// <exception cref="InvalidOperationException">libvips is missing.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        var image = EncodedImage.Read(encoded, limits);
        Vips.EnsureStarted();
        Slots.Wait();
        try
        {
            return Decode(image, limits);
        }
        finally
        {
            Slots.Release();
        }
    }

    private static unsafe RgbImage Decode(EncodedImage image, ImageLimits limits)
    {
        fixed (byte* bytes = image.Bytes)
        {
            var loaded = Vips.Load(image.Loader, (nint)bytes, image.Bytes.Length);
            if (loaded == 0)
            {
                throw ImageException.Damaged(image.Format);
            }
            try
            {
                // The limits were held against our own reading of the header; the decoder must agree with it.
                return Vips.Width(loaded) == image.Width && Vips.Height(loaded) == image.Height
                    ? DecodeStrips(image, loaded, limits)
                    : throw ImageException.Damaged(image.Format);
            }
            finally
            {
                Vips.Unref(loaded);
            }
        }
    }

    private static RgbImage DecodeStrips(EncodedImage image, nint loaded, ImageLimits limits)
    {
        var pixels = new PixelFormat(Vips.Bands(loaded), Vips.BandFormat(loaded), Vips.Interpretation(loaded));
        if (!pixels.IsKnown)
        {
            throw new ImageException($"The {image.Format} picture has a pixel format that is not read.");
        }
        var target = new OrientedPixels(image.Width, image.Height, image.Orientation);
        var clock = Stopwatch.StartNew();
        var region = Vips.NewRegion(loaded);
        try
        {
            var rows = Math.Max(1, StripPixels / image.Width);
            for (var top = 0; top < image.Height; top += rows)
            {
                DecodeStrip(image, region, top, Math.Min(rows, image.Height - top), pixels, target);
                if (clock.Elapsed > limits.Timeout)
                {
                    throw new ImageException("The picture takes too long to decode. Save it anew.");
                }
            }
        }
        finally
        {
            Vips.Unref(region);
        }
        return target.ToImage();
    }

    private static unsafe void DecodeStrip(
        EncodedImage image,
        nint region,
        int top,
        int rows,
        PixelFormat pixels,
        OrientedPixels target
    )
    {
        var strip = Vips.FetchRegion(region, 0, top, image.Width, rows, out var length);
        if (strip == 0)
        {
            Vips.ClearErrors();
            throw ImageException.Damaged(image.Format);
        }
        try
        {
            var rowBytes = image.Width * pixels.BytesPerPixel;
            var bytes = new ReadOnlySpan<byte>((byte*)strip, checked((int)length));
            for (var row = 0; row < rows; row++)
            {
                target.WriteRow(top + row, bytes.Slice(row * rowBytes, rowBytes), pixels);
            }
        }
        finally
        {
            Vips.Free(strip);
        }
    }
}
