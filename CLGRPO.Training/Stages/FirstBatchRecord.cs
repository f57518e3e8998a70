using System.Globalization;
using CLGRPO.Data.Images;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Batches;
using static TorchSharp.torch;

namespace CLGRPO.Training.Stages;

/// <summary>Writes down what a stage's first step trains on, in pictures and words. It draws no random number and leaves no tensor.</summary>
internal sealed class FirstBatchRecord(RunSession session, RunningStage running)
{
    private const int MostRows = 8;
    private const int MostPixels = 8 << 20; // of all pictures together
    private const int LosslessPixels = 1 << 16; // a small picture is kept to the pixel
    private const int Quality = 85;
    private readonly RowTokens _tokens = new(running.Model.Tokenizer, running.Stage.Completion);

    public void Write(FedBatch batch)
    {
        var config = running.Model.Model.Config;
        var pictures = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        List<FirstBatchRow> rows = [.. Chosen(batch).Select(row => Row(batch, row, pictures))];
        new FirstBatch(
            batch.Rows,
            batch.MicroBatches.Count,
            batch.Tokens,
            batch.Padding,
            batch.LossTokens,
            batch.Longest,
            config.Vision.ImageSize,
            config.TokensPerTile,
            batch.SharesPrompts,
            rows
        ).Write(session.Lock, running.Stage.Name, pictures);
    }

    /// <summary>The first prompts, and of each the first completions, so that there is more to see than one group.</summary>
    private IEnumerable<ChosenRow> Chosen(FedBatch batch)
    {
        var prompts = batch.MicroBatches.Sum(micro => micro.Count);
        var perPrompt = Math.Max(1, MostRows / prompts);
        var tilePixels = running.Model.Model.Config.Vision.ImageSize * running.Model.Model.Config.Vision.ImageSize;
        var (rows, pixels) = (0, 0L);
        foreach (var (micro, prompt) in batch.MicroBatches.SelectMany(micro => micro.Select(prompt => (micro, prompt))))
        {
            pixels += (long)running.Split.Samples[prompt.Sample].Tiles * tilePixels;
            if (rows >= MostRows || (rows > 0 && pixels > MostPixels))
                yield break;
            foreach (var completion in prompt.Completions.Take(perPrompt))
            {
                rows++;
                yield return new ChosenRow(micro, prompt, completion);
            }
        }
    }

    private FirstBatchRow Row(FedBatch batch, ChosenRow row, Dictionary<string, byte[]> pictures)
    {
        var prepared = running.Split.Samples[row.Prompt.Sample];
        var (width, height) = ImageDecoder.Size(session.Dataset.ImagePath(prepared.Sample));
        var images = session.Recipe.Image.Limit(running.Model.Images);
        var grid = TileGrid.Choose(width, height, images.TileSize, images.MinTiles, images.MaxTiles);
        var side = images.TileSize;
        var lossless = prepared.Tiles * side * side <= LosslessPixels;
        var name = $"{row.Prompt.Sample.ToString(CultureInfo.InvariantCulture)}.{(lossless ? "png" : "jpg")}";
        if (!pictures.ContainsKey(name))
        {
            var picture = Picture(batch, row.Prompt.Sample, images);
            pictures[name] = lossless ? ImageEncoder.Png(picture) : ImageEncoder.Jpeg(picture, Quality);
        }
        return new FirstBatchRow(
            prepared.Sample.Id,
            prepared.Sample.Image,
            prepared.Sample.Label,
            grid.Columns,
            grid.Rows,
            prepared.Tiles,
            name,
            row.Prompt.PromptIds.Length + row.Completion.Ids.Length,
            _tokens.Of(row.Prompt, row.Completion, batch.PaddingOf(row.MicroBatch, row.Prompt, row.Completion))
        );
    }

    /// <summary>The tiles that the vision tower gets, one below the other: what the normalised numbers stand for.</summary>
    private RgbImage Picture(FedBatch batch, int sample, ImagePreprocessorConfig images)
    {
        using var scope = NewDisposeScope();
        var tiles = running.Split.LoadTiles([sample], running.Model.Model.Config, batch.AugmentOf(sample));
        var values = tiles.data<float>().ToArray(); // [tiles, 3, size, size]
        var (count, side) = (running.Split.Samples[sample].Tiles, images.TileSize);
        var plane = side * side;
        var pixels = new byte[values.Length];
        for (var tile = 0; tile < count; tile++)
        {
            for (var channel = 0; channel < 3; channel++)
            {
                var from = values.AsSpan(((tile * 3) + channel) * plane, plane);
                for (var i = 0; i < plane; i++)
                    pixels[(((tile * plane) + i) * 3) + channel] = Byte(
                        (from[i] * images.Std[channel]) + images.Mean[channel]
                    );
            }
        }
        return new RgbImage(side, count * side, pixels);
    }

    private static byte Byte(float share) => (byte)Math.Clamp(MathF.Round(share * 255), 0, 255);

    private sealed record ChosenRow(IReadOnlyList<FedPrompt> MicroBatch, FedPrompt Prompt, FedCompletion Completion);
}
