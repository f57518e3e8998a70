namespace CLGRPO.Data.Images;

/// <summary>Looks at a picture without decoding a pixel.</summary>
public static class ImageHeader
{
    /// <summary>Width and height as the picture is shown, its EXIF orientation honoured.</summary>
    /// <param name="encoded">A whole PNG, JPEG or WebP.</param>
    /// <param name="limits">null: <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="ImageException">The bytes are no picture that is read here, or beyond a limit.</exception>
    public static (int Width, int Height) SizeOf(ReadOnlySpan<byte> encoded, ImageLimits? limits = null)
    {
        var image = EncodedImage.Read(encoded, limits ?? ImageLimits.Default);
        var isTurned = image.Orientation >= 5; // by a quarter, mirrored or not
        return isTurned ? (image.Height, image.Width) : (image.Width, image.Height);
    }
}
