using CLGRPO.Training.Rollouts;
using TorchSharp;

namespace CLGRPO.Training.Tests.Rollouts;

public sealed class TokenSamplerTests : IDisposable
{
    private const int Vocabulary = 12;

    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    private static float[] Row(int seed) =>
        [.. Enumerable.Range(0, Vocabulary).Select(i => (float)(3 * Math.Sin((seed * 7) + (i * 1.7))))];

    private static torch.Tensor Logits(params IEnumerable<int> seeds) =>
        torch.tensor(seeds.SelectMany(Row).ToArray(), [seeds.Count(), Vocabulary]);

    private static long[] Draw(SamplingConfig config, int[] rows, int position = 0)
    {
        using var sampler = new TokenSampler(config, Vocabulary);
        var streams = rows.Select(row => CounterRandom.Stream(row)).ToArray();
        var positions = rows.Select(_ => position).ToArray();
        return sampler.Sample(Logits(rows), streams, positions).Ids.data<long>().ToArray();
    }

    [Fact]
    public void Sample_OtherBatchComposition_ChoosesTheSameTokens()
    {
        foreach (
            var config in new[]
            {
                new SamplingConfig(),
                new SamplingConfig { TopP = 0.9, TopK = 6 },
            }
        )
        {
            var together = Draw(config, [1, 2, 3, 4, 5]);
            Assert.Equal(together, (long[])[.. Enumerable.Range(1, 5).SelectMany(row => Draw(config, [row]))]);
            Assert.Equal(together.Reverse(), Draw(config, [5, 4, 3, 2, 1]));
        }
    }

    [Fact]
    public void Sample_SameSeed_Repeats_OtherSeedOrPosition_Differs()
    {
        var rows = Enumerable.Range(0, 50).ToArray();
        var first = Draw(new SamplingConfig { Seed = 1 }, rows);

        Assert.Equal(first, Draw(new SamplingConfig { Seed = 1 }, rows));
        Assert.NotEqual(first, Draw(new SamplingConfig { Seed = 2 }, rows));
        Assert.NotEqual(first, Draw(new SamplingConfig { Seed = 1 }, rows, position: 1));
    }

    [Fact]
    public void Sample_ManyRowsOfOneDistribution_FollowsIt()
    {
        const int Draws = 20_000;
        var logits = Logits(1).expand(Draws, Vocabulary);
        using var sampler = new TokenSampler(new SamplingConfig { Temperature = 0.8 }, Vocabulary);
        var streams = Enumerable.Range(0, Draws).Select(row => CounterRandom.Stream(row)).ToArray();

        var ids = sampler.Sample(logits, streams, new int[Draws]).Ids.data<long>().ToArray();

        var expected = sampler.Probabilities(Logits(1)).data<float>().ToArray();
        for (var id = 0; id < Vocabulary; id++)
        {
            var deviation = Math.Sqrt(expected[id] * (1 - expected[id]) / Draws);
            Assert.Equal(expected[id], (double)ids.Count(drawn => drawn == id) / Draws, (4 * deviation) + 1e-4);
        }
    }

    // log softmax of the logits divided by the temperature, whatever truncation made of them.
    [Theory]
    [InlineData(1.0, 0, 1.0)]
    [InlineData(0.7, 0, 1.0)]
    [InlineData(0.7, 3, 0.9)]
    public void Sample_Logprobs_AreThoseOfTheUntruncatedDistribution(double temperature, int topK, double topP)
    {
        var config = new SamplingConfig
        {
            Temperature = temperature,
            TopK = topK,
            TopP = topP,
        };
        using var sampler = new TokenSampler(config, Vocabulary, bannedIds: [0]);

        var drawn = sampler.Sample(Logits(1, 2), [1UL, 2UL], [0, 0]);

        var ids = drawn.Ids.data<long>().ToArray();
        var logprobs = drawn.Logprobs.data<float>().ToArray();
        for (var row = 0; row < 2; row++)
        {
            var scaled = Row(row + 1).Select(logit => logit / temperature).ToArray();
            var expected = scaled[ids[row]] - Math.Log(scaled.Sum(Math.Exp));
            Assert.Equal(expected, logprobs[row], 1e-5);
        }
    }

    [Fact]
    public void Sample_BannedIds_AreNeverChosenEvenWhenCertain()
    {
        var row = new float[Vocabulary];
        row[3] = 1000;
        var logits = torch.tensor(row, [1, Vocabulary]).expand(500, Vocabulary);
        var streams = Enumerable.Range(0, 500).Select(i => CounterRandom.Stream(i)).ToArray();
        foreach (
            var config in new[]
            {
                new SamplingConfig(),
                new SamplingConfig { TopK = 2 },
                SamplingConfig.Greedy,
            }
        )
        {
            using var sampler = new TokenSampler(config, Vocabulary, bannedIds: [3, Vocabulary + 5]);
            Assert.DoesNotContain(3L, sampler.Sample(logits, streams, new int[500]).Ids.data<long>().ToArray());
        }
    }

    [Fact]
    public void Sample_Greedy_TakesTheMostLikely()
    {
        var expected = Enumerable.Range(0, 5).Select(row => (long)Array.IndexOf(Row(row), Row(row).Max()));
        Assert.Equal(expected, Draw(SamplingConfig.Greedy, [0, 1, 2, 3, 4]));
    }

    [Fact]
    public void Sample_UniformsAtTheEnds_StayOnPossibleTokens()
    {
        var row = Enumerable.Repeat(float.NegativeInfinity, Vocabulary).ToArray();
        (row[4], row[6]) = (0, 0);
        var logits = torch.tensor(row, [1, Vocabulary]).expand(2, Vocabulary);
        using var sampler = new TokenSampler(new SamplingConfig(), Vocabulary);

        var ids = sampler.Sample(logits, torch.tensor(new[] { 0f, 1 - (1f / (1 << 23)) }, [2, 1])).Ids;

        Assert.Equal([4L, 6L], ids.data<long>().ToArray());
    }

    [Fact]
    [Trait("Id", "REL-RUN-4")]
    public void Sample_NaNLogits_GiveANaNLogprobNotACrash()
    {
        using var sampler = new TokenSampler(new SamplingConfig(), Vocabulary);
        var drawn = sampler.Sample(torch.full([1, Vocabulary], float.NaN), [0UL], [0]);
        Assert.True(float.IsNaN(drawn.Logprobs.item<float>()));
    }

    [Fact]
    public void Create_EveryIdBanned_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new TokenSampler(new SamplingConfig(), 2, bannedIds: [0, 1]));

    [Fact]
    public void Sample_RepetitionPenaltyWithoutHistory_IsRefused()
    {
        using var sampler = new TokenSampler(new SamplingConfig { RepetitionPenalty = 1.2 }, Vocabulary);
        Assert.Throws<ArgumentException>(() => sampler.Sample(Logits(1), [0UL], [0]));
    }
}
