using System.Text.Json;
using CLGRPO.Data.Images;

namespace CLGRPO.Golden;

/// <summary>The pictures of a case, cut by our code as the model's own files say, beside the tiles that transformers saw.</summary>
internal static class InternVlTiles
{
    /// <param name="model">Gives preprocessing and pictures.</param>
    /// <param name="item">Has <c>images</c>, or one <c>image</c>, and <c>num_tiles</c>.</param>
    /// <param name="key">The tiles are stored under <c>key.tiles</c>.</param>
    public static void Check(InternVlModel model, JsonElement item, string key)
    {
        string[] pictures = item.TryGetProperty("images", out var several)
            ? [.. several.EnumerateArray().Select(name => name.GetString()!)]
            : [item.GetProperty("image").GetString()!];
        var preprocessor = new ImagePreprocessor(model.Pretrained.Images);
        var stored = model.Tensors.Bytes(key + ".tiles");
        var counts = new List<int>();
        var start = 0;
        foreach (var picture in pictures)
        {
            var path = model.Picture(picture);
            var tiled = preprocessor.Preprocess(ImageDecoder.Decode(path));
            counts.Add(tiled.TileCount);
            var end = Math.Min(start + tiled.Tiles.Length, stored.Length);
            PictureTolerance.Of(path).CheckTiles($"{key}.tiles of {picture}", stored[start..end], tiled.Tiles);
            start = end;
        }
        Expect.SameItems("num_tiles", Json.Ints(item, "num_tiles"), counts);
        Expect.Same($"{key}.tiles, length", stored.Length, start);
    }
}
