namespace CLGRPO.Training.Evaluation.Charts;

/// <summary>What bar and line charts share: canvas, grid, axis titles and legend.</summary>
internal sealed class PlotFrame
{
    public const double Left = 70;
    public const double Right = 696;
    public const double Top = 72;
    public const double Bottom = 360;

    private const double Width = 720;
    private const double Height = 420;

    public PlotFrame(string title, string yTitle, string xTitle, IReadOnlyList<string> legend)
    {
        Canvas = new SvgCanvas(Width, Height, title);
        var middle = (Top + Bottom) / 2;
        Canvas.Text(20, middle, yTitle, fill: SvgCanvas.Muted, anchor: "middle", turn: -90);
        Canvas.Text((Left + Right) / 2, Height - 14, xTitle, fill: SvgCanvas.Muted, anchor: "middle");
        if (legend.Count > 1)
        {
            DrawLegend(legend);
        }
    }

    public SvgCanvas Canvas { get; }

    public void HorizontalGrid(LinearScale y)
    {
        foreach (var tick in y.Ticks)
        {
            Canvas.Line(Left, y.Pixel(tick), Right, y.Pixel(tick), tick == 0 ? SvgCanvas.Muted : SvgCanvas.Grid);
            Canvas.Text(Left - 8, y.Pixel(tick) + 4, y.Label(tick), fill: SvgCanvas.Muted, anchor: "end");
        }
    }

    // Centred under the title.
    private void DrawLegend(IReadOnlyList<string> names)
    {
        const double box = 12;
        const double gap = 18;
        var widths = names.Select(name => box + 6 + SvgCanvas.TextWidth(name)).ToList();
        var x = (Width - widths.Sum() - (gap * (names.Count - 1))) / 2;
        for (var i = 0; i < names.Count; i++)
        {
            Canvas.Rectangle(x, 42, box, box, SvgCanvas.Colour(i));
            Canvas.Text(x + box + 6, 52, names[i]);
            x += widths[i] + gap;
        }
    }
}
