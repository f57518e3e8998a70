namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>The ten objects, each on a card of 24×24 pixels: one strong outline and one colour of its own.</summary>
internal static class ObjectGlyphs
{
    private static readonly Color Ink = Color.Grey(0.08f);
    private static readonly Color White = Color.Grey(0.97f);

    /// <summary>Draws object <paramref name="value"/>, an index into the vocabulary.</summary>
    public static void Draw(Pen pen, int value) => Glyphs[value](pen);

    private static readonly Action<Pen>[] Glyphs =
    [
        Heart,
        Skull,
        Flower,
        Knife,
        Tomb,
        Balloon,
        Bug,
        Flame,
        Sun,
        Trashcan,
    ];

    private static void Heart(Pen pen)
    {
        var red = new Color(0.90f, 0.08f, 0.15f);
        pen.Circle(red, (7.7f, 8.6f), 4.9f);
        pen.Circle(red, (16.3f, 8.6f), 4.9f);
        pen.Fill(red, (3.3f, 10.8f), (12, 8), (20.7f, 10.8f), (12, 21.5f));
    }

    private static void Skull(Pen pen)
    {
        pen.Circle(Ink, (12, 10), 8.4f);
        pen.Box(Ink, 7.5f, 15, 16.5f, 21.8f);
        pen.Circle(White, (8.6f, 10.2f), 2.5f);
        pen.Circle(White, (15.4f, 10.2f), 2.5f);
        pen.Fill(White, (12, 13), (13.4f, 15.6f), (10.6f, 15.6f));
        pen.Line(White, 0.9f, (10.5f, 18), (10.5f, 21.5f));
        pen.Line(White, 0.9f, (13.5f, 18), (13.5f, 21.5f));
    }

    private static void Flower(Pen pen)
    {
        var (pink, green) = (new Color(0.96f, 0.45f, 0.75f), new Color(0.15f, 0.55f, 0.20f));
        pen.Line(green, 1.8f, (12, 11), (12, 22));
        pen.Ellipse(green, (15.4f, 18.8f), 3, 1.5f);
        foreach (
            var petal in (ReadOnlySpan<Point>)
                [(12, 4.2f), (16.7f, 7), (16.7f, 11.6f), (12, 14), (7.3f, 11.6f), (7.3f, 7)]
        )
            pen.Circle(pink, petal, 2.9f);
        pen.Circle(new Color(0.98f, 0.85f, 0.10f), (12, 9.2f), 2.9f);
    }

    private static void Knife(Pen pen)
    {
        pen.Fill(new Color(0.50f, 0.58f, 0.68f), (21.8f, 2), (9, 12), (12, 15), (20.5f, 8.5f));
        pen.Line(Ink, 0.9f, (21.8f, 2), (20.5f, 8.5f), (12, 15), (9, 12), (21.8f, 2));
        pen.Line(Ink, 2, (7.6f, 11.4f), (12.6f, 16.4f));
        pen.Line(new Color(0.50f, 0.25f, 0.08f), 3.6f, (8.6f, 15.4f), (3.8f, 20.2f));
    }

    private static void Tomb(Pen pen)
    {
        var stone = Color.Grey(0.45f);
        pen.Circle(stone, (12, 8.8f), 6.8f);
        pen.Box(stone, 5.2f, 8.8f, 18.8f, 20);
        pen.Box(new Color(0.30f, 0.22f, 0.15f), 2.5f, 19.2f, 21.5f, 22.2f);
        pen.Line(White, 1.8f, (12, 5.5f), (12, 15.5f));
        pen.Line(White, 1.8f, (8.6f, 8.8f), (15.4f, 8.8f));
    }

    private static void Balloon(Pen pen)
    {
        var magenta = new Color(0.75f, 0.15f, 0.85f);
        pen.Ellipse(magenta, (12, 8.8f), 6.6f, 7.4f);
        pen.Fill(magenta, (12, 15.6f), (13.8f, 18), (10.2f, 18));
        pen.Ellipse(White, (9.6f, 6), 1.3f, 2);
        pen.Curve(Ink, 0.9f, (12, 18), (15.5f, 20), (11.5f, 23));
    }

    private static void Bug(Pen pen)
    {
        var shell = new Color(0.35f, 0.42f, 0.05f);
        foreach (var y in (ReadOnlySpan<float>)[9.5f, 13.5f, 17.5f])
            pen.Line(Ink, 1.2f, (2.5f, y + (0.5f * (y - 13.5f))), (8, y), (16, y), (21.5f, y + (0.5f * (y - 13.5f))));
        pen.Line(Ink, 0.9f, (8.5f, 1.8f), (11, 5), (13, 5), (15.5f, 1.8f));
        pen.Circle(Ink, (12, 6.2f), 3);
        pen.Ellipse(shell, (12, 14), 5.2f, 7.2f);
        pen.Line(Ink, 1, (12, 8), (12, 21));
    }

    private static void Flame(Pen pen)
    {
        var orange = new Color(1, 0.42f, 0.02f);
        pen.Circle(orange, (12, 15.2f), 6.8f);
        pen.Fill(
            orange,
            (5.4f, 14.2f),
            (7, 7.5f),
            (9.6f, 10.2f),
            (12.6f, 1.5f),
            (15.2f, 8.4f),
            (17, 6.4f),
            (18.6f, 14.2f)
        );
        pen.Circle(new Color(1, 0.90f, 0.15f), (12, 17.2f), 3.6f);
        pen.Fill(new Color(1, 0.90f, 0.15f), (8.7f, 16), (12, 9.6f), (15.3f, 16));
    }

    private static void Sun(Pen pen)
    {
        var gold = new Color(0.98f, 0.75f, 0.02f);
        foreach (var (x, y) in (ReadOnlySpan<(float, float)>)[(1, 0), (0.7071f, 0.7071f), (0, 1), (-0.7071f, 0.7071f)])
        {
            pen.Line(gold, 1.9f, (12 + (7.6f * x), 12 + (7.6f * y)), (12 + (10.4f * x), 12 + (10.4f * y)));
            pen.Line(gold, 1.9f, (12 - (7.6f * x), 12 - (7.6f * y)), (12 - (10.4f * x), 12 - (10.4f * y)));
        }
        pen.Circle(gold, (12, 12), 5.4f);
    }

    private static void Trashcan(Pen pen)
    {
        var tin = new Color(0.05f, 0.42f, 0.45f);
        pen.Fill(tin, (5.2f, 8), (18.8f, 8), (17.2f, 22), (6.8f, 22));
        pen.Box(tin, 3.4f, 4.4f, 20.6f, 6.8f);
        pen.Line(tin, 1.4f, (9.5f, 4.2f), (9.5f, 2.4f), (14.5f, 2.4f), (14.5f, 4.2f));
        foreach (var x in (ReadOnlySpan<float>)[9, 12, 15])
            pen.Line(White, 1.1f, (x, 10.2f), (x, 20));
    }
}
