using CLGRPO.Data.Datasets.EmoScenes.Drawing;

namespace CLGRPO.Data.Datasets.EmoScenes;

/// <summary>Paints attribute values as a picture of 64×64 pixels.</summary>
internal static class ScenePainter
{
    private const float CardSize = 24;

    /// <summary>Corner of the card of an attribute, in pixels: upper left, upper right, lower left; whole 8-pixel cells.</summary>
    private static readonly (int Attribute, float X, float Y, Action<Pen, int> Draw)[] Cards =
    [
        (Affinities.Object, 0, 0, ObjectGlyphs.Draw),
        (Affinities.Face, 40, 0, FaceGlyphs.Draw),
        (Affinities.Action, 0, 40, ActionGlyphs.Draw),
    ];

    /// <summary>Paints and encodes one picture.</summary>
    /// <param name="values">Value per attribute, −1 where absent.</param>
    /// <returns>A PNG file.</returns>
    public static byte[] PaintPng(EmoScenesConfig config, ReadOnlySpan<int> values, CounterRandom random)
    {
        var canvas = new Canvas();
        SceneBackgrounds.Draw(canvas, values[Affinities.Scene], random);
        DrawDistractors(canvas.Pen, random);
        Photometrics.Apply(canvas, values[Affinities.Brightness], values[Affinities.Colorfulness], random);
        foreach (var (attribute, x, y, draw) in Cards)
        {
            if (values[attribute] >= 0)
                draw(DrawCard(canvas, x, y, config.JitterPixels, random), values[attribute]);
        }
        return PngWriter.Write(
            Quantize(canvas.Reduce(), (float)config.Noise, random),
            Canvas.FinishedSize,
            Canvas.FinishedSize
        );
    }

    // Two to five pale spots that mean nothing.
    private static void DrawDistractors(Pen pen, CounterRandom random)
    {
        for (var left = 2 + random.Below(4); left > 0; left--)
        {
            var color = new Color(random.Between(0, 1), random.Between(0, 1), random.Between(0, 1));
            pen.Circle(color, (random.Between(0, 64), random.Between(0, 64)), random.Between(1.5, 3.5), 0.5f);
        }
    }

    private static Pen DrawCard(Canvas canvas, float x, float y, double jitter, CounterRandom random)
    {
        var (left, top) = (x + random.Between(-jitter, jitter), y + random.Between(-jitter, jitter));
        var pen = new Pen(canvas, left, top);
        pen.Box(Color.Grey(0.25f), 0, 0, CardSize, CardSize);
        pen.Box(Color.Grey(random.Between(0.86, 0.96)), 0.7f, 0.7f, CardSize - 0.7f, CardSize - 0.7f);
        return pen;
    }

    private static byte[] Quantize(float[] pixels, float noise, CounterRandom random)
    {
        var bytes = new byte[pixels.Length];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)((Math.Clamp(pixels[i] + (noise * random.NextNoise()), 0, 1) * 255) + 0.5f);
        return bytes;
    }
}
