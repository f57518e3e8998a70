using System.Text.Json;
using CLGRPO.Data.Files;

namespace CLGRPO.Benchmarks;

/// <param name="Ours">Median, in <paramref name="Unit"/>.</param>
/// <param name="Peer">What it is compared with.</param>
/// <param name="PeerValue">The peer's median, in the same unit.</param>
/// <param name="Ratio">Above 1 means ours is better, whatever the unit.</param>
/// <param name="ShareOfLimit">Useful arithmetic per second over the measured sgemm rate; null where that says nothing.</param>
internal sealed record BenchmarkRow(
    string Name,
    string Unit,
    double Ours,
    string Peer,
    double PeerValue,
    double Ratio,
    double? ShareOfLimit
);

/// <summary>The result of a run, as results/latest.json holds it.</summary>
internal sealed record BenchmarkReport(string Machine, MachineLimits Limits, IReadOnlyList<BenchmarkRow> Rows)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.WriteText(path, JsonSerializer.Serialize(this, Format) + "\n");
    }

    public void Print(TextWriter output)
    {
        output.WriteLine(Machine);
        output.WriteLine(
            $"limits: sgemm {Limits.SgemmGflops:F0} GFLOP/s, memory {Limits.MemoryGigabytesPerSecond:F0} GB/s"
        );
        output.WriteLine($"peer: {string.Join("; ", Rows.Select(row => row.Peer).Distinct())}");
        output.WriteLine($"{"", -24}{"ours", 12}{"peer", 12}  {"unit", -10}{"ratio", 7}{"of limit", 10}");
        foreach (var row in Rows)
        {
            output.WriteLine(
                $"{row.Name, -24}{row.Ours, 12:F1}{row.PeerValue, 12:F1}  {row.Unit, -10}{row.Ratio, 7:F2}{row.ShareOfLimit, 10:P0}"
            );
        }
    }
}
