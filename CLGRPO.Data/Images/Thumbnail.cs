namespace CLGRPO.Data.Images;

/// <summary>Small pictures for grids: decoded and encoded anew, so nothing of the stranger's file but its pixels is left.</summary>
public static class Thumbnail
{
    private const int JpegQuality = 82;

    // Drawings this small look poor as JPEG and weigh little as PNG.
    private const int PngSide = 96;

    /// <summary>Reads a picture and makes it small enough; a smaller one keeps its size.</summary>
    /// <param name="path">A PNG, JPEG or WebP.</param>
    /// <param name="maxSide">Pixels of the longer side.</param>
    /// <exception cref="ImageException">The file is no picture that is read here, is damaged or beyond a limit.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TeacherImage Of(string path, int maxSide)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        var pixels = TeacherImage.Shrink(ImageDecoder.Decode(path), maxSide);
        return Math.Max(pixels.Width, pixels.Height) <= PngSide
            ? new("image/png", ImageEncoder.Png(pixels))
            : new("image/jpeg", ImageEncoder.Jpeg(pixels, JpegQuality));
    }
}
