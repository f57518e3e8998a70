using System.Globalization;

namespace CLGRPO.Training.Evaluation.Charts;

/// <summary>A confusion matrix as a heat map: truth by row, prediction by column, each cell shaded by its share of the row.</summary>
/// <param name="Title">Above the chart.</param>
/// <param name="Labels">The labels' names.</param>
/// <param name="Confusion">[labels + 1, labels + 1] as in <see cref="ClassificationReport.Confusion"/>; the last column is "no label", the empty last row is left out.</param>
public sealed record ConfusionChart(
    string Title,
    IReadOnlyList<string> Labels,
    IReadOnlyList<IReadOnlyList<int>> Confusion
)
{
    private const string NoLabel = "no label";
    private const double Cell = 52;

    // White to Okabe and Ito's blue.
    private static readonly (int Red, int Green, int Blue) Full = (0, 88, 150);

    /// <summary>The chart as an SVG document.</summary>
    /// <exception cref="InvalidOperationException">The matrix does not fit the labels.</exception>
    public string ToSvg()
    {
        var size = Labels.Count + 1;
        if (Confusion.Count != size || Confusion.Any(row => row.Count != size))
        {
            throw new InvalidOperationException(
                $"Confusion chart “{Title}”: {Labels.Count} labels need a matrix of {size} × {size}, got {Confusion.Count} rows."
            );
        }
        string[] columns = [.. Labels, NoLabel];
        var longest = columns.Max(SvgCanvas.TextWidth);
        var (left, top) = (54 + longest, 76 + (0.65 * longest)); // column names are turned by 40°
        var width = Math.Max(left + (size * Cell) + (0.77 * longest), (9.5 * Title.Length) + 40);
        var canvas = new SvgCanvas(width, top + (Labels.Count * Cell) + 24, Title);
        canvas.Text(left + (size * Cell / 2), 52, "predicted", fill: SvgCanvas.Muted, anchor: "middle");
        canvas.Text(20, top + (Labels.Count * Cell / 2), "true", fill: SvgCanvas.Muted, anchor: "middle", turn: -90);
        for (var column = 0; column < size; column++)
        {
            canvas.Text(left + ((column + 0.5) * Cell), top - 10, columns[column], turn: -40);
        }
        for (var row = 0; row < Labels.Count; row++)
        {
            canvas.Text(left - 10, top + ((row + 0.5) * Cell) + 4, Labels[row], anchor: "end");
            DrawRow(canvas, left, top + (row * Cell), row);
        }
        return canvas.ToString();
    }

    private void DrawRow(SvgCanvas canvas, double left, double y, int row)
    {
        var total = Math.Max(1, Confusion[row].Sum());
        for (var column = 0; column < Confusion[row].Count; column++)
        {
            var count = Confusion[row][column];
            var share = (double)count / total;
            var x = left + (column * Cell);
            canvas.Rectangle(x + 1, y + 1, Cell - 2, Cell - 2, Shade(share));
            canvas.Text(
                x + (Cell / 2),
                y + (Cell / 2) + 4,
                count.ToString(CultureInfo.InvariantCulture),
                fill: share > 0.5 ? "#ffffff"
                    : count == 0 ? "#a0a8b3"
                    : SvgCanvas.Ink,
                anchor: "middle"
            );
        }
    }

    // Empty cells stay just off white, so that the grid shows.
    private static string Shade(double share)
    {
        var strength = share == 0 ? 0 : 0.02 + (0.98 * share);
        int Mix(int full) => (int)Math.Round(248 + ((full - 248) * strength));
        return $"#{Mix(Full.Red):x2}{Mix(Full.Green):x2}{Mix(Full.Blue):x2}";
    }
}
