using System.Globalization;
using TorchSharp;

namespace CLGRPO.Golden;

/// <summary>Comparisons for golden numbers; each throws a <see cref="GoldenMismatchException"/> that says what differs.</summary>
internal static class Expect
{
    /// <summary>Passes when the numbers differ by at most <paramref name="tolerance"/> × max(1, |expected|), or both are NaN.</summary>
    public static void Close(string what, double expected, double actual, double tolerance)
    {
        if (double.IsNaN(expected) && double.IsNaN(actual))
        {
            return;
        }
        var limit = tolerance * Math.Max(1, Math.Abs(expected));
        if (!(Math.Abs(expected - actual) <= limit))
        {
            throw new GoldenMismatchException(
                string.Create(CultureInfo.InvariantCulture, $"{what}: expected {expected:R}, got {actual:R}")
            );
        }
    }

    /// <summary>Passes when the lists have the same length and every pair is <see cref="Close(string, double, double, double)"/>.</summary>
    public static void Close(
        string what,
        IReadOnlyList<double> expected,
        IReadOnlyList<double> actual,
        double tolerance
    )
    {
        Same($"{what}, length", expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            Close($"{what}[{i}]", expected[i], actual[i], tolerance);
        }
    }

    /// <summary>Passes when the tensors have the same shape and no two values differ by more than <paramref name="tolerance"/>.</summary>
    public static void Within(string what, torch.Tensor expected, torch.Tensor actual, double tolerance)
    {
        SameItems($"{what}, shape", expected.shape, actual.shape);
        var worst = (expected - actual.detach()).abs().max().item<float>();
        if (!(worst <= tolerance))
        {
            throw new GoldenMismatchException(
                string.Create(CultureInfo.InvariantCulture, $"{what}: off by {worst:R}, {tolerance:R} is allowed")
            );
        }
    }

    /// <summary>Passes when both are equal.</summary>
    public static void Same<T>(string what, T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new GoldenMismatchException($"{what}: expected {Show(expected)}, got {Show(actual)}");
        }
    }

    /// <summary>Passes when both lists hold equal items in the same order; names the first difference.</summary>
    public static void SameItems<T>(string what, IReadOnlyList<T> expected, IReadOnlyList<T> actual)
    {
        for (var i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            Same($"{what}[{i}]", expected[i], actual[i]);
        }
        Same($"{what}, length", expected.Count, actual.Count);
    }

    private static string Show<T>(T value) => value is string text ? $"“{text}”" : $"{value}";
}

internal sealed class GoldenMismatchException(string message) : Exception(message);
