using CLGRPO.Training.Batches;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Compute;

/// <summary>
/// The device of CLGRPO_DEVICE, on the paths that a GPU takes, against the processor on its own. Without the variable
/// both are the processor, and the paths still differ.
/// </summary>
public sealed class DeviceTests
{
    private static readonly Device Here = ComputeDevice.Parse(ComputeDevice.DefaultName);
    private static readonly HashSet<ModelPart> AllParts = [ModelPart.Vision, ModelPart.Projector, ModelPart.Language];

    private static VisionLanguageModel ModelOn(Device device)
    {
        var model = VisionLanguageModel.Create(Tiny.Config, device);
        model.Parameters.Initialize(1, model.Config);
        using var noGrad = no_grad();
        model.Decoder.Head.mul_(12);
        return model;
    }

    private static float[] Read(Tensor tensor)
    {
        using var onHost = tensor.detach().cpu();
        return Tiny.Floats(onHost);
    }

    [Fact]
    public void TrainingPass_HereAndOnTheProcessor_GivesTheSameLogprobsAndGradients()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var tiles = randn([2, 3, 16, 16], generator: generator);
        var expected = Pass(CPU, tiles);
        List<float[]> actual;
        using (FusedAttention.Always())
            actual = Pass(Here, tiles);
        string[] what = ["log-probabilities", "entropies", "gradients"];
        for (var i = 0; i < what.Length; i++)
            Tiny.Close(expected[i], actual[i], 1e-4, what[i]);
        Assert.Contains(expected[2], gradient => Math.Abs(gradient) > 0.1f); // there was something to compare
    }

    private static List<float[]> Pass(Device device, Tensor tiles)
    {
        using var model = ModelOn(device);
        model.Parameters.EnableGradients(AllParts);
        var batch = TokenBatch.OfGroups(
            [
                (Tiny.PromptWithImage(3, 1), [Tiny.Ids(7, 2), Tiny.Ids(1, 3)]),
                (Tiny.PromptWithImage(6, 4), [Tiny.Ids(3, 5), Tiny.Ids(4, 6)]),
            ],
            model.Config,
            device
        );
        var head = new TokenLogprobs(model.Decoder.Head, temperature: 0.9);
        var result = head.Forward(model.Forward(batch, model.ImageFeatures(tiles.to(device))), batch.Targets);
        result.Logprobs.sum().backward();
        head.Backward(result);
        return [Read(result.Logprobs), Read(result.Entropies), Read(model.Parameters.Gradients!)];
    }

    [Fact]
    public void Sample_HereAndOnTheProcessor_WritesTheSameTokens()
    {
        using var one = ModelOn(CPU);
        using var other = ModelOn(Here);
        HashSet<int> stop = [Tiny.StopToken];
        var sampling = new SamplingConfig { Seed = 5 };
        Prompt[] prompts =
        [
            .. Enumerable
                .Range(0, 12)
                .Select(i => new Prompt(Tiny.Ids(3 + (i * 5 % 7), i), i, CounterRandom.Stream(i))),
        ];
        using var host = new RolloutSampler(one, sampling, stop, Tiny.Banned);
        var expected = host.Sample(prompts, 3, 90, _ => null);

        using var tokens = new TokenSampler(sampling, Tiny.Vocabulary, Tiny.Banned, Here);
        using var decoder = new DeviceDecoder(other, tokens, sampling.Seed, stop, maxRows: 12, fewRows: 0);
        IReadOnlyList<RolloutGroup> actual;
        using (FusedAttention.Always())
            actual = decoder.Sample(prompts, 3, 90, _ => null);

        foreach (
            var (a, b) in expected.Zip(actual).SelectMany(pair => pair.First.Completions.Zip(pair.Second.Completions))
        )
        {
            Assert.Equal(a.Ids, b.Ids);
            Assert.Equal(a.Terminated, b.Terminated);
            Tiny.Close(a.Logprobs, b.Logprobs, 1e-4, "log-probabilities");
        }
        Assert.Contains(expected, group => group.Completions.Any(completion => completion.Ids.Length > 70)); // past the first width
    }

    [Fact]
    public void Uniform_Here_IsCounterRandomBitForBit()
    {
        using var scope = NewDisposeScope();
        using var random = new DeviceRandom(Here);
        var streams = Enumerable.Range(0, 3000).Select(i => CounterRandom.Stream(i)).ToArray();
        var drawn = random.Uniform(
            tensor(Array.ConvertAll(streams, stream => DeviceRandom.Key(9, stream))).to(Here),
            arange(streams.Length, dtype: ScalarType.Int64, device: Here)
        );
        Assert.Equal(streams.Select((stream, i) => CounterRandom.Uniform(9, stream, i)), Read(drawn));
    }

    [Fact]
    public void OptimizerSteps_HereAndOnTheProcessor_MoveTheWeightsAlike()
    {
        var expected = Steps(CPU);
        Tiny.Close(expected, Steps(Here), 1e-6, "weights");
    }

    private static float[] Steps(Device device)
    {
        using var scope = NewDisposeScope();
        using var model = ModelOn(device);
        using var threads = new WorkerThreads(1);
        using var policy = new PolicyReplicas(model, threads, AllParts);
        using var optimizer = new PolicyOptimizer(
            new OptimizerConfig { LearningRate = 1e-3, MaxGradNorm = 1 },
            policy,
            new TrainableConfig(),
            totalSteps: 10
        );
        using var generator = new Generator(2);
        for (var step = 0; step < 3; step++)
        {
            model.Parameters.Gradients!.copy_(randn([model.Parameters.Count], generator: generator));
            optimizer.Step();
        }
        return Read(model.Parameters.Weights);
    }

    [Fact]
    public void Replay_OfRecordedWork_DoesItAgainWhereItLies()
    {
        Assert.SkipUnless(CudaCapabilities.HasGraphs(Here), $"{Here} has no graphs.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var sum = zeros([4], device: Here);
        var term = ones([4], device: Here);
        void Work() => sum.add_(term * 2);
        Work();
        using var graph = CudaGraph.Record(Here, Work)!;
        Assert.Equal([2, 2, 2, 2], Read(sum)); // recorded, not done
        graph.Replay();
        term.fill_(5);
        graph.Replay();
        Assert.Equal([14, 14, 14, 14], Read(sum));
    }

    [Fact]
    public void Record_OfWorkThatFails_ThrowsItAndLeavesTheDeviceUsable()
    {
        Assert.SkipUnless(CudaCapabilities.HasGraphs(Here), $"{Here} has no graphs.");
        using var scope = NewDisposeScope();
        Assert.Throws<InvalidOperationException>(() =>
            CudaGraph.Record(Here, () => throw new InvalidOperationException("no"))
        );
        Assert.Equal([2], Read(ones([1], device: Here) * 2));
    }

    [Fact]
    public void PeakMemory_OfAGpu_CountsWhatWasThereAtOnce()
    {
        Assert.SkipUnless(CudaCapabilities.HasGraphs(Here), $"{Here} does not count its memory.");
        CudaCapabilities.EmptyCache(Here);
        CudaCapabilities.ResetPeakMemory(Here);
        var before = CudaCapabilities.PeakMemory(Here)!.Value;
        zeros([1 << 20], device: Here).Dispose();
        Assert.InRange(CudaCapabilities.PeakMemory(Here)!.Value - before, 4 << 20, 8 << 20);
    }
}
