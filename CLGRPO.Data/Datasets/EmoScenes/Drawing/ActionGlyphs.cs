namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>The seven actions as thick stick figures on a card of 24×24 pixels, each with its own silhouette and one telling prop.</summary>
internal static class ActionGlyphs
{
    private const float Limb = 2.2f;
    private static readonly Color Ink = Color.Grey(0.08f);
    private static readonly Color Wood = new(0.60f, 0.35f, 0.12f);
    private static readonly Color Blue = new(0.10f, 0.40f, 0.90f);

    /// <summary>Draws action <paramref name="value"/>, an index into the vocabulary.</summary>
    public static void Draw(Pen pen, int value) => Glyphs[value](pen);

    private static readonly Action<Pen>[] Glyphs = [Jumping, Running, Sitting, Lying, Fighting, Waving, Gazing];

    private static void Head(Pen pen, float x, float y) => pen.Circle(Ink, (x, y), 2.9f);

    private static void Jumping(Pen pen)
    {
        Head(pen, 12, 4.6f);
        pen.Line(Ink, Limb, (12, 7), (12, 12.6f));
        pen.Line(Ink, Limb, (3.6f, 4.2f), (12, 9.2f), (20.4f, 4.2f));
        pen.Line(Ink, Limb, (4.4f, 16.2f), (12, 12.6f), (19.6f, 16.2f));
        pen.Line(new Color(0.15f, 0.65f, 0.25f), 2.2f, (3.5f, 21.8f), (20.5f, 21.8f));
    }

    private static void Running(Pen pen)
    {
        Head(pen, 16, 4.2f);
        pen.Line(Ink, Limb, (14.8f, 7), (11.4f, 13.6f));
        pen.Line(Ink, Limb, (7.6f, 12.2f), (9, 8.4f), (14.2f, 8.6f), (17, 12), (21, 10.4f));
        pen.Line(Ink, Limb, (3.4f, 17.2f), (8.2f, 17.4f), (11.4f, 13.6f), (16.6f, 16), (15.4f, 22));
        foreach (var y in (ReadOnlySpan<float>)[4, 7.4f])
            pen.Line(Blue, 1.1f, (2.2f, y), (7.4f, y));
    }

    private static void Sitting(Pen pen)
    {
        pen.Line(Wood, 2, (5.4f, 8.4f), (5.4f, 22));
        pen.Line(Wood, 2, (5.4f, 17.6f), (14, 17.6f), (14, 22));
        Head(pen, 9.6f, 4.6f);
        pen.Line(Ink, Limb, (9.2f, 7.4f), (8.8f, 14.8f), (17.6f, 14.8f), (17.6f, 22));
        pen.Line(Ink, 1.7f, (9.2f, 9.6f), (14.8f, 12));
    }

    private static void Lying(Pen pen)
    {
        pen.Line(Wood, 2.6f, (2, 19.2f), (22, 19.2f));
        pen.Line(Wood, 2, (2.6f, 13), (2.6f, 22));
        pen.Line(Wood, 2, (21.4f, 19), (21.4f, 22));
        Head(pen, 6.6f, 14);
        pen.Line(Ink, 2.8f, (9.6f, 15.8f), (21.4f, 15.8f));
        pen.Line(Blue, 1.2f, (11, 4.2f), (14.6f, 4.2f), (11, 8.6f), (14.6f, 8.6f));
    }

    private static void Fighting(Pen pen)
    {
        var red = new Color(0.92f, 0.12f, 0.10f);
        Head(pen, 6.8f, 4.8f);
        pen.Line(Ink, Limb, (7, 7.4f), (8, 14.4f));
        pen.Line(Ink, Limb, (7.2f, 9), (15.4f, 9));
        pen.Line(Ink, Limb, (7.2f, 9.4f), (3.2f, 12.6f), (6.2f, 14.4f));
        pen.Line(Ink, Limb, (2.6f, 22), (8, 14.4f), (14, 22));
        foreach (var (x, y) in (ReadOnlySpan<(float, float)>)[(4.4f, 0), (3.1f, 3.1f), (0, 4.4f), (-3.1f, 3.1f)])
            pen.Line(red, 1.4f, (18.2f - x, 9 - y), (18.2f + x, 9 + y));
        pen.Circle(red, (18.2f, 9), 2.7f);
    }

    private static void Waving(Pen pen)
    {
        Head(pen, 10.4f, 5.6f);
        pen.Line(Ink, Limb, (10.4f, 8), (10.4f, 15));
        pen.Line(Ink, Limb, (5.4f, 15.4f), (10.4f, 10.2f), (16.6f, 9), (17.4f, 3.4f));
        pen.Line(Ink, Limb, (6.8f, 22.2f), (10.4f, 15), (14, 22.2f));
        pen.Curve(Blue, 1.2f, (19.8f, 1.8f), (22.6f, 4.2f), (20.4f, 7.2f));
        pen.Curve(Blue, 1.2f, (14.8f, 1.8f), (12.9f, 3.4f), (14.4f, 6));
    }

    private static void Gazing(Pen pen)
    {
        var gold = new Color(0.95f, 0.70f, 0);
        Head(pen, 6.2f, 8.8f);
        pen.Line(Ink, Limb, (6.2f, 11.4f), (6.2f, 22));
        pen.Line(Ink, 1.8f, (3.6f, 13), (3.6f, 18.4f));
        pen.Line(Ink, 1.8f, (8.8f, 13), (8.8f, 18.4f));
        pen.Fill(
            gold,
            (17, 1.4f),
            (18.6f, 5.2f),
            (22.6f, 5.6f),
            (19.6f, 8.2f),
            (20.6f, 12.2f),
            (17, 10),
            (13.4f, 12.2f),
            (14.4f, 8.2f),
            (11.4f, 5.6f),
            (15.4f, 5.2f)
        );
    }
}
