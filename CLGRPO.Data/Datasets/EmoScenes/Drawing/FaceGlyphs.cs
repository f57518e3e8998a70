namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>The six facial expressions on a card of 24×24 pixels, tinted as such signs are (anger red, disgust green …).</summary>
internal static class FaceGlyphs
{
    private static readonly Color Ink = Color.Grey(0.06f);
    private static readonly Color White = Color.Grey(0.98f);

    /// <summary>Draws expression <paramref name="value"/>, an index into the vocabulary.</summary>
    public static void Draw(Pen pen, int value) => Glyphs[value](pen);

    private static readonly Action<Pen>[] Glyphs = [Happy, Sad, Angry, Scared, Disgusted, Surprised];

    private static void Head(Pen pen, Color skin)
    {
        pen.Circle(skin, (12, 12), 10.4f);
        pen.Ring(Ink, (12, 12), 10.2f, 0.9f);
    }

    private static void Eyes(Pen pen, float y, float radius)
    {
        pen.Circle(Ink, (8, y), radius);
        pen.Circle(Ink, (16, y), radius);
    }

    private static void Happy(Pen pen)
    {
        Head(pen, new Color(1, 0.86f, 0.15f));
        Eyes(pen, 8.8f, 1.7f);
        pen.Fill(
            Ink,
            (5.6f, 12.6f),
            (18.4f, 12.6f),
            (17.2f, 16.2f),
            (14.6f, 18.6f),
            (12, 19.3f),
            (9.4f, 18.6f),
            (6.8f, 16.2f)
        );
        pen.Box(White, 7.6f, 13.2f, 16.4f, 14.9f);
    }

    private static void Sad(Pen pen)
    {
        Head(pen, new Color(0.42f, 0.62f, 0.95f));
        Eyes(pen, 10.2f, 1.6f);
        pen.Line(Ink, 1.3f, (5.2f, 8.4f), (9.6f, 6.2f));
        pen.Line(Ink, 1.3f, (18.8f, 8.4f), (14.4f, 6.2f));
        pen.Curve(Ink, 1.7f, (7, 19), (12, 11.6f), (17, 19));
        pen.Ellipse(White, (6.4f, 14.6f), 1.3f, 2.2f);
    }

    private static void Angry(Pen pen)
    {
        Head(pen, new Color(0.95f, 0.22f, 0.18f));
        pen.Line(Ink, 2.2f, (4.4f, 6.4f), (10.6f, 10));
        pen.Line(Ink, 2.2f, (19.6f, 6.4f), (13.4f, 10));
        Eyes(pen, 11, 1.5f);
        pen.Box(Ink, 6.4f, 14.8f, 17.6f, 19.2f);
        pen.Line(White, 1.3f, (7.6f, 17), (16.4f, 17));
    }

    private static void Scared(Pen pen)
    {
        Head(pen, new Color(0.80f, 0.72f, 0.98f));
        foreach (var x in (ReadOnlySpan<float>)[7.7f, 16.3f])
        {
            pen.Circle(White, (x, 9), 3.6f);
            pen.Ring(Ink, (x, 9), 3.4f, 0.9f);
            pen.Circle(Ink, (x, 9), 1.1f);
        }
        pen.Line(Ink, 1.5f, (5.8f, 17.2f), (8, 15.4f), (10, 18), (12, 15.4f), (14, 18), (16, 15.4f), (18.2f, 17.2f));
    }

    private static void Disgusted(Pen pen)
    {
        Head(pen, new Color(0.45f, 0.75f, 0.18f));
        pen.Line(Ink, 1.6f, (5.2f, 7), (9.8f, 9.2f), (5.2f, 10.8f));
        pen.Line(Ink, 1.6f, (18.8f, 7), (14.2f, 9.2f), (18.8f, 10.8f));
        pen.Line(Ink, 1.6f, (5.8f, 14.4f), (18.2f, 14.4f));
        pen.Ellipse(new Color(0.95f, 0.35f, 0.55f), (13.6f, 17.6f), 2.6f, 3.2f);
    }

    private static void Surprised(Pen pen)
    {
        Head(pen, new Color(1, 0.62f, 0.22f));
        Eyes(pen, 9.4f, 1.9f);
        pen.Curve(Ink, 1.2f, (5.4f, 5.8f), (8, 3), (10.6f, 5.8f));
        pen.Curve(Ink, 1.2f, (13.4f, 5.8f), (16, 3), (18.6f, 5.8f));
        pen.Ellipse(Ink, (12, 16.6f), 3.3f, 4.2f);
    }
}
