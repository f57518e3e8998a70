using System.Diagnostics;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Optimization;

namespace CLGRPO.Benchmarks.Serving;

/// <summary>
/// What asking together gains over asking one after the other, and what a busy inference process costs training on the same machine. Each
/// pair is measured turn by turn in one run; the same requests write the same tokens either way.
/// </summary>
/// <param name="model">The nano model; its weights move.</param>
/// <param name="folder">An empty one.</param>
/// <param name="threads">Threads of training.</param>
internal sealed class ServingBenchmark(PretrainedModel model, string folder, int threads)
{
    private const int ShortAnswer = 30;
    private const int LongAnswer = 240;
    private const int Repeats = 5;
    private const int Clients = 16;
    private static readonly (int Together, int Tokens)[] Sizes =
    [
        (4, ShortAnswer),
        (16, ShortAnswer),
        (48, ShortAnswer),
        (16, LongAnswer),
    ];

    private readonly string _saved = Path.Combine(folder, "asked");

    public BenchmarkReport Run()
    {
        model.Save(_saved);
        using var process = new InferenceProcess(folder);
        List<BenchmarkRow> rows = [.. Sizes.Select(size => Together(process, size.Together, size.Tokens))];
        rows.Add(TrainingBeside(process));
        return new BenchmarkReport(MachineLimits.Machine(threads), MachineLimits.Measure(threads), rows);
    }

    private BenchmarkRow Together(InferenceProcess process, int count, int tokens)
    {
        var picture = Picture();
        Task<int> Ask(int seed) => process.AskAsync(_saved, picture, tokens, seed);
        var (together, alone) = Interleave(
            () => Rate(() => Task.WhenAll(Enumerable.Range(0, count).Select(Ask)).GetAwaiter().GetResult().Sum()),
            () => Rate(() => Enumerable.Range(0, count).Sum(seed => Ask(seed).GetAwaiter().GetResult()))
        );
        return new BenchmarkRow(
            $"{count} answers of {tokens}",
            "tokens/s",
            together,
            "one after the other",
            alone,
            together / alone,
            ShareOfLimit: null
        );
    }

    /// <summary>SFT steps, with all threads, while clients ask without a pause; beside the same steps on the machine alone.</summary>
    private BenchmarkRow TrainingBeside(InferenceProcess process)
    {
        var modelFolder = Path.Combine(folder, "model");
        model.Save(modelFolder);
        var work = new NanoWorkload().Create(ModelShape.Read(modelFolder), threads);
        using var workers = new WorkerThreads(threads);
        using var policy = new PolicyReplicas(model.Model, workers, Ours.Trainable.Parts());
        using var training = new OurSft(policy, work, work.Sft.Lr);
        double Step()
        {
            var start = Stopwatch.GetTimestamp();
            training.Step();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        var (beside, alone) = Interleave(() => UnderLoad(process, Step), Step);
        return new BenchmarkRow(
            $"SFT step, {Clients} clients",
            "ms",
            beside,
            "no clients",
            alone,
            alone / beside,
            ShareOfLimit: null
        );
    }

    private double UnderLoad(InferenceProcess process, Func<double> step)
    {
        var picture = Picture();
        using var over = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(client => AskOnAsync(process, picture, client, over.Token));
        var asking = Task.WhenAll(clients.ToList());
        step(); // by its end all clients are being answered
        var time = step();
        over.Cancel();
        asking.GetAwaiter().GetResult();
        return time;
    }

    private async Task AskOnAsync(InferenceProcess process, byte[] picture, int client, CancellationToken over)
    {
        try
        {
            for (var seed = client; ; seed += Clients)
                await process.AskAsync(_saved, picture, LongAnswer, seed, over);
        }
        catch (OperationCanceledException)
        {
            // It was measured.
        }
    }

    private byte[] Picture()
    {
        var side = model.Model.Config.Vision.ImageSize;
        var pixels = new byte[3 * side * side];
        new Random(0).NextBytes(pixels);
        return ImageEncoder.Png(new RgbImage(side, side, pixels));
    }

    private static double Rate(Func<int> tokens)
    {
        var start = Stopwatch.GetTimestamp();
        var written = tokens();
        return written / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static (double Ours, double Other) Interleave(Func<double> ours, Func<double> other)
    {
        ours(); // one warm-up each
        other();
        var (mine, others) = (new double[Repeats], new double[Repeats]);
        for (var i = 0; i < Repeats; i++)
        {
            mine[i] = ours();
            others[i] = other();
        }
        return (mine.Order().ElementAt(Repeats / 2), others.Order().ElementAt(Repeats / 2));
    }
}
