namespace CLGRPO.Data.Images;

/// <summary>A picture cut into tiles.</summary>
/// <param name="Tiles">[tiles, tileSize, tileSize, 3]: row by row, the thumbnail last.</param>
/// <param name="TileCount">The thumbnail included.</param>
/// <param name="TileSize">Pixels per side.</param>
/// <param name="Grid">The grid without the thumbnail.</param>
public sealed record TiledImage(byte[] Tiles, int TileCount, int TileSize, TileGrid Grid);
