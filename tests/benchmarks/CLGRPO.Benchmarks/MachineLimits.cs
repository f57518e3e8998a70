using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CLGRPO.Benchmarks;

/// <summary>What this machine can do at most, measured: the yardstick for a share of the limit.</summary>
/// <param name="SgemmGflops">float32 matrix products of 1024³ with the BLAS that libtorch calls, in GFLOP/s.</param>
/// <param name="MemoryGigabytesPerSecond">Copying 256 MB with all threads; bytes read and bytes written both count.</param>
internal sealed partial record MachineLimits(double SgemmGflops, double MemoryGigabytesPerSecond)
{
    private const int Side = 1024;
    private const int Repeats = 10;

    /// <summary>Measures them; call after libtorch is loaded, so that the BLAS has its settings.</summary>
    public static MachineLimits Measure(int threads)
    {
        // Workers have set one thread each; the machine's limit is that of all of them.
        var before = TorchSharp.torch.get_num_threads();
        TorchSharp.torch.set_num_threads(threads);
        var limits = new MachineLimits(Sgemm(), Memory(threads));
        TorchSharp.torch.set_num_threads(before);
        return limits;
    }

    /// <summary>Processor, threads and operating system in one line.</summary>
    public static string Machine(int threads)
    {
        const string Key = "model name";
        var model = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
        var processor = model is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : model[(model.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return $"{processor}, {threads} of {Environment.ProcessorCount} threads, {RuntimeInformation.OSDescription}";
    }

    private static double Sgemm()
    {
        var (a, b, c) = (new float[Side * Side], new float[Side * Side], new float[Side * Side]);
        Array.Fill(a, 0.5f);
        Array.Fill(b, 0.25f);
        var best = Best(() => Multiply(a, b, c));
        if (c[Side] != Side * 0.125f)
        {
            throw new InvalidOperationException($"sgemm computed {c[Side]}, not {Side * 0.125f}.");
        }
        return 2d * Side * Side * Side / best / 1e9;
    }

    private static void Multiply(float[] a, float[] b, float[] c) =>
        Blas.Sgemm(
            Blas.RowMajor,
            Blas.NoTranspose,
            Blas.NoTranspose,
            Side,
            Side,
            Side,
            1,
            a,
            Side,
            b,
            Side,
            0,
            c,
            Side
        );

    private static double Memory(int threads)
    {
        const int Bytes = 256 << 20;
        var (from, to) = (new byte[Bytes], new byte[Bytes]);
        Array.Fill(from, (byte)1);
        var slice = Bytes / threads;
        var best = Best(() =>
            Parallel.For(
                0,
                threads,
                new ParallelOptions { MaxDegreeOfParallelism = threads },
                i => from.AsSpan(i * slice, slice).CopyTo(to.AsSpan(i * slice, slice))
            )
        );
        return 2d * slice * threads / best / 1e9;
    }

    private static double Best(Action run)
    {
        run();
        var best = double.MaxValue;
        for (var i = 0; i < Repeats; i++)
        {
            var start = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    private static partial class Blas
    {
        public const int RowMajor = 101;
        public const int NoTranspose = 111;

        [LibraryImport("libblas.so.3", EntryPoint = "cblas_sgemm")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static partial void Sgemm(
            int order,
            int transposeA,
            int transposeB,
            int m,
            int n,
            int k,
            float alpha,
            float[] a,
            int strideA,
            float[] b,
            int strideB,
            float beta,
            float[] c,
            int strideC
        );
    }
}
