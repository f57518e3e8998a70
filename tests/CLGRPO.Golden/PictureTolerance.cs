namespace CLGRPO.Golden;

/// <summary>How near pixels have to be: JPEG decoders and the rounding of transparency differ between libraries, all else must not.</summary>
/// <param name="IsExact">Whether every byte is the same.</param>
internal sealed record PictureTolerance(bool IsExact)
{
    /// <summary>Largest difference of one value, of 255.</summary>
    public const double LooseValue = 2;

    /// <summary>Largest difference of the means, of 255.</summary>
    public const double LooseMean = 0.1;

    public static PictureTolerance Of(string path)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        if (bytes[0] == 0xFF)
        {
            return new(IsExact: false);
        }
        var isPng = bytes[0] == 0x89;
        return new(
            isPng
                ? bytes[25] is not (4 or 6) && bytes.IndexOf("tRNS"u8) < 0
                : bytes.IndexOf("ALPH"u8) < 0 && !(bytes[12..].StartsWith("VP8L"u8) && (bytes[24] & 0x10) != 0)
        );
    }

    public void CheckTiles(string name, byte[] expected, byte[] actual) =>
        Check(
            name,
            Array.ConvertAll(expected, value => (double)value),
            Array.ConvertAll(actual, value => (double)value),
            exact: 0
        );

    /// <param name="exact">Largest difference, of one value and of the means, where the picture is exact.</param>
    public void Check(string name, double[] expected, double[] actual, double exact)
    {
        var (limit, meanLimit) = IsExact ? (exact, exact) : (LooseValue, LooseMean);
        Expect.Same($"{name} length", expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= limit))
            {
                throw new GoldenMismatchException($"{name}[{i}]: expected {expected[i]}, got {actual[i]}");
            }
        }
        var difference = Math.Abs(expected.Average() - actual.Average());
        if (!(difference <= meanLimit))
        {
            throw new GoldenMismatchException($"{name}: the means differ by {difference}");
        }
    }
}
