namespace CLGRPO.Data.Datasets.EmoScenes.Drawing;

/// <summary>
/// The eight scenes over the whole picture, each with its own texture (slopes, waves, trunks, windows, dunes, dots, frame, stripes) and its
/// main motif in the lower right quarter, which no card covers. Light and dark parts differ strongly: the photometrics keep that contrast.
/// </summary>
internal static class SceneBackgrounds
{
    /// <summary>Draws scene <paramref name="value"/>, an index into the vocabulary.</summary>
    public static void Draw(Canvas canvas, int value, CounterRandom random)
    {
        var shift = new Pen(canvas, random.Between(-2, 2), random.Between(-2, 2));
        Scenes[value](canvas, shift, random);
    }

    private delegate void Scene(Canvas canvas, Pen pen, CounterRandom random);

    private static readonly Scene[] Scenes = [Mountain, Sea, Forest, City, Desert, Space, Room, Carnival];

    private static void Mountain(Canvas canvas, Pen pen, CounterRandom random)
    {
        canvas.Gradient(new(0.55f, 0.70f, 0.98f), new(0.80f, 0.86f, 1));
        var (far, near, snow) = (new Color(0.38f, 0.42f, 0.72f), new Color(0.20f, 0.22f, 0.50f), Color.Grey(1));
        pen.Fill(far, (-6, 70), (30, 27), (58, 70));
        pen.Fill(snow, (30, 27), (24.5f, 33.5f), (30, 31.5f), (34.5f, 34));
        pen.Fill(near, (22, 70), (48, 29), (76, 70));
        pen.Fill(snow, (48, 29), (41, 40), (45, 38), (48, 42), (51.5f, 38), (55.5f, 40));
        pen.Fill(near, (-8, 70), (12, 46), (34, 70));
    }

    private static void Sea(Canvas canvas, Pen pen, CounterRandom random)
    {
        canvas.Gradient(new(0.70f, 0.92f, 1), new(0.85f, 0.96f, 1));
        var (deep, foam) = (new Color(0.02f, 0.32f, 0.65f), new Color(0.55f, 0.88f, 0.98f));
        pen.Box(deep, -4, 28, 68, 70);
        for (var row = 0; row < 6; row++)
        {
            var y = 32 + (row * 6.4f);
            var phase = (row % 2 * 5) - 6;
            for (var wave = 0; wave < 8; wave++)
                pen.Curve(
                    foam,
                    1.9f,
                    (phase + (wave * 10), y),
                    (phase + (wave * 10) + 5, y + 5.5f),
                    (phase + (wave * 10) + 10, y)
                );
        }
    }

    private static void Forest(Canvas canvas, Pen pen, CounterRandom random)
    {
        canvas.Gradient(new(0.82f, 0.98f, 0.70f), new(0.55f, 0.80f, 0.35f));
        var (leaf, trunk) = (new Color(0.04f, 0.38f, 0.10f), new Color(0.32f, 0.18f, 0.06f));
        foreach (var x in (ReadOnlySpan<float>)[-1, 11, 31, 43, 55, 67])
        {
            var top = 27 + random.Between(-2, 2);
            pen.Line(trunk, 2.4f, (x, 40), (x, 70));
            pen.Fill(leaf, (x, top), (x + 5, top + 13), (x - 5, top + 13));
            pen.Fill(leaf, (x, top + 8), (x + 5.6f, top + 23), (x - 5.6f, top + 23));
        }
        foreach (var x in (ReadOnlySpan<float>)[27.5f, 36.5f])
            pen.Fill(leaf, (x, -6), (x + 4.6f, 18), (x - 4.6f, 18));
    }

    private static void City(Canvas canvas, Pen pen, CounterRandom random)
    {
        canvas.Gradient(new(0.98f, 0.80f, 0.72f), new(1, 0.70f, 0.50f));
        var (wall, window) = (new Color(0.42f, 0.08f, 0.18f), new Color(1, 0.85f, 0.35f));
        foreach (
            var (left, top, right) in (ReadOnlySpan<(float, float, float)>)
                [(-4, 34, 8), (9, 30, 22), (25, 4, 38), (40, 28, 52), (54, 34, 68)]
        )
        {
            pen.Box(wall, left, top, right, 70);
            for (var y = top + 2; y < 66; y += 5)
            {
                for (var x = left + 2; x < right - 3; x += 4.2f)
                    pen.Box(window, x, y, x + 2.2f, y + 2.6f);
            }
        }
    }

    private static void Desert(Canvas canvas, Pen pen, CounterRandom random)
    {
        canvas.Gradient(new(1, 0.93f, 0.70f), new(1, 0.88f, 0.62f));
        var (sand, shade, cactus) = (
            new Color(0.90f, 0.62f, 0.22f),
            new Color(0.66f, 0.38f, 0.08f),
            new Color(0.08f, 0.36f, 0.12f)
        );
        pen.Ellipse(sand, (18, 66), 44, 26);
        pen.Ellipse(shade, (64, 76), 46, 26);
        pen.Line(cactus, 4.2f, (49, 30), (49, 58));
        pen.Line(cactus, 3.2f, (49, 46), (42, 46), (42, 38));
        pen.Line(cactus, 3.2f, (49, 42), (56.5f, 42), (56.5f, 34));
        pen.Line(cactus, 3.4f, (31, 8), (31, 24));
    }

    private static void Space(Canvas canvas, Pen pen, CounterRandom random)
    {
        canvas.Gradient(new(0.10f, 0.04f, 0.35f), new(0.22f, 0.06f, 0.48f));
        var (star, planet) = (Color.Grey(1), new Color(0.85f, 0.50f, 0.95f));
        for (var i = 0; i < 34; i++)
            pen.Circle(star, (random.Between(0, 64), random.Between(0, 64)), random.Between(0.7, 1.3));
        pen.Circle(planet, (46, 46), 9);
        pen.Line(star, 2.2f, (31, 52), (61, 40));
    }

    private static void Room(Canvas canvas, Pen pen, CounterRandom random)
    {
        canvas.Gradient(new(0.88f, 0.70f, 0.62f), new(0.84f, 0.62f, 0.55f));
        var (floor, frame, glass) = (
            new Color(0.48f, 0.24f, 0.14f),
            new Color(0.30f, 0.12f, 0.08f),
            new Color(0.92f, 0.97f, 1)
        );
        pen.Box(floor, -4, 55, 68, 70);
        pen.Box(frame, 30, 27, 60, 51);
        pen.Box(glass, 32.5f, 29.5f, 43.7f, 38);
        pen.Box(glass, 46.3f, 29.5f, 57.5f, 38);
        pen.Box(glass, 32.5f, 40.5f, 43.7f, 48.5f);
        pen.Box(glass, 46.3f, 40.5f, 57.5f, 48.5f);
        pen.Line(frame, 1.4f, (32, -4), (32, 8));
        pen.Fill(frame, (28, 14), (36, 14), (33.6f, 7), (30.4f, 7));
    }

    private static void Carnival(Canvas canvas, Pen pen, CounterRandom random)
    {
        canvas.Gradient(new(0.75f, 0.95f, 0.85f), new(0.60f, 0.88f, 0.80f));
        var (red, white) = (new Color(0.85f, 0.06f, 0.30f), Color.Grey(0.98f));
        for (var stripe = 0; stripe < 7; stripe++)
        {
            var (left, right) = (23 + (stripe * 6.6f), 23 + ((stripe + 1) * 6.6f));
            var color = stripe % 2 == 0 ? red : white;
            pen.Fill(color, (46, 25), (right, 42), (left, 42));
            pen.Box(color, left, 42, right, 70);
        }
        for (var flag = 0; flag < 7; flag++)
            pen.Fill(flag % 2 == 0 ? red : white, ((flag * 10) - 4, 15), ((flag * 10) + 4, 15), (flag * 10, 23));
        for (var flag = 0; flag < 3; flag++)
            pen.Fill(flag % 2 == 0 ? white : red, ((flag * 8) - 2, 50), ((flag * 8) + 5, 50), ((flag * 8) + 1.5f, 60));
    }
}
