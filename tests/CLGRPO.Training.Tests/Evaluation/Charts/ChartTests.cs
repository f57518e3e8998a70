using System.Globalization;
using System.Xml.Linq;
using CLGRPO.Training.Evaluation.Charts;
using FsCheck;
using FsCheck.Fluent;
using Interval = CLGRPO.Training.Evaluation.Interval;

namespace CLGRPO.Training.Tests.Evaluation.Charts;

public sealed class ChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void BarChart_Heights_AreProportionalFromZero()
    {
        var bars = Elements(Bars(new Bar(20), new Bar(40)), "rect").Where(Coloured).ToList();

        Assert.Equal(2, bars.Count);
        Assert.Equal(2, Number(bars[1], "height") / Number(bars[0], "height"), 0.01);
        Assert.Equal(PlotFrame.Bottom, Number(bars[0], "y") + Number(bars[0], "height"), 0.01);
    }

    [Fact]
    public void BarChart_Interval_IsDrawnBetweenItsEnds()
    {
        var without = Elements(Bars(new Bar(30)), "line").Count;
        var with = Elements(Bars(new Bar(30, new Interval(25, 30))), "line").Count;

        Assert.Equal(without + 3, with);
    }

    [Fact]
    public void BarChart_NotANumber_LeavesAGap() =>
        Assert.Single(Elements(Bars(new Bar(20), new Bar(double.NaN)), "rect"), Coloured);

    [Fact]
    public void BarChart_SeriesOfAnotherLength_Throws()
    {
        var chart = new BarChart("t", "y", ["a", "b"], [new BarSeries("s", [new Bar(1)])]);

        Assert.Contains(
            "1 bars for 2 groups",
            Assert.Throws<InvalidOperationException>(chart.ToSvg).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void LineChart_NotANumber_InterruptsTheLine()
    {
        var chart = Lines([1, 2, double.NaN, 3, 4]);

        Assert.Equal(2, Elements(chart.ToSvg(), "polyline").Count);
    }

    [Fact]
    public void LineChart_HigherValue_LiesHigher()
    {
        var dots = Elements(Lines([1, 2, 3]).ToSvg(), "circle");

        Assert.True(Number(dots[0], "cy") > Number(dots[1], "cy"));
        Assert.True(Number(dots[0], "cx") < Number(dots[1], "cx"));
    }

    // Whatever a diverging run reports, the picture is well formed and every coordinate a number within it.
    [Fact]
    public void LineChart_AnyValues_StaysWithinThePicture() =>
        Check.QuickThrowOnFailure(
            Prop.ForAll<NormalFloat[]>(values =>
            {
                var svg = Lines([.. values.Select(value => value.Get).Where(value => Math.Abs(value) < 1e300)]).ToSvg();
                var ends = Elements(svg, "circle").Select(dot => Number(dot, "cy"));
                return ends.All(y => y is >= PlotFrame.Top - 0.01 and <= PlotFrame.Bottom + 0.01);
            })
        );

    [Fact]
    public void EveryChart_TextFromOutside_IsEscaped()
    {
        const string hostile = "<script>alert('&')</script>\u0001";
        var svgs = new[]
        {
            new BarChart(
                hostile,
                hostile,
                [hostile],
                [new BarSeries(hostile, [new Bar(1)]), new BarSeries(hostile, [new Bar(1)])]
            ).ToSvg(),
            new LineChart(hostile, hostile, hostile, [new LineSeries(hostile, [new ChartPoint(0, 1)])]).ToSvg(),
            new ConfusionChart(
                hostile,
                [hostile],
                [
                    [1, 0],
                    [0, 0],
                ]
            ).ToSvg(),
        };

        Assert.All(
            svgs,
            svg =>
            {
                Assert.Empty(Elements(svg, "script"));
                Assert.Contains(Elements(svg, "text"), text => text.Value == "<script>alert('&')</script>\uFFFD");
            }
        );
    }

    [Fact]
    public void ConfusionChart_Matrix_ShowsEveryCountAndShadesByShareOfTheRow()
    {
        var svg = new ConfusionChart(
            "t",
            ["a", "b"],
            [
                [8, 2, 0],
                [300, 100, 0],
                [0, 0, 0],
            ]
        ).ToSvg();
        var counts = Elements(svg, "text").Select(text => text.Value).Where(text => int.TryParse(text, out _));
        var shades = Elements(svg, "rect").Skip(1).Select(cell => cell.Attribute("fill")!.Value).ToList();

        Assert.Equal(["8", "2", "0", "300", "100", "0"], counts);
        Assert.True(string.CompareOrdinal(shades[0], shades[3]) < 0, "8 of 10 must be darker than 300 of 400");
        Assert.Equal(shades[2], shades[5]);
    }

    [Fact]
    public void ConfusionChart_MatrixWithoutTheExtraColumn_Throws() =>
        Assert.Throws<InvalidOperationException>(
            new ConfusionChart(
                "t",
                ["a", "b"],
                [
                    [8, 2],
                    [3, 1],
                ]
            ).ToSvg
        );

    [Fact]
    public void ReportCharts_Report_HaveABarAndARowForEach()
    {
        var bars = Elements(ReportCharts.Accuracy(ReportExample.Report).ToSvg(), "rect").Where(Coloured);
        var confusion = ReportCharts.Confusion(ReportExample.Report.Rows[1]).ToSvg();

        Assert.Equal(4 + 2, bars.Count()); // and two in the legend
        Assert.Contains(Elements(confusion, "text"), text => text.Value == "fear");
    }

    [Theory]
    [InlineData(0, 97.3, "0 20 40 60 80 100")]
    [InlineData(0.31, 0.58, "0.3 0.4 0.5 0.6")]
    [InlineData(-1, 1, "−1.0 −0.5 0.0 0.5 1.0")]
    [InlineData(5, 5, "2 3 4 5 6 7 8")]
    public void LinearScale_Ticks_AreRoundNumbersAroundTheValues(double low, double high, string expected)
    {
        var scale = new LinearScale([low, high, double.NaN], 0, 100);

        Assert.Equal(expected, string.Join(' ', scale.Ticks.Select(scale.Label)));
        Assert.InRange(scale.Pixel(low), 0, scale.Pixel(high));
    }

    private static string Bars(params Bar[] bars) =>
        new BarChart("t", "y", [.. bars.Select((_, i) => $"g{i}")], [new BarSeries("s", bars)]).ToSvg();

    private static LineChart Lines(double[] values) =>
        new("t", "x", "y", [new LineSeries("s", [.. values.Select((value, i) => new ChartPoint(i, value))])]);

    private static List<XElement> Elements(string svg, string name) =>
        [.. XDocument.Parse(svg).Descendants(Svg + name)];

    private static bool Coloured(XElement element) => element.Attribute("fill")!.Value != "#ffffff";

    private static double Number(XElement element, string attribute) =>
        double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);
}
