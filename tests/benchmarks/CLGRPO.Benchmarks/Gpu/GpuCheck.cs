using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Benchmarks.Gpu;

/// <summary>
/// The second half of gpu-check: an InternVL 1B of true size with random weights, its numbers beside transformers', its
/// rollouts and steps beside transformers' and plain PyTorch's. On the processor the nano model takes its place, so that
/// the program itself can be tried without a GPU.
/// </summary>
internal sealed class GpuCheck
{
    private const int NewTokens = 128;
    private const int Repeats = 3;
    private const int RowsOfStep = 64;

    private readonly string _peers;
    private readonly string _folder;
    private readonly Device _device;
    private readonly ModelConfig _config;
    private readonly TextWriter _output;
    private readonly GpuLimits _limits;

    private GpuCheck(string peers, string folder, TextWriter output)
    {
        (_peers, _folder, _output) = (peers, folder, output);
        _device = ComputeDevice.Parse(ComputeDevice.DefaultName);
        using var nano = BenchmarkModel.Nano(seed: 0);
        _config = OnGpu ? ModelPreset.InternVl1B : nano.Model.Config;
        var gpu = GpuDescription.Of(_device);
        _limits = GpuLimits.Measure(_device);
        output.WriteLine(
            $"{gpu?.Name ?? "the processor"}, driver {gpu?.Driver ?? "none"}, libtorch {__version__}: copies {_limits.BytesPerSecond / 1e9:F0} GB/s, multiplies {_limits.FlopsPerSecond / 1e12:F1} TFLOP/s; CUDA graphs: {(CudaCapabilities.HasGraphs(_device) ? "yes" : "no")}"
        );
        RandomModel.Write(
            ModelFolder,
            _config,
            nano.Tokenizer, // a stand-in: nothing here turns tokens into text
            new ImagePreprocessorConfig(_config.Vision.ImageSize, MinTiles: 1, MaxTiles: 1, UseThumbnail: true),
            SafetensorsDtype.BF16,
            seed: 1
        );
    }

    private bool OnGpu => _device.type == TorchSharp.DeviceType.CUDA;
    private string ModelFolder => Path.Combine(_folder, "model");
    private Precision Precision => OnGpu ? Precision.Bf16 : Precision.Fp32;

    /// <param name="peers">The folder of the Python programs.</param>
    /// <param name="folder">For the model and the batches.</param>
    /// <param name="rows">Completions of each rollout batch, whole groups.</param>
    /// <param name="output">Takes the figures.</param>
    /// <returns>Whether the numbers agree with transformers', where it is installed.</returns>
    public static bool Run(string peers, string folder, IReadOnlyList<int> rows, TextWriter output)
    {
        var check = new GpuCheck(peers, folder, output);
        var agrees = check.Compare();
        foreach (var batch in rows)
        {
            check.Rollouts(batch);
        }
        check.Step();
        return agrees;
    }

    private bool Compare()
    {
        var work = Write(1, NewTokens / 4);
        using var transformers = Transformers("float32");
        if (Missing(transformers) is { } reason)
        {
            _output.WriteLine($"transformers: not compared ({reason})");
            return true;
        }
        using var model = PretrainedModel.Load(ModelFolder, _device);
        _output.WriteLine($"transformers {transformers.Ready.GetProperty("transformers").GetString()}, float32");
        return GpuComparison.Agrees(model, work, transformers, _output);
    }

    private void Rollouts(int rows)
    {
        var work = Write(rows / NanoWorkload.GroupSize, NewTokens);
        double seconds;
        long? peak;
        using (var model = PretrainedModel.Load(ModelFolder, _device, Precision))
        {
            var ours = new GpuRollouts(model, work);
            ours.Sample();
            CudaCapabilities.ResetPeakMemory(_device);
            seconds = Median(Enumerable.Range(0, Repeats).Select(_ => ours.Sample()));
            peak = CudaCapabilities.PeakMemory(_device);
        }
        CudaCapabilities.EmptyCache(_device); // the peer needs room
        using var transformers = Transformers("bfloat16");
        var theirs = Missing(transformers) is { } reason
            ? $"transformers' generate: not measured ({reason})"
            : Beside(transformers, work.Rollouts.Tokens, seconds);
        var share = DecodeBytes(work) / seconds / _limits.BytesPerSecond;
        _output.WriteLine(
            $"rollouts of {rows} rows: {work.Rollouts.Tokens / seconds:N0} tokens/s, {share:P0} of the memory bandwidth, peak {Gigabytes(peak)}; {theirs}"
        );
    }

    private static string Beside(PeerProcess transformers, int tokens, double seconds)
    {
        transformers.Ask("""{"op": "generate"}""");
        var answers = Enumerable.Range(0, Repeats).Select(_ => transformers.Ask("""{"op": "generate"}""")).ToList();
        var theirs = Median(answers.Select(answer => answer.GetProperty("seconds").GetDouble()));
        return $"transformers' generate: {tokens / theirs:N0} tokens/s, peak {Gigabytes(Peak(answers[^1]))}; ratio {theirs / seconds:F2}";
    }

    private void Step()
    {
        var work = Write(RowsOfStep / NanoWorkload.GroupSize, NewTokens);
        var steps = work.Grpo.OptimizerSteps;
        double seconds;
        long? peak;
        using (var model = PretrainedModel.Load(ModelFolder, _device, Precision))
        {
            CudaCapabilities.ResetPeakMemory(_device);
            seconds = Median(new GpuRollouts(model, work).Updates(Repeats + 1).Skip(1)) / steps;
            peak = CudaCapabilities.PeakMemory(_device);
        }
        CudaCapabilities.EmptyCache(_device);
        using var peer = new PeerProcess(Path.Combine(_peers, "peer.py"), "serve", SpecificationPath);
        peer.Ask("grpo");
        var answers = Enumerable.Range(0, Repeats).Select(_ => peer.Ask("grpo")).ToList();
        var theirs = Median(answers.Select(answer => answer.GetProperty("seconds").GetDouble())) / steps;
        var shape = ModelShape.Read(ModelFolder);
        var share = Arithmetic.GrpoUpdate(shape, work.Grpo) / steps / seconds / _limits.FlopsPerSecond;
        _output.WriteLine(
            $"GRPO step of {RowsOfStep / work.Grpo.MiniBatches} completions, all parts trained: {seconds * 1000:N0} ms, {share:P0} of the arithmetic, peak {Gigabytes(peak)}; PyTorch {peer.Ready.GetProperty("torch").GetString()}: {theirs * 1000:N0} ms, peak {Gigabytes(Peak(answers[^1]))}; ratio {theirs / seconds:F2}"
        );
    }

    /// <summary>Bytes that decoding cannot do without: every step reads the decoder's weights, each prompt's keys and values once and each row's own.</summary>
    private double DecodeBytes(Workload work)
    {
        var width = Precision == Precision.Bf16 ? 2 : 4;
        var language = _config.Language;
        var perToken = 2d * language.Layers * language.KeyValueHeads * language.HeadSize * width;
        var prompts = work.Rollouts.Prompts.Sum(prompt => (long)prompt.Length);
        var rows = (double)work.Rollouts.Prompts.Length * work.Rollouts.GroupSize;
        var own = rows * work.Rollouts.NewTokens / 2; // on average
        return work.Rollouts.NewTokens
            * ((ModelShape.Read(ModelFolder).TextParameters * width) + ((prompts + own) * perToken));
    }

    private Workload Write(int prompts, int newTokens)
    {
        var work = new NanoWorkload(Math.Max(1, prompts), newTokens, SftRows: 1, MicroBatchRows: RowsOfStep / 4).Create(
            ModelShape.Read(ModelFolder),
            threads: 1
        ) with
        {
            Device = _device.ToString(),
            Autocast = OnGpu ? "bfloat16" : null,
        };
        work.Write(_folder);
        return work;
    }

    private string SpecificationPath => Path.Combine(_folder, "workload.json");

    private PeerProcess Transformers(string dtype) =>
        new(Path.Combine(_peers, "transformers_peer.py"), SpecificationPath, dtype);

    private static string? Missing(PeerProcess peer) =>
        peer.Ready.TryGetProperty("missing", out var reason) ? reason.GetString() : null;

    private static long? Peak(System.Text.Json.JsonElement answer) =>
        (long)(answer.GetProperty("peak_mb").GetDouble() * (1 << 20));

    private static string Gigabytes(long? bytes) =>
        bytes is { } known ? $"{known / (double)(1 << 30):F1} GiB" : "not measured";

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
