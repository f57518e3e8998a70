namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>A colour; each part from 0 to 1.</summary>
internal readonly record struct Color(float R, float G, float B)
{
    public static Color Grey(float level) => new(level, level, level);

    public Color Mix(Color other, float share) =>
        new(R + ((other.R - R) * share), G + ((other.G - G) * share), B + ((other.B - B) * share));
}

/// <summary>A point in pixels of the finished image.</summary>
internal readonly record struct Point(float X, float Y)
{
    public static implicit operator Point((float X, float Y) pair) => new(pair.X, pair.Y);
}

/// <summary>
/// A picture at twice the finished size, [height, width, 3] floats, and anti-aliased shapes on it: each pixel's share of a shape follows
/// from its distance to the edge. Only +, −, ×, ÷ and √ are used, which round alike on every processor.
/// </summary>
internal sealed class Canvas
{
    /// <summary>Side of the finished image in pixels.</summary>
    public const int FinishedSize = 64;

    /// <summary>Canvas pixels per finished pixel, in each direction.</summary>
    public const int Scale = 2;

    /// <summary>Side of the canvas.</summary>
    public const int Size = FinishedSize * Scale;

    /// <summary>[Size, Size, 3], row-major.</summary>
    public float[] Pixels { get; } = new float[Size * Size * 3];

    /// <summary>A pen whose origin is the canvas's upper left corner.</summary>
    public Pen Pen => new(this, 0, 0);

    /// <summary>Fills the canvas from top to bottom.</summary>
    public void Gradient(Color top, Color bottom)
    {
        for (var y = 0; y < Size; y++)
        {
            var color = top.Mix(bottom, y / (Size - 1f));
            for (var x = 0; x < Size; x++)
                Set(((y * Size) + x) * 3, color);
        }
    }

    /// <summary>Paints a shape; the four bounds, in canvas pixels, enclose it.</summary>
    public void Paint<TShape>(
        in TShape shape,
        float left,
        float top,
        float right,
        float bottom,
        Color color,
        float opacity
    )
        where TShape : struct, IShape
    {
        var (x0, x1) = (Math.Max(0, (int)(left - 1)), Math.Min(Size - 1, (int)(right + 1)));
        var (y0, y1) = (Math.Max(0, (int)(top - 1)), Math.Min(Size - 1, (int)(bottom + 1)));
        for (var y = y0; y <= y1; y++)
        {
            for (var x = x0; x <= x1; x++)
            {
                var cover = 0.5f - shape.Distance(x + 0.5f, y + 0.5f);
                if (cover > 0)
                    Blend(((y * Size) + x) * 3, color, Math.Min(cover, 1) * opacity);
            }
        }
    }

    /// <summary>Averages each 2×2 canvas pixels into one.</summary>
    /// <returns>[FinishedSize, FinishedSize, 3], row-major.</returns>
    public float[] Reduce()
    {
        var reduced = new float[FinishedSize * FinishedSize * 3];
        for (var y = 0; y < FinishedSize; y++)
        {
            for (var x = 0; x < FinishedSize; x++)
            {
                var from = ((y * Scale * Size) + (x * Scale)) * 3;
                var to = ((y * FinishedSize) + x) * 3;
                for (var c = 0; c < 3; c++)
                    reduced[to + c] =
                        0.25f
                        * (
                            Pixels[from + c]
                            + Pixels[from + 3 + c]
                            + Pixels[from + (Size * 3) + c]
                            + Pixels[from + (Size * 3) + 3 + c]
                        );
            }
        }
        return reduced;
    }

    private void Set(int at, Color color) => (Pixels[at], Pixels[at + 1], Pixels[at + 2]) = (color.R, color.G, color.B);

    private void Blend(int at, Color color, float share)
    {
        Pixels[at] += (color.R - Pixels[at]) * share;
        Pixels[at + 1] += (color.G - Pixels[at + 1]) * share;
        Pixels[at + 2] += (color.B - Pixels[at + 2]) * share;
    }
}
