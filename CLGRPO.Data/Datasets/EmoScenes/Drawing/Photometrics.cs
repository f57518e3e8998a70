namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>Gives a background its brightness and colourfulness: mean luma, contrast and mean chroma are set, whatever the scene's own colours are.</summary>
internal static class Photometrics
{
    // Ranges of the mean luma per brightness, and of the mean distance from grey per colourfulness.
    private static readonly (float Low, float High)[] Luma = [(0.20f, 0.28f), (0.42f, 0.50f), (0.66f, 0.76f)];
    private static readonly (float Low, float High)[] Chroma = [(0, 0.015f), (0.13f, 0.18f), (0.34f, 0.44f)];
    private static readonly float[] Contrast = [0.13f, 0.17f, 0.15f]; // deviation of the luma, small enough to stay in range

    /// <summary>Adjusts the canvas in place.</summary>
    public static void Apply(Canvas canvas, int brightness, int colorfulness, CounterRandom random)
    {
        var pixels = canvas.Pixels;
        var (meanLuma, deviation, meanChroma) = Measure(pixels);
        var targetLuma = random.Between(Luma[brightness].Low, Luma[brightness].High);
        var targetChroma = random.Between(Chroma[colorfulness].Low, Chroma[colorfulness].High);
        var contrast = Contrast[brightness] / MathF.Max(deviation, 0.02f);
        var saturation = targetChroma / MathF.Max(meanChroma, 0.02f);
        for (var i = 0; i < pixels.Length; i += 3)
        {
            var luma = LumaOf(pixels, i);
            var level = targetLuma + ((luma - meanLuma) * contrast);
            for (var c = 0; c < 3; c++)
                pixels[i + c] = Math.Clamp(level + ((pixels[i + c] - luma) * saturation), 0, 1);
        }
    }

    private static (float MeanLuma, float Deviation, float MeanChroma) Measure(float[] pixels)
    {
        var (sum, squares, chroma) = (0.0, 0.0, 0.0);
        for (var i = 0; i < pixels.Length; i += 3)
        {
            var luma = LumaOf(pixels, i);
            sum += luma;
            squares += luma * luma;
            chroma +=
                MathF.Max(pixels[i], MathF.Max(pixels[i + 1], pixels[i + 2]))
                - MathF.Min(pixels[i], MathF.Min(pixels[i + 1], pixels[i + 2]));
        }
        var count = pixels.Length / 3;
        var mean = sum / count;
        return ((float)mean, (float)Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean))), (float)(chroma / count));
    }

    // ITU-R BT.601 weights.
    private static float LumaOf(float[] pixels, int at) =>
        (0.299f * pixels[at]) + (0.587f * pixels[at + 1]) + (0.114f * pixels[at + 2]);
}
