namespace CLGRPO.Data.Images;

/// <summary>For each output position along one axis: which inputs count, and how much.</summary>
/// <remarks>
/// Source: Pillow, Resample.c, <c>precompute_coeffs</c> and <c>normalize_coeffs_8bpc</c>: bicubic with a = −0.5, support
/// 2 · max(1, scale), weights normalised in double precision, then rounded to 22 fractional bits.
/// </remarks>
internal sealed class ResampleWeights
{
    public const int FractionBits = 22;

    private readonly int[] _starts;
    private readonly int[] _counts;
    private readonly int[] _weights; // [outputs, Taps]

    public ResampleWeights(int inputSize, int outputSize)
    {
        var scale = (double)inputSize / outputSize;
        var filterScale = Math.Max(1, scale);
        var support = 2 * filterScale;
        var taps = ((int)Math.Ceiling(support) * 2) + 1;
        Outputs = outputSize;
        Taps = taps;
        _starts = new int[outputSize];
        _counts = new int[outputSize];
        _weights = new int[outputSize * taps];
        var exact = new double[taps];
        for (var i = 0; i < outputSize; i++)
        {
            var center = (i + 0.5) * scale;
            var start = Math.Max(0, (int)(center - support + 0.5));
            var count = Math.Min(inputSize, (int)(center + support + 0.5)) - start;
            var sum = 0.0;
            for (var tap = 0; tap < count; tap++)
            {
                exact[tap] = Bicubic((tap + start - center + 0.5) * (1.0 / filterScale));
                sum += exact[tap];
            }
            (_starts[i], _counts[i]) = (start, count);
            for (var tap = 0; tap < count; tap++)
            {
                _weights[(i * taps) + tap] = ToFixedPoint(sum != 0 ? exact[tap] / sum : exact[tap]);
            }
        }
    }

    public int Outputs { get; }

    public int Taps { get; }

    /// <summary>The first input that counts for an output.</summary>
    public int Start(int output) => _starts[output];

    /// <summary>One weight for each input from <see cref="Start"/> on.</summary>
    public ReadOnlySpan<int> Weights(int output) => _weights.AsSpan(output * Taps, _counts[output]);

    private static double Bicubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1
            : x < 2 ? ((((x - 5) * x) + 8) * x - 4) * A
            : 0;
    }

    // Halves away from zero, by truncation.
    private static int ToFixedPoint(double weight) => (int)((weight * (1 << FractionBits)) + (weight < 0 ? -0.5 : 0.5));
}
