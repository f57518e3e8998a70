namespace CLGRPO.Training.Evaluation.Charts;

/// <summary>Lines over a common axis: a metric over steps, a score over a setting.</summary>
/// <param name="Title">Above the chart.</param>
/// <param name="XTitle">What runs to the right, with its unit.</param>
/// <param name="YTitle">What runs upwards, with its unit.</param>
/// <param name="Series">One colour each.</param>
public sealed record LineChart(string Title, string XTitle, string YTitle, IReadOnlyList<LineSeries> Series)
{
    // With more points than this the dots would hide the line.
    private const int DottedPoints = 40;

    /// <summary>The chart as an SVG document.</summary>
    public string ToSvg()
    {
        var frame = new PlotFrame(Title, YTitle, XTitle, [.. Series.Select(series => series.Name)]);
        var points = Series.SelectMany(series => series.Points).Where(point => point.IsFinite).ToList();
        var x = new LinearScale(
            points.Select(point => point.X),
            PlotFrame.Left + 12,
            PlotFrame.Right - 12,
            roundEnds: false,
            steps: 8
        );
        var y = new LinearScale(
            points.SelectMany(point => new[] { point.Low, point.High }),
            PlotFrame.Bottom,
            PlotFrame.Top
        );
        frame.HorizontalGrid(y);
        frame.Canvas.Line(PlotFrame.Left, PlotFrame.Bottom, PlotFrame.Right, PlotFrame.Bottom, SvgCanvas.Muted);
        XTicks(frame.Canvas, x);
        for (var i = 0; i < Series.Count; i++)
        {
            // Error bars at the same place stand side by side.
            var shift = points.Any(point => point.Interval is not null) ? 6 * (i - ((Series.Count - 1) / 2.0)) : 0;
            Draw(frame.Canvas, Series[i], SvgCanvas.Colour(i), value => x.Pixel(value) + shift, y.Pixel);
        }
        return frame.Canvas.ToString();
    }

    private static void XTicks(SvgCanvas canvas, LinearScale x)
    {
        foreach (var tick in x.Ticks)
        {
            canvas.Line(x.Pixel(tick), PlotFrame.Bottom, x.Pixel(tick), PlotFrame.Bottom + 5, SvgCanvas.Muted);
            canvas.Text(x.Pixel(tick), PlotFrame.Bottom + 20, x.Label(tick), fill: SvgCanvas.Muted, anchor: "middle");
        }
    }

    private static void Draw(
        SvgCanvas canvas,
        LineSeries series,
        string colour,
        Func<double, double> x,
        Func<double, double> y
    )
    {
        foreach (var piece in Pieces(series.Points))
        {
            canvas.Polyline(piece.Select(point => (x(point.X), y(point.Y))), colour);
        }
        var finite = series.Points.Where(point => point.IsFinite).ToList();
        foreach (var point in finite)
        {
            if (point.Interval is { } interval)
            {
                canvas.ErrorBar(x(point.X), y(interval.Low), y(interval.High), colour);
            }
            if (finite.Count <= DottedPoints)
            {
                canvas.Circle(x(point.X), y(point.Y), 3.5, colour);
            }
        }
    }

    // A value that is not a number interrupts the line.
    private static List<List<ChartPoint>> Pieces(IReadOnlyList<ChartPoint> points)
    {
        List<List<ChartPoint>> pieces =
        [
            [],
        ];
        foreach (var point in points)
        {
            if (point.IsFinite)
            {
                pieces[^1].Add(point);
            }
            else if (pieces[^1].Count > 0)
            {
                pieces.Add([]);
            }
        }
        return [.. pieces.Where(piece => piece.Count > 1)];
    }
}

/// <summary>A line.</summary>
/// <param name="Name">In the legend.</param>
/// <param name="Points">From left to right.</param>
public sealed record LineSeries(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>A point of a line; one that is not a number leaves a gap.</summary>
/// <param name="X">To the right.</param>
/// <param name="Y">Upwards.</param>
/// <param name="Interval">The error bar of <paramref name="Y"/>.</param>
public sealed record ChartPoint(double X, double Y, Interval? Interval = null)
{
    internal bool IsFinite => double.IsFinite(X) && double.IsFinite(Y);

    internal double Low => Math.Min(Y, Interval?.Low ?? Y);

    internal double High => Math.Max(Y, Interval?.High ?? Y);
}
