using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Rollouts;

public sealed class RolloutSamplerTests
{
    private const int MaxTokens = 12;
    private static readonly HashSet<int> Stop = [Tiny.StopToken];

    private static Prompt[] Prompts(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new Prompt(Tiny.Ids(3 + (i * 5 % 7), i), i, CounterRandom.Stream(i))),
        ];

    private static IReadOnlyList<RolloutGroup> Sample(
        VisionLanguageModel model,
        IReadOnlyList<Prompt> prompts,
        SamplingConfig sampling,
        int maxRows = 512,
        int groupSize = 3
    )
    {
        using var sampler = new RolloutSampler(model, sampling, Stop, Tiny.Banned, maxRows);
        return sampler.Sample(prompts, groupSize, MaxTokens, _ => null);
    }

    private static void AssertSame(IReadOnlyList<RolloutGroup> expected, IReadOnlyList<RolloutGroup> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (one, other) in expected.Zip(actual))
        {
            Assert.Same(one.Prompt, other.Prompt);
            foreach (var (a, b) in one.Completions.Zip(other.Completions, (a, b) => (a, b)))
            {
                Assert.Equal(a.Ids, b.Ids);
                Assert.Equal(a.Terminated, b.Terminated);
                Tiny.Close(a.Logprobs, b.Logprobs, 1e-5, "log-probabilities");
            }
        }
    }

    [Theory]
    [InlineData(3)] // one prompt at a time: every other waits for its slots
    [InlineData(7)] // two
    [InlineData(18)] // six of nine
    public void Sample_WithFewSlots_WritesWhatManySlotsWrite(int maxRows)
    {
        using var model = Tiny.Model();
        var prompts = Prompts(9);
        var sampling = new SamplingConfig { Seed = 5 };
        AssertSame(Sample(model, prompts, sampling), Sample(model, prompts, sampling, maxRows));
    }

    [Fact]
    public void Sample_InAnotherOrder_WritesTheSameForEachPrompt()
    {
        using var model = Tiny.Model();
        var prompts = Prompts(7);
        var sampling = new SamplingConfig { Seed = 5 };
        var backwards = Sample(model, [.. prompts.Reverse()], sampling, maxRows: 9);
        AssertSame(Sample(model, prompts, sampling), [.. backwards.Reverse()]);
    }

    [Fact]
    public void Sample_WithAnotherSeed_WritesSomethingElse()
    {
        using var model = Tiny.Model();
        int[] Ids(long seed) =>
            [
                .. Sample(model, Prompts(2), new SamplingConfig { Seed = seed })
                    .SelectMany(group => group.Completions)
                    .SelectMany(completion => completion.Ids),
            ];
        Assert.NotEqual(Ids(1), Ids(2));
    }

    [Fact]
    public void Sample_OfAGroup_WritesDifferentCompletions()
    {
        using var model = Tiny.Model();
        var group = Sample(model, Prompts(1), new SamplingConfig(), groupSize: 6)[0];
        Assert.Equal(6, group.Completions.Select(completion => string.Join(' ', completion.Ids)).Distinct().Count());
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.6)]
    public void Sample_OfAnyCompletion_GivesTheLogprobsThatTheTrainerComputes(double temperature)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Tiny.Model();
        var groups = Sample(model, Prompts(5), new SamplingConfig { Seed = 2, Temperature = temperature }, maxRows: 6);
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
        var trained = new TokenLogprobs(model.Decoder.Head, temperature).Forward(
            model.Forward(batch, null),
            batch.Targets
        );
        var sampled = groups
            .SelectMany(group => group.Completions)
            .SelectMany(completion => completion.Logprobs)
            .ToArray();
        Tiny.Close(sampled, Tiny.Floats(trained.Logprobs), 1e-4, "log-probabilities");
    }

    [Fact]
    public void Sample_WithImages_GivesTheLogprobsThatTheTrainerComputes()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Tiny.Model();
        Prompt[] prompts =
        [
            .. Enumerable
                .Range(0, 5)
                .Select(i => new Prompt(Tiny.PromptWithImage(2 + (i % 3), i), i, CounterRandom.Stream(i))),
        ];
        using var sampler = new RolloutSampler(model, new SamplingConfig(), Stop, Tiny.Banned, maxRows: 4);
        var groups = sampler.Sample(
            prompts,
            2,
            MaxTokens,
            some => cat([.. some.Select(prompt => Tiny.Features(1, prompt.Sample))])
        );
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
        var features = cat([.. prompts.Select(prompt => Tiny.Features(1, prompt.Sample))]);
        var trained = new TokenLogprobs(model.Decoder.Head).Forward(model.Forward(batch, features), batch.Targets);
        Tiny.Close(
            groups.SelectMany(group => group.Completions).SelectMany(completion => completion.Logprobs).ToArray(),
            Tiny.Floats(trained.Logprobs),
            1e-4,
            "log-probabilities"
        );
    }

    [Fact]
    public void Sample_Greedily_IsTheArgmaxOfTheModelsOwnLogits()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Tiny.Model();
        foreach (var group in Sample(model, Prompts(4), SamplingConfig.Greedy, groupSize: 1))
        {
            var written = group.Completions[0].Ids;
            var batch = TokenBatch.OfSequences([(group.Prompt.Ids, written)], model.Config, CPU);
            var logits = nn.functional.linear(model.Forward(batch, null), model.Decoder.Head);
            foreach (var id in Tiny.Banned)
                logits.select(1, id).fill_(float.NegativeInfinity);
            Assert.Equal(written.Select(id => (long)id), logits.argmax(-1).data<long>().ToArray());
        }
    }

    [Fact]
    public void Sample_NearlyUniformly_NeverWritesABannedId()
    {
        using var model = Tiny.Model();
        var groups = Sample(model, Prompts(20), new SamplingConfig { Temperature = 20 }, groupSize: 8);
        var written = groups
            .SelectMany(group => group.Completions)
            .SelectMany(completion => completion.Ids)
            .ToHashSet();
        Assert.Empty(written.Intersect(Tiny.Banned));
        Assert.Equal(Tiny.Vocabulary - Tiny.Banned.Length, written.Count); // all others do occur
    }

    [Fact]
    public void Sample_OfManyCompletions_EndsEachAtItsStopTokenOrTheLimit()
    {
        using var model = Tiny.Model();
        var completions = Sample(model, Prompts(20), new SamplingConfig { Temperature = 20 }, groupSize: 8)
            .SelectMany(group => group.Completions)
            .ToList();
        Assert.All(
            completions,
            completion =>
            {
                Assert.Equal(completion.Ids.Length, completion.Logprobs.Length);
                Assert.DoesNotContain(Tiny.StopToken, completion.Ids[..^1]);
                Assert.Equal(completion.Ids[^1] == Tiny.StopToken, completion.Terminated);
                Assert.True(completion.Terminated || completion.Ids.Length == MaxTokens);
            }
        );
        Assert.Contains(completions, completion => completion.Terminated && completion.Ids.Length < MaxTokens);
        Assert.Contains(completions, completion => !completion.Terminated);
    }

    [Fact]
    public void Sample_OfNoPrompts_IsEmpty()
    {
        using var model = Tiny.Model();
        Assert.Empty(Sample(model, [], new SamplingConfig()));
    }
}
