namespace CLGRPO.Data.Images;

/// <summary>How a picture is cut: <paramref name="Columns"/> × <paramref name="Rows"/> tiles.</summary>
public readonly record struct TileGrid(int Columns, int Rows)
{
    public int Tiles => Columns * Rows;

    /// <summary>
    /// The grid whose shape is nearest the picture's; among equally near ones a larger grid only if the picture has more
    /// than half its pixels.
    /// </summary>
    /// <remarks>Source: InternVL's dynamic_preprocess, in the order of grids of transformers' image processor.</remarks>
    public static TileGrid Choose(int width, int height, int tileSize, int minTiles, int maxTiles)
    {
        var aspect = (double)width / height;
        var area = (double)width * height;
        var (best, bestDifference) = (new TileGrid(1, 1), double.PositiveInfinity);
        foreach (var grid in Candidates(minTiles, maxTiles))
        {
            var difference = Math.Abs(aspect - ((double)grid.Columns / grid.Rows));
            // Exact equality is meant: the reference compares the same quotients in the same precision.
            var isTie = difference.Equals(bestDifference);
            if (difference < bestDifference || (isTie && area > 0.5 * tileSize * tileSize * grid.Tiles))
            {
                (best, bestDifference) = (grid, difference);
            }
        }
        return best;
    }

    // The sort is stable: grids of as many tiles stay in the order of their columns.
    private static IEnumerable<TileGrid> Candidates(int minTiles, int maxTiles) =>
        Enumerable
            .Range(1, maxTiles)
            .SelectMany(columns => Enumerable.Range(1, maxTiles / columns).Select(rows => new TileGrid(columns, rows)))
            .Where(grid => grid.Tiles >= minTiles)
            .OrderBy(grid => grid.Tiles);
}
