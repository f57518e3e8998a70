using System.Runtime.InteropServices;
using System.Text.Json;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Golden;

/// <summary>images: Pillow and transformers' tiles against our decoder, grids and resampler.</summary>
internal sealed class ImagesGolden : IGoldenWalker
{
    // Blocks are float32 means of bytes; normalised means are float32 sums.
    private const double ExactBlock = 1e-3;
    private const double ExactMean = 1e-4;

    public string Folder => "images";

    public GoldenResult Walk(string folder)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
        using var tiles = SafetensorsFile.Open(Path.Combine(folder, "tiles.safetensors"));
        var root = file.RootElement;
        var (mean, std) = (Floats(root.GetProperty("mean")), Floats(root.GetProperty("std")));
        var tally = new CaseTally();
        foreach (var (i, item) in root.GetProperty("cases").EnumerateArray().Index())
        {
            tally.Case(
                $"cases.json cases[{i}] {item.GetProperty("image")}",
                () => Picture(item, folder, tiles, mean, std)
            );
        }
        foreach (var (i, item) in root.GetProperty("grids").EnumerateArray().Index())
        {
            tally.Case($"cases.json grids[{i}]", () => Grid(item));
        }
        return tally.Result;
    }

    private static void Picture(JsonElement item, string folder, SafetensorsFile file, float[] mean, float[] std)
    {
        var path = Path.Combine(folder, item.GetProperty("image").GetString()!);
        var image = ImageDecoder.Decode(path);
        Expect.Same("width", Int(item, "width"), image.Width);
        Expect.Same("height", Int(item, "height"), image.Height);
        Expect.Same("size without decoding", (image.Width, image.Height), ImageDecoder.Size(path));
        var preprocessor = new ImagePreprocessor(
            new ImagePreprocessorConfig(
                Int(item, "tile"),
                Int(item, "min_tiles"),
                Int(item, "max_tiles"),
                Mean: mean,
                Std: std
            )
        );
        var tiled = preprocessor.Preprocess(image);
        Expect.SameItems("grid", Sides(item.GetProperty("grid")), [tiled.Grid.Columns, tiled.Grid.Rows]);
        Expect.Same("num_tiles", Int(item, "num_tiles"), tiled.TileCount);
        var tolerance = PictureTolerance.Of(path);
        if (item.TryGetProperty("tiles", out var name))
        {
            Tiles(file, name.GetString()!, tiled, tolerance);
        }
        if (item.TryGetProperty("blocks", out name))
        {
            Blocks(file, name.GetString()!, tiled, tolerance);
        }
        var normalized = new float[tiled.Tiles.Length];
        preprocessor.Normalize(tiled.Tiles, normalized);
        var pixelMean = normalized.Average(value => (double)value);
        var limit = tolerance.IsExact ? ExactMean : PictureTolerance.LooseMean / 255 / std.Min();
        Expect.Close("pixel_mean", item.GetProperty("pixel_mean").GetDouble(), pixelMean, limit);
    }

    private static void Grid(JsonElement item)
    {
        var tileSize = Int(item, "tile");
        var preprocessor = new ImagePreprocessor(
            new ImagePreprocessorConfig(tileSize, MaxTiles: Int(item, "max_tiles"))
        );
        var (width, height) = (Int(item, "width"), Int(item, "height"));
        var grid = TileGrid.Choose(width, height, tileSize, 1, Int(item, "max_tiles"));
        Expect.SameItems("grid", Sides(item.GetProperty("grid")), [grid.Columns, grid.Rows]);
        Expect.Same("num_tiles", Int(item, "num_tiles"), preprocessor.CountTiles(width, height));
    }

    private static void Tiles(SafetensorsFile file, string name, TiledImage tiled, PictureTolerance tolerance)
    {
        var tensor = file.Tensors[name];
        Expect.SameItems($"{name} shape", tensor.Shape, [tiled.TileCount, tiled.TileSize, tiled.TileSize, 3]);
        var expected = new byte[tensor.ByteLength];
        file.Read(tensor, expected);
        tolerance.CheckTiles(name, expected, tiled.Tiles);
    }

    private static void Blocks(SafetensorsFile file, string name, TiledImage tiled, PictureTolerance tolerance)
    {
        var tensor = file.Tensors[name];
        var side = (int)tensor.Shape[1];
        Expect.SameItems($"{name} shape", tensor.Shape, [tiled.TileCount, side, side, 3]);
        var bytes = new byte[tensor.ByteLength];
        file.Read(tensor, bytes);
        var expected = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        tolerance.Check(name, Array.ConvertAll(expected, value => (double)value), BlockMeans(tiled, side), ExactBlock);
    }

    // [tiles, side, side, 3]: means of square blocks of pixels.
    private static double[] BlockMeans(TiledImage tiled, int side)
    {
        var block = tiled.TileSize / side;
        var sums = new double[tiled.TileCount * side * side * 3];
        for (var i = 0; i < tiled.Tiles.Length; i++)
        {
            var (pixel, channel) = Math.DivRem(i, 3);
            var (row, x) = Math.DivRem(pixel, tiled.TileSize);
            var (tile, y) = Math.DivRem(row, tiled.TileSize);
            var at = (((tile * side) + (y / block)) * side) + (x / block);
            sums[(at * 3) + channel] += tiled.Tiles[i];
        }
        return Array.ConvertAll(sums, sum => sum / (block * block));
    }

    private static int Int(JsonElement item, string name) => item.GetProperty(name).GetInt32();

    private static int[] Sides(JsonElement grid) => [.. grid.EnumerateArray().Select(side => side.GetInt32())];

    private static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetSingle())];
}
