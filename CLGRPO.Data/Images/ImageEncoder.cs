namespace CLGRPO.Data.Images;

/// <summary>Writes pictures.</summary>
public static class ImageEncoder
{
    /// <summary>Without loss.</summary>
    public static byte[] Png(RgbImage image) => Vips.Save("pngsave_buffer", image, quality: null);

    /// <param name="quality">1 to 100.</param>
    public static byte[] Jpeg(RgbImage image, int quality)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        return Vips.Save("jpegsave_buffer", image, quality);
    }
}
