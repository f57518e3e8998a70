using System.Globalization;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Reproduction;

/// <summary>Numbers of a reproduction as people read them, whatever the culture.</summary>
internal static class ScoreText
{
    public const string None = "–";

    private const string Signed = "+0.00;−0.00;0.00";

    /// <summary>
    /// A fraction in per cent, with its interval: <c>87.3 [86.1, 88.5]</c>. Student's interval knows no bounds; what lies
    /// beyond 0 and 100 % is cut off.
    /// </summary>
    public static string Percent(SeedMean share) =>
        With(share.Mean, share.Interval, value => Fixed(100 * Math.Clamp(value, 0, 1), "0.0"));

    /// <summary>Percentage points with sign and interval: <c>+1.25 [−0.30, +2.80]</c>.</summary>
    public static string Points(SeedMean points) => With(points.Mean, points.Interval, value => Fixed(value, Signed));

    /// <summary>Any number with four digits.</summary>
    public static string Number(SeedMean number) => Fixed(number.Mean, "0.0000");

    public static string Whole(double number) => Fixed(number, "#,0");

    public static string Points(double points) => Fixed(points, Signed);

    public static string Probability(double p) => p < 0.001 ? "<0.001" : Fixed(p, "0.000");

    private static string With(double mean, Interval? interval, Func<double, string> write) =>
        interval is null ? write(mean) : $"{write(mean)} [{write(interval.Low)}, {write(interval.High)}]";

    private static string Fixed(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : None;
}
