namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>A shape as the signed distance to its edge, in canvas pixels; negative inside.</summary>
internal interface IShape
{
    float Distance(float x, float y);
}

internal readonly record struct EllipseShape(float X, float Y, float RadiusX, float RadiusY) : IShape
{
    // Exact for circles; near the edge good enough for ellipses.
    public float Distance(float x, float y)
    {
        var (dx, dy) = ((x - X) / RadiusX, (y - Y) / RadiusY);
        return (MathF.Sqrt((dx * dx) + (dy * dy)) - 1) * MathF.Min(RadiusX, RadiusY);
    }
}

internal readonly record struct RingShape(float X, float Y, float Radius, float HalfWidth) : IShape
{
    public float Distance(float x, float y)
    {
        var (dx, dy) = (x - X, y - Y);
        return MathF.Abs(MathF.Sqrt((dx * dx) + (dy * dy)) - Radius) - HalfWidth;
    }
}

/// <summary>An upright rectangle; the distance outside a corner is that to the nearer edge, which keeps corners sharp.</summary>
internal readonly record struct BoxShape(float Left, float Top, float Right, float Bottom) : IShape
{
    public float Distance(float x, float y) =>
        MathF.Max(MathF.Max(Left - x, x - Right), MathF.Max(Top - y, y - Bottom));
}

/// <summary>Joined segments with round ends.</summary>
internal readonly record struct StrokeShape(Point[] Points, float HalfWidth) : IShape
{
    public float Distance(float x, float y)
    {
        var nearest = float.MaxValue;
        for (var i = 1; i < Points.Length; i++)
            nearest = MathF.Min(nearest, Segment.SquaredDistance(Points[i - 1], Points[i], x, y));
        return MathF.Sqrt(nearest) - HalfWidth;
    }
}

/// <summary>A closed polygon, convex or not.</summary>
internal readonly record struct PolygonShape(Point[] Points) : IShape
{
    public float Distance(float x, float y)
    {
        var nearest = float.MaxValue;
        var inside = false;
        for (int i = 0, j = Points.Length - 1; i < Points.Length; j = i++)
        {
            var (a, b) = (Points[i], Points[j]);
            nearest = MathF.Min(nearest, Segment.SquaredDistance(a, b, x, y));
            if (a.Y > y != b.Y > y && x < ((b.X - a.X) * (y - a.Y) / (b.Y - a.Y)) + a.X)
                inside = !inside;
        }
        return inside ? -MathF.Sqrt(nearest) : MathF.Sqrt(nearest);
    }
}

internal static class Segment
{
    public static float SquaredDistance(Point a, Point b, float x, float y)
    {
        var (abx, aby, apx, apy) = (b.X - a.X, b.Y - a.Y, x - a.X, y - a.Y);
        var length = (abx * abx) + (aby * aby);
        var along = length > 0 ? Math.Clamp(((apx * abx) + (apy * aby)) / length, 0, 1) : 0;
        var (dx, dy) = (apx - (along * abx), apy - (along * aby));
        return (dx * dx) + (dy * dy);
    }
}
