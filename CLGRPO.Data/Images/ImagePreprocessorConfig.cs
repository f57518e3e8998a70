namespace CLGRPO.Data.Images;

/// <summary>How pictures are cut into tiles for the vision tower. The defaults are InternVL2.5's and InternVL3's.</summary>
/// <param name="TileSize">Pixels per side of a tile.</param>
/// <param name="MinTiles">Fewest tiles of a grid.</param>
/// <param name="MaxTiles">Most tiles of a grid; the thumbnail comes on top.</param>
/// <param name="UseThumbnail">Whether the whole picture follows as one more tile where the grid has more than one.</param>
/// <param name="Mean">Per channel, subtracted from values of 0 to 1; null: ImageNet's.</param>
/// <param name="Std">Per channel, divides what is left; null: ImageNet's.</param>
public sealed record ImagePreprocessorConfig(
    int TileSize = 448,
    int MinTiles = 1,
    int MaxTiles = 12,
    bool UseThumbnail = true,
    float[]? Mean = null,
    float[]? Std = null
)
{
    public float[] Mean { get; init; } = Mean ?? [0.485f, 0.456f, 0.406f];

    public float[] Std { get; init; } = Std ?? [0.229f, 0.224f, 0.225f];

    /// <exception cref="ArgumentException">A value cannot work; the message says which.</exception>
    internal void Check()
    {
        if (TileSize is < 1 or > 4096)
        {
            throw new ArgumentException($"TileSize is {TileSize}; it must be from 1 to 4096 pixels.", nameof(TileSize));
        }
        if (MinTiles < 1 || MaxTiles < MinTiles || MaxTiles > 256)
        {
            throw new ArgumentException(
                $"MinTiles is {MinTiles}, MaxTiles {MaxTiles}; they must hold 1 ≤ MinTiles ≤ MaxTiles ≤ 256.",
                nameof(MaxTiles)
            );
        }
        if (Mean.Length != 3 || Std.Length != 3 || !Mean.All(float.IsFinite) || !Std.All(std => std > 0))
        {
            throw new ArgumentException("Mean and Std must have three numbers each, Std above 0.", nameof(Std));
        }
    }
}
