namespace CLGRPO.Data.Images;

/// <summary>What the container of a picture says, and a copy of it with only the parts that decoding needs.</summary>
/// <param name="Format">PNG, JPEG or WebP.</param>
/// <param name="Loader">The libvips operation that decodes it.</param>
/// <param name="Width">Pixels per row, as stored.</param>
/// <param name="Height">Rows, as stored.</param>
/// <param name="Orientation">EXIF orientation, 1 to 8; 1 is upright.</param>
/// <param name="Bytes">
/// The picture without text, colour profiles, EXIF and thumbnails: parsers of those never see a stranger's bytes.
/// </param>
internal sealed record EncodedImage(string Format, string Loader, int Width, int Height, int Orientation, byte[] Bytes)
{
    /// <summary>Recognises the format by its first bytes, whatever the file is called, and walks its container.</summary>
    public static EncodedImage Read(ReadOnlySpan<byte> encoded, ImageLimits limits)
    {
        if (encoded.Length > limits.MaxBytes)
        {
            throw new ImageException($"The picture has {encoded.Length} bytes; at most {limits.MaxBytes} are read.");
        }
        var image =
            encoded.StartsWith(PngContainer.Magic) ? PngContainer.Read(encoded)
            : encoded.StartsWith(JpegContainer.Magic) ? JpegContainer.Read(encoded, limits)
            : WebpContainer.HasMagic(encoded) ? WebpContainer.Read(encoded)
            : throw new ImageException("The file is not a PNG, JPEG or WebP picture.");
        limits.CheckSize(image.Width, image.Height);
        return image;
    }
}
