using CLGRPO.Training.Batches;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Rollouts;

/// <summary>The GPU's way of sampling, done step by step on the processor, against the processor's own.</summary>
public sealed class DeviceDecoderTests
{
    private static readonly HashSet<int> Stop = [Tiny.StopToken];

    private static Prompt[] Prompts(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new Prompt(Tiny.Ids(3 + (i * 5 % 7), i), i, CounterRandom.Stream(i))),
        ];

    private static IReadOnlyList<RolloutGroup> OnHost(
        VisionLanguageModel model,
        Prompt[] prompts,
        SamplingConfig sampling,
        int groupSize,
        int maxTokens,
        Func<IReadOnlyList<Prompt>, Tensor?>? features = null
    )
    {
        using var sampler = new RolloutSampler(model, sampling, Stop, Tiny.Banned);
        return sampler.Sample(prompts, groupSize, maxTokens, features ?? (_ => null));
    }

    private static IReadOnlyList<RolloutGroup> OnDevice(
        VisionLanguageModel model,
        Prompt[] prompts,
        SamplingConfig sampling,
        int groupSize,
        int maxTokens,
        int maxRows = 512,
        Func<IReadOnlyList<Prompt>, Tensor?>? features = null
    )
    {
        using var sampler = new TokenSampler(sampling, model.Config.Language.VocabularySize, Tiny.Banned);
        using var decoder = new DeviceDecoder(model, sampler, sampling.Seed, Stop, maxRows, fewRows: 0);
        return decoder.Sample(prompts, groupSize, maxTokens, features ?? (_ => null));
    }

    private static void AssertSame(IReadOnlyList<RolloutGroup> expected, IReadOnlyList<RolloutGroup> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (one, other) in expected.Zip(actual))
        {
            Assert.Same(one.Prompt, other.Prompt);
            Assert.Equal(one.Completions.Count, other.Completions.Count);
            foreach (var (a, b) in one.Completions.Zip(other.Completions))
            {
                Assert.Equal(a.Ids, b.Ids);
                Assert.Equal(a.Terminated, b.Terminated);
                Tiny.Close(a.Logprobs, b.Logprobs, 1e-5, "log-probabilities");
            }
        }
    }

    // Twelve prompts of 3 to 9 tokens, completions that end anywhere up to the limit; few slots make prompts wait, and
    // the last ones make the batch shrink.
    [Theory]
    [InlineData(1, 512, 40)]
    [InlineData(3, 512, 40)]
    [InlineData(3, 3, 40)] // one prompt at a time
    [InlineData(3, 15, 40)]
    [InlineData(4, 512, 100)] // wider than the smallest width
    [InlineData(3, 512, 2)]
    [InlineData(3, 6, 1)] // done with the prefill
    public void Sample_OfManyGroups_WritesWhatTheProcessorsSamplerWrites(int groupSize, int maxRows, int maxTokens)
    {
        using var model = Tiny.Model();
        var sampling = new SamplingConfig { Seed = 5 };
        var prompts = Prompts(12);

        var expected = OnHost(model, prompts, sampling, groupSize, maxTokens);

        AssertSame(expected, OnDevice(model, prompts, sampling, groupSize, maxTokens, maxRows));
        if (maxTokens >= 40) // the case is worth something: some end by themselves, some at the limit, lengths differ
        {
            var completions = expected.SelectMany(group => group.Completions).ToList();
            Assert.Contains(completions, completion => completion.Terminated);
            Assert.True(completions.Select(completion => completion.Ids.Length).Distinct().Count() > 5);
        }
    }

    public static TheoryData<SamplingConfig> Samplings =>
        [
            SamplingConfig.Greedy,
            new SamplingConfig { Seed = 3, Temperature = 0.7 },
            new SamplingConfig { Seed = 4, TopK = 5 },
            new SamplingConfig
            {
                Seed = 4,
                TopP = 0.8,
                Temperature = 1.2,
            },
            new SamplingConfig { Seed = 6, MinP = 0.1 },
        ];

    [Theory]
    [MemberData(nameof(Samplings))]
    public void Sample_InEveryManner_WritesWhatTheProcessorsSamplerWrites(SamplingConfig sampling)
    {
        using var model = Tiny.Model();
        var prompts = Prompts(5);
        AssertSame(
            OnHost(model, prompts, sampling, 3, maxTokens: 20),
            OnDevice(model, prompts, sampling, 3, maxTokens: 20)
        );
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(4, 1)]
    public void Sample_WithOtherHeads_WritesWhatTheProcessorsSamplerWrites(int heads, int keyValueHeads)
    {
        using var model = Tiny.Model(
            config: Tiny.Config with
            {
                Language = Tiny.Config.Language with { Heads = heads, KeyValueHeads = keyValueHeads },
            }
        );
        var prompts = Prompts(5);
        AssertSame(
            OnHost(model, prompts, new SamplingConfig(), 2, maxTokens: 12),
            OnDevice(model, prompts, new SamplingConfig(), 2, maxTokens: 12)
        );
    }

    [Fact]
    public void Sample_WithImages_WritesWhatTheProcessorsSamplerWrites()
    {
        using var scope = NewDisposeScope();
        using var model = Tiny.Model();
        Prompt[] prompts =
        [
            .. Enumerable
                .Range(0, 5)
                .Select(i => new Prompt(Tiny.PromptWithImage(2 + (i % 3), i), i, CounterRandom.Stream(i))),
        ];
        Tensor Features(IReadOnlyList<Prompt> some) => cat([.. some.Select(prompt => Tiny.Features(1, prompt.Sample))]);
        AssertSame(
            OnHost(model, prompts, new SamplingConfig(), 2, maxTokens: 12, Features),
            OnDevice(model, prompts, new SamplingConfig(), 2, maxTokens: 12, maxRows: 6, Features)
        );
    }

    // In bfloat16 two paths round differently and part ways; each must still say what the trainer computes again.
    [Fact]
    public void Sample_InBfloat16_GivesTheLogprobsThatTheTrainerComputes()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = VisionLanguageModel.Create(Tiny.Config, CPU, Precision.Bf16);
        model.Parameters.Initialize(1, model.Config);
        model.Decoder.Head.mul_(12);
        var groups = OnDevice(model, Prompts(5), new SamplingConfig { Seed = 2 }, 3, maxTokens: 12, maxRows: 6);
        var batch = TokenBatch.OfGroups(
            [
                .. groups.Select(group =>
                    (
                        group.Prompt.Ids,
                        (IReadOnlyList<int[]>)[.. group.Completions.Select(completion => completion.Ids)]
                    )
                ),
            ],
            model.Config,
            CPU
        );
        var trained = new TokenLogprobs(model.Decoder.Head).Forward(model.Forward(batch, null), batch.Targets);
        var sampled = groups.SelectMany(group => group.Completions).SelectMany(completion => completion.Logprobs);
        Tiny.Close([.. sampled], Tiny.Floats(trained.Logprobs), 0.15, "log-probabilities");
    }

    [Fact]
    public void Sample_Always_LeavesNoTensorBehind()
    {
        using var model = Tiny.Model();
        OnDevice(model, Prompts(4), new SamplingConfig(), 3, maxTokens: 10, maxRows: 6);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        OnDevice(model, Prompts(4), new SamplingConfig(), 3, maxTokens: 10, maxRows: 6);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Suits_OnTheProcessor_Never()
    {
        var gpu = new Device(DeviceType.CUDA, 0);
        Assert.False(DeviceDecoder.Suits(CPU, new SamplingConfig()));
        Assert.True(DeviceDecoder.Suits(gpu, new SamplingConfig()));
        Assert.False(DeviceDecoder.Suits(gpu, new SamplingConfig { RepetitionPenalty = 1.1 }));
    }

    [Fact]
    public void Record_OnTheProcessor_GivesNoGraphAndDoesNothing()
    {
        var done = 0;
        Assert.Null(CudaGraph.Record(CPU, () => done++));
        Assert.Equal(0, done);
    }
}
