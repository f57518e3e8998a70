namespace CLGRPO.Data.Images;

/// <summary>An image as it is sent to a teacher: upright, opaque, no larger than asked, without EXIF or other text about its maker.</summary>
/// <param name="MediaType"><c>image/png</c> or <c>image/jpeg</c>: what every server reads.</param>
/// <param name="Bytes">The file.</param>
public sealed record TeacherImage(string MediaType, byte[] Bytes)
{
    private const int JpegQuality = 92;

    // Above this a photograph was drawn as PNG; JPEG has a fifth of it.
    private const int MaxPngBytes = 1 << 20;

    /// <summary>Reads a file. One that is small, upright and opaque keeps its pixels' encoding; another is decoded and encoded anew.</summary>
    /// <param name="path">A PNG, JPEG or WebP.</param>
    /// <param name="maxSide">Pixels of the longer side.</param>
    /// <param name="limits">null: <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="ImageException">The file is no picture that is read here, is damaged or beyond a limit.</exception>
    public static TeacherImage Read(string path, int maxSide, ImageLimits? limits = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        limits ??= ImageLimits.Default;
        var length = new FileInfo(path).Length;
        return length <= limits.MaxBytes
            ? Of(File.ReadAllBytes(path), maxSide, limits)
            : throw new ImageException($"The picture has {length} bytes; at most {limits.MaxBytes} are read.");
    }

    /// <summary>As <see cref="Read"/>, from bytes.</summary>
    public static TeacherImage Of(ReadOnlySpan<byte> encoded, int maxSide, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        var image = EncodedImage.Read(encoded, limits);
        if (
            Math.Max(image.Width, image.Height) <= maxSide
            && image.Orientation == 1
            && MediaTypeAsIs(image) is { } type
        )
        {
            return new TeacherImage(type, image.Bytes);
        }
        var pixels = Shrink(ImageDecoder.Decode(encoded, limits), maxSide);
        if (image.Format != "JPEG" && ImageEncoder.Png(pixels) is { Length: <= MaxPngBytes } png)
        {
            return new TeacherImage("image/png", png);
        }
        return new TeacherImage("image/jpeg", ImageEncoder.Jpeg(pixels, JpegQuality));
    }

    /// <summary><c>data:image/png;base64,…</c></summary>
    public string ToDataUrl() => $"data:{MediaType};base64,{Convert.ToBase64String(Bytes)}";

    // Models differ in what they see behind transparent pixels; the models trained here see white.
    private static string? MediaTypeAsIs(EncodedImage image) =>
        image.Format switch
        {
            "JPEG" => "image/jpeg",
            "PNG" when !PngContainer.MayBeTransparent(image.Bytes) => "image/png",
            _ => null,
        };

    internal static RgbImage Shrink(RgbImage image, int maxSide)
    {
        var longer = Math.Max(image.Width, image.Height);
        return longer <= maxSide
            ? image
            : BicubicResampler.Resize(image, Scale(image.Width, maxSide, longer), Scale(image.Height, maxSide, longer));
    }

    private static int Scale(int side, int maxSide, int longer) =>
        Math.Max(1, (int)Math.Round((double)side * maxSide / longer, MidpointRounding.AwayFromZero));
}
