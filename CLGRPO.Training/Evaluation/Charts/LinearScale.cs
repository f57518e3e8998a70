using System.Globalization;

namespace CLGRPO.Training.Evaluation.Charts;

/// <summary>Maps values of an axis to pixels, its ends and ticks at round numbers.</summary>
internal sealed class LinearScale
{
    private readonly double _fromPixel;
    private readonly double _toPixel;
    private readonly double _low;
    private readonly double _high;
    private readonly string _format;

    /// <summary>A scale that holds all <paramref name="values"/>; values that are not finite are left out.</summary>
    /// <param name="values">What has to fit; an axis from 0 to 1 when there is none.</param>
    /// <param name="fromPixel">Where the low end lies.</param>
    /// <param name="toPixel">Where the high end lies.</param>
    /// <param name="roundEnds">Whether the axis is widened to its outermost ticks.</param>
    /// <param name="steps">About how many steps between ticks.</param>
    public LinearScale(
        IEnumerable<double> values,
        double fromPixel,
        double toPixel,
        bool roundEnds = true,
        int steps = 5
    )
    {
        (_fromPixel, _toPixel) = (fromPixel, toPixel);
        var finite = values.Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        (_low, _high) = (finite.Min(), finite.Max());
        if (_low == _high)
        {
            // A constant series lies in the middle of an axis as wide as itself.
            var half = _low == 0 ? 1 : Math.Abs(_low) / 2;
            (_low, _high) = (_low - half, _high + half);
        }
        var step = RoundStep((_high - _low) / steps);
        if (roundEnds)
        {
            (_low, _high) = (Math.Floor((_low / step) + 1e-9) * step, Math.Ceiling((_high / step) - 1e-9) * step);
        }
        var first = (long)Math.Ceiling((_low / step) - 1e-9);
        var last = (long)Math.Floor((_high / step) + 1e-9);
        Ticks = [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
        _format = Format(step, Math.Max(Math.Abs(_low), Math.Abs(_high)));
    }

    public IReadOnlyList<double> Ticks { get; }

    public double Pixel(double value) => _fromPixel + ((value - _low) / (_high - _low) * (_toPixel - _fromPixel));

    public string Label(double tick) => tick.ToString(_format, CultureInfo.InvariantCulture).Replace('-', '−');

    // 1, 2 or 5 times a power of ten
    private static double RoundStep(double raw)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var mantissa = raw / power;
        return power
            * (
                mantissa <= 1 ? 1
                : mantissa <= 2 ? 2
                : mantissa <= 5 ? 5
                : 10
            );
    }

    private static string Format(double step, double largest)
    {
        var decimals = (int)Math.Max(0, -Math.Floor(Math.Log10(step) + 1e-9));
        return decimals > 6 || largest >= 1e7 ? "0.##E+0"
            : decimals == 0 ? "#,##0"
            : "0." + new string('0', decimals);
    }
}
