namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>Draws on a canvas in pixels of the finished image, from an origin of its own.</summary>
internal readonly struct Pen(Canvas canvas, float originX, float originY)
{
    private const float Scale = Canvas.Scale;

    public void Circle(Color color, Point center, float radius, float opacity = 1) =>
        Ellipse(color, center, radius, radius, opacity);

    public void Ellipse(Color color, Point center, float radiusX, float radiusY, float opacity = 1)
    {
        var (c, rx, ry) = (Map(center), radiusX * Scale, radiusY * Scale);
        canvas.Paint(new EllipseShape(c.X, c.Y, rx, ry), c.X - rx, c.Y - ry, c.X + rx, c.Y + ry, color, opacity);
    }

    public void Ring(Color color, Point center, float radius, float width)
    {
        var (c, r, half) = (Map(center), radius * Scale, width * Scale / 2);
        var outer = r + half;
        canvas.Paint(new RingShape(c.X, c.Y, r, half), c.X - outer, c.Y - outer, c.X + outer, c.Y + outer, color, 1);
    }

    /// <summary>An upright rectangle.</summary>
    public void Box(Color color, float left, float top, float right, float bottom)
    {
        var (from, to) = (Map((left, top)), Map((right, bottom)));
        canvas.Paint(new BoxShape(from.X, from.Y, to.X, to.Y), from.X, from.Y, to.X, to.Y, color, 1);
    }

    /// <summary>A filled polygon.</summary>
    public void Fill(Color color, params ReadOnlySpan<Point> corners)
    {
        var points = Map(corners);
        Paint(new PolygonShape(points), points, 1, color);
    }

    /// <summary>Joined lines with round ends.</summary>
    public void Line(Color color, float width, params ReadOnlySpan<Point> corners)
    {
        var points = Map(corners);
        var half = width * Scale / 2;
        Paint(new StrokeShape(points, half), points, half, color);
    }

    /// <summary>A line bent towards <paramref name="bend"/>: a quadratic curve.</summary>
    public void Curve(Color color, float width, Point from, Point bend, Point to)
    {
        Span<Point> points = stackalloc Point[9];
        for (var i = 0; i < points.Length; i++)
        {
            var t = i / (points.Length - 1f);
            var (a, b, c) = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t);
            points[i] = ((a * from.X) + (b * bend.X) + (c * to.X), (a * from.Y) + (b * bend.Y) + (c * to.Y));
        }
        Line(color, width, points);
    }

    private void Paint<TShape>(in TShape shape, Point[] points, float margin, Color color)
        where TShape : struct, IShape =>
        canvas.Paint(
            shape,
            points.Min(point => point.X) - margin,
            points.Min(point => point.Y) - margin,
            points.Max(point => point.X) + margin,
            points.Max(point => point.Y) + margin,
            color,
            1
        );

    private Point Map(Point point) => ((originX + point.X) * Scale, (originY + point.Y) * Scale);

    private Point[] Map(ReadOnlySpan<Point> corners)
    {
        var points = new Point[corners.Length];
        for (var i = 0; i < points.Length; i++)
            points[i] = Map(corners[i]);
        return points;
    }
}
