using System.Globalization;

namespace CLGRPO.Training.Evaluation.Charts;

/// <summary>Grouped bars with error bars, from zero.</summary>
/// <param name="Title">Above the chart.</param>
/// <param name="YTitle">What the bars measure, with its unit.</param>
/// <param name="Groups">The groups' names, from left to right.</param>
/// <param name="Series">One colour each, one bar per group.</param>
public sealed record BarChart(
    string Title,
    string YTitle,
    IReadOnlyList<string> Groups,
    IReadOnlyList<BarSeries> Series
)
{
    /// <summary>The chart as an SVG document.</summary>
    /// <exception cref="InvalidOperationException">A series has not one bar for each group.</exception>
    public string ToSvg()
    {
        if (Series.FirstOrDefault(series => series.Bars.Count != Groups.Count) is { } odd)
        {
            throw new InvalidOperationException(
                $"Bar chart “{Title}”: series “{odd.Name}” has {odd.Bars.Count} bars for {Groups.Count} groups."
            );
        }
        var frame = new PlotFrame(Title, YTitle, "", [.. Series.Select(series => series.Name)]);
        var ends = Series.SelectMany(series => series.Bars).SelectMany(bar => new[] { bar.Low, bar.High });
        var y = new LinearScale(ends.Append(0), PlotFrame.Bottom, PlotFrame.Top);
        frame.HorizontalGrid(y);
        var groupWidth = (PlotFrame.Right - PlotFrame.Left) / Groups.Count;
        var turned = Groups.Any(name => SvgCanvas.TextWidth(name) > groupWidth - 6);
        for (var group = 0; group < Groups.Count; group++)
        {
            var left = PlotFrame.Left + (group * groupWidth);
            GroupName(frame.Canvas, Groups[group], left + (groupWidth / 2), turned);
            DrawGroup(frame.Canvas, y, group, left, groupWidth);
        }
        return frame.Canvas.ToString();
    }

    // Names that would run into each other are turned.
    private static void GroupName(SvgCanvas canvas, string name, double middle, bool turned)
    {
        const double y = PlotFrame.Bottom + 20;
        canvas.Text(middle, y, name, anchor: turned ? "end" : "middle", turn: turned ? -25 : 0);
    }

    private void DrawGroup(SvgCanvas canvas, LinearScale y, int group, double left, double groupWidth)
    {
        const double space = 4;
        const double widest = 56;
        var width = Math.Min(widest, (groupWidth * 0.76 / Series.Count) - space);
        var x = left + ((groupWidth - (Series.Count * (width + space)) + space) / 2);
        for (var i = 0; i < Series.Count; i++, x += width + space)
        {
            var bar = Series[i].Bars[group];
            if (!double.IsFinite(bar.Value))
            {
                continue;
            }
            var (top, bottom) = (y.Pixel(Math.Max(0, bar.Value)), y.Pixel(Math.Min(0, bar.Value)));
            canvas.Rectangle(x, top, width, bottom - top, SvgCanvas.Colour(i));
            if (bar.Interval is { } interval)
            {
                canvas.ErrorBar(x + (width / 2), y.Pixel(interval.Low), y.Pixel(interval.High), SvgCanvas.Ink);
            }
            var label = bar.Value.ToString("0.0", CultureInfo.InvariantCulture);
            canvas.Text(x + (width / 2), y.Pixel(Math.Max(0, bar.High)) - 6, label, size: 11, anchor: "middle");
        }
    }
}

/// <summary>The bars of one colour.</summary>
/// <param name="Name">In the legend.</param>
/// <param name="Bars">[groups].</param>
public sealed record BarSeries(string Name, IReadOnlyList<Bar> Bars);

/// <summary>A bar; a value that is not a number leaves a gap.</summary>
/// <param name="Value">Its height.</param>
/// <param name="Interval">Its error bar.</param>
public sealed record Bar(double Value, Interval? Interval = null)
{
    internal double Low => Math.Min(Value, Interval?.Low ?? Value);

    internal double High => Math.Max(Value, Interval?.High ?? Value);
}
