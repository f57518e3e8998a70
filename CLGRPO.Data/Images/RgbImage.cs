namespace CLGRPO.Data.Images;

/// <summary>An upright, opaque picture of 8 bits per channel.</summary>
/// <param name="Width">Pixels per row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Pixels">[height, width, 3], row-major, red first.</param>
public sealed record RgbImage(int Width, int Height, byte[] Pixels);
