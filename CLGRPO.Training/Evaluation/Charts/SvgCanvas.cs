using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace CLGRPO.Training.Evaluation.Charts;

/// <summary>An SVG picture on white under construction; lengths in pixels, y downwards, all text escaped.</summary>
internal sealed class SvgCanvas
{
    public const string Ink = "#1f2933";
    public const string Muted = "#5f6b7a";
    public const string Grid = "#e4e7eb";

    // Okabe and Ito's colours, told apart by colour-blind readers too, in an order that keeps neighbours apart.
    private static readonly string[] SeriesColours =
    [
        "#0072b2",
        "#e69f00",
        "#009e73",
        "#cc79a7",
        "#d55e00",
        "#56b4e9",
        "#7a7a7a",
        "#8c6d1f",
    ];

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly XElement _root;

    public SvgCanvas(double width, double height, string title)
    {
        _root = new XElement(
            Svg + "svg",
            new XAttribute("viewBox", $"0 0 {Number(width)} {Number(height)}"),
            new XAttribute("width", Number(width)),
            new XAttribute("height", Number(height)),
            new XAttribute("role", "img"),
            new XAttribute("font-family", "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"),
            new XElement(Svg + "title", Clean(title))
        );
        Rectangle(0, 0, width, height, "#ffffff");
        Text(width / 2, 26, title, size: 16, anchor: "middle", bold: true);
    }

    /// <summary>About how wide 12-pixel text is: SVG cannot measure it, and 6.6 pixels per letter are enough for sans.</summary>
    public static double TextWidth(string text) => 6.6 * text.Length;

    public static string Colour(int series) => SeriesColours[series % SeriesColours.Length];

    public void Rectangle(double x, double y, double width, double height, string fill) =>
        Add("rect", ("x", x), ("y", y), ("width", width), ("height", height), ("fill", fill));

    public void Line(double x1, double y1, double x2, double y2, string stroke, double width = 1) =>
        Add("line", ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2), ("stroke", stroke), ("stroke-width", width));

    public void Circle(double x, double y, double radius, string fill) =>
        Add("circle", ("cx", x), ("cy", y), ("r", radius), ("fill", fill));

    public void Polyline(IEnumerable<(double X, double Y)> points, string stroke) =>
        Add(
            "polyline",
            ("points", string.Join(' ', points.Select(point => $"{Number(point.X)},{Number(point.Y)}"))),
            ("fill", "none"),
            ("stroke", stroke),
            ("stroke-width", 2),
            ("stroke-linejoin", "round")
        );

    /// <summary>A vertical interval with caps.</summary>
    public void ErrorBar(double x, double yLow, double yHigh, string stroke)
    {
        const double cap = 4;
        Line(x, yLow, x, yHigh, stroke, 1.5);
        Line(x - cap, yLow, x + cap, yLow, stroke, 1.5);
        Line(x - cap, yHigh, x + cap, yHigh, stroke, 1.5);
    }

    public void Text(
        double x,
        double y,
        string text,
        double size = 12,
        string fill = Ink,
        string anchor = "start",
        bool bold = false,
        double turn = 0
    )
    {
        var element = Add("text", ("x", x), ("y", y), ("font-size", size), ("fill", fill), ("text-anchor", anchor));
        if (bold)
        {
            element.SetAttributeValue("font-weight", "600");
        }
        if (turn != 0)
        {
            element.SetAttributeValue("transform", $"rotate({Number(turn)} {Number(x)} {Number(y)})");
        }
        element.Value = Clean(text);
    }

    public override string ToString() => _root + "\n";

    private XElement Add(string name, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        var element = new XElement(Svg + name);
        foreach (var (key, value) in attributes)
        {
            element.SetAttributeValue(
                key,
                value is string text ? text : Number(Convert.ToDouble(value, CultureInfo.InvariantCulture))
            );
        }
        _root.Add(element);
        return element;
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    // The XML writer escapes what has a meaning; what XML cannot hold at all is shown as a replacement character.
    private static string Clean(string text)
    {
        var kept = text.EnumerateRunes()
            .Select(rune => rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD" : rune.ToString());
        return string.Concat(kept);
    }
}
