using System.Globalization;

namespace CLGRPO.Training.Tests;

/// <summary>Bounded random mutation of bytes; <c>CLGRPO_FUZZ</c> multiplies the iterations for a nightly run.</summary>
internal static class Fuzzing
{
    private static readonly byte[] Interesting =
    [
        0,
        1,
        2,
        8,
        0x22,
        0x2C,
        0x2D,
        0x30,
        0x39,
        0x5B,
        0x7B,
        0x7D,
        0x7F,
        0x80,
        0xFE,
        0xFF,
    ];

    /// <summary>Runs <paramref name="check"/> on mutants of the corpus; what it throws is reported with the seed that repeats it.</summary>
    public static void Run(IReadOnlyList<byte[]> corpus, int iterations, Action<byte[]> check)
    {
        var factor = Environment.GetEnvironmentVariable("CLGRPO_FUZZ");
        var total = iterations * (factor is null ? 1L : long.Parse(factor, CultureInfo.InvariantCulture));
        var first = factor is null ? 0 : Environment.TickCount64;
        for (var seed = first; seed < first + total; seed++)
        {
            var mutant = Mutate(corpus, new Random((int)seed));
            try
            {
                check(mutant);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException(
                    $"Seed {seed}: {error.GetType().Name}: {error.Message} Bytes: {Convert.ToHexString(mutant.AsSpan(0, Math.Min(400, mutant.Length)))}",
                    error
                );
            }
        }
    }

    private static byte[] Mutate(IReadOnlyList<byte[]> corpus, Random random)
    {
        var bytes = (byte[])corpus[random.Next(corpus.Count)].Clone();
        for (var i = random.Next(1, 6); i > 0 && bytes.Length > 0; i--)
        {
            // Headers come first: half of the mutations hit the first 256 bytes.
            var at = random.Next(random.Next(2) == 0 ? Math.Min(256, bytes.Length) : bytes.Length);
            bytes = random.Next(7) switch
            {
                0 => bytes[..at],
                1 => [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 9))..]],
                2 =>
                [
                    .. bytes[..at],
                    .. bytes.AsSpan(at, Math.Min(random.Next(1, 33), bytes.Length - at)),
                    .. bytes[at..],
                ],
                3 => Set(bytes, at, Interesting[random.Next(Interesting.Length)]),
                4 => Set(bytes, at, (byte)random.Next(256)),
                5 => Set(bytes, at, (byte)(bytes[at] ^ (1 << random.Next(8)))),
                _ => Set(bytes, at, (byte)(bytes[at] + random.Next(-2, 3))),
            };
        }
        return bytes;
    }

    private static byte[] Set(byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }
}
