namespace CLGRPO.Data.Images;

/// <summary>What a picture may claim before its pixels are decoded; the defaults are those for uploads.</summary>
public sealed record ImageLimits
{
    /// <summary>Bytes of the encoded picture.</summary>
    public int MaxBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>Pixels of the longer side.</summary>
    public int MaxSide { get; init; } = 8192;

    /// <summary>Pixels of the whole picture.</summary>
    public int MaxPixels { get; init; } = 25_000_000;

    /// <summary>Longer side divided by shorter side.</summary>
    public int MaxAspect { get; init; } = 50;

    /// <summary>Scans of a progressive JPEG; encoders write about ten.</summary>
    public int MaxScans { get; init; } = 64;

    /// <summary>Scans × pixels of a progressive JPEG: the work of decoding it.</summary>
    public long MaxScannedPixels { get; init; } = 400_000_000;

    /// <summary>Time for the decoder; checked between strips of rows.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    public static ImageLimits Default { get; } = new();

    internal void CheckSize(int width, int height)
    {
        if (width < 1 || height < 1)
        {
            throw new ImageException("The picture has no pixels.");
        }
        if (Math.Max(width, height) > MaxSide)
        {
            throw new ImageException(
                $"The picture is {width}×{height} pixels; at most {MaxSide} per side are read. Scale it down first."
            );
        }
        if ((long)width * height > MaxPixels)
        {
            throw new ImageException(
                $"The picture is {width}×{height} pixels; at most {MaxPixels} in all are read. Scale it down first."
            );
        }
        if (Math.Max(width, height) > (long)MaxAspect * Math.Min(width, height))
        {
            throw new ImageException(
                $"The picture is {width}×{height} pixels; one side may be at most {MaxAspect} times the other. Crop it first."
            );
        }
    }

    internal void CheckScans(int scans, int width, int height)
    {
        if (scans > MaxScans || (long)scans * width * height > MaxScannedPixels)
        {
            throw new ImageException($"The JPEG has {scans} scans, too many for its size. Save it anew.");
        }
    }
}
