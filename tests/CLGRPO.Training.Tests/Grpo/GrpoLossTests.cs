using CLGRPO.Training.Grpo;
using TorchSharp;

namespace CLGRPO.Training.Tests.Grpo;

public sealed class GrpoLossTests : IDisposable
{
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    private static GrpoLoss Loss(
        LossType type = LossType.Dapo,
        ClipRange? clip = null,
        double beta = 0,
        ImportanceSamplingLevel level = ImportanceSamplingLevel.Token,
        int limit = 8
    ) => new(clip ?? new ClipRange(), beta, type, level, limit);

    /// <summary>Old log-probabilities 0, so that the ratio is exp of the new ones.</summary>
    private static GrpoBatch Batch(float[,] logRatios, float[] advantages, int[,]? mask = null) =>
        new(
            torch.tensor(logRatios).requires_grad_(),
            torch.zeros(logRatios.GetLength(0), logRatios.GetLength(1)),
            null,
            torch.tensor(advantages),
            mask is null ? torch.ones(logRatios.GetLength(0), logRatios.GetLength(1)) : torch.tensor(mask)
        );

    private static StepTotals Totals(GrpoBatch batch) =>
        new((int)batch.Mask.shape[0], (long)batch.Mask.to(torch.float32).sum().item<float>());

    // The worked values of the clip rule: a single token of ratio ρ and advantage A.
    [Theory]
    [InlineData(1.5, 1, -1.2, -1.1)]
    [InlineData(1.5, -1, 1.5, 1.5)]
    [InlineData(0.5, 1, -0.5, -0.5)]
    [InlineData(0.5, -1, 0.8, 0.8)]
    [InlineData(1.05, 1, -1.05, -1.05)]
    public void Share_OneToken_FollowsTheClipRule(double ratio, float advantage, double symmetric, double clipLow)
    {
        var batch = Batch(
            new[,]
            {
                { (float)Math.Log(ratio) },
            },
            [advantage]
        );
        foreach (var (high, expected) in new[] { (0.2, symmetric), (0.1, clipLow) })
        {
            var loss = Loss(clip: new ClipRange(0.2, high)).Share(batch, Totals(batch)).Loss;
            Assert.Equal(expected, loss.item<float>(), 1e-6);
        }
    }

    [Theory]
    [InlineData(1.5, 1, 0)] // high clip
    [InlineData(0.5, -1, 0)] // low clip
    [InlineData(1.5, -1, 1.5)] // a large ratio of a bad completion is not clipped
    [InlineData(0.5, 1, -0.5)]
    public void Share_ClippedToken_HasNoGradient(double ratio, float advantage, double expected)
    {
        var batch = Batch(
            new[,]
            {
                { (float)Math.Log(ratio) },
            },
            [advantage]
        );
        Loss().Share(batch, Totals(batch)).Loss.backward();
        Assert.Equal(expected, batch.Logprobs.grad!.item<float>(), 1e-6);
    }

    [Fact]
    public void Share_Delta_CapsTheUnclippedBranch()
    {
        var batch = Batch(
            new[,]
            {
                { (float)Math.Log(9) },
            },
            [-1]
        );

        var share = Loss(clip: new ClipRange(0.2, 0.2, delta: 4)).Share(batch, Totals(batch));
        share.Loss.backward();

        Assert.Equal(4, share.Loss.item<float>(), 1e-6);
        Assert.Equal(0, batch.Logprobs.grad!.item<float>());
    }

    [Theory]
    [InlineData(0.1f, 0.005171)]
    [InlineData(-0.1f, 0.004837)]
    public void Share_Beta_AddsTheDivergence(float distance, double k3)
    {
        var batch = Batch(
            new[,]
            {
                { 0f },
            },
            [0]
        ) with
        {
            ReferenceLogprobs = torch.tensor(
                new[,]
                {
                    { distance },
                }
            ),
        };
        var share = Loss(beta: 2).Share(batch, Totals(batch));
        Assert.Equal(2 * k3, share.Loss.item<float>(), 2e-6);
        Assert.Equal(k3, share.Divergence!.item<float>(), 1e-6);
    }

    [Fact]
    public void Share_BetaWithoutReference_IsRefused()
    {
        var batch = Batch(
            new[,]
            {
                { 0f },
            },
            [0]
        );
        Assert.Throws<ArgumentException>(() => Loss(beta: 0.1).Share(batch, Totals(batch)));
    }

    [Fact]
    public void Share_RatioOneOverWholeGroups_IsZeroWithAGradient()
    {
        var advantages = GroupAdvantage.Normalize([1, 1, 0, 0], groupSize: 4);
        var batch = Batch(new float[4, 3], advantages);

        var share = Loss(LossType.Grpo).Share(batch, Totals(batch));
        share.Loss.backward();

        Assert.Equal(0, share.Loss.item<float>(), 1e-7);
        Assert.True(batch.Logprobs.grad!.abs().sum().item<float>() > 0.5);
    }

    [Fact]
    public void Share_SequenceLevelOfOneToken_EqualsTokenLevel()
    {
        var batch = Batch(
            new[,]
            {
                { 0.3f },
                { -0.4f },
            },
            [1, -1]
        );
        var totals = Totals(batch);
        Assert.Equal(
            Loss(level: ImportanceSamplingLevel.Token).Share(batch, totals).Loss.item<float>(),
            Loss(level: ImportanceSamplingLevel.Sequence).Share(batch, totals).Loss.item<float>()
        );
    }

    [Fact]
    public void Share_DrGrpoWithEveryLengthAtTheLimit_EqualsGrpo()
    {
        var batch = Batch(
            new[,]
            {
                { 0.1f, -0.2f, 0.05f },
                { 0f, 0.3f, -0.1f },
            },
            [1, -0.5f]
        );
        var totals = Totals(batch);
        Assert.Equal(
            Loss(LossType.Grpo).Share(batch, totals).Loss.item<float>(),
            Loss(LossType.DrGrpo, limit: 3).Share(batch, totals).Loss.item<float>(),
            1e-7
        );
    }

    public static MatrixTheoryData<LossType, ImportanceSamplingLevel> EveryLoss() =>
        new(Enum.GetValues<LossType>(), Enum.GetValues<ImportanceSamplingLevel>());

    [Theory]
    [MemberData(nameof(EveryLoss))]
    public void Share_EverythingMasked_IsZeroNotNaN(LossType type, ImportanceSamplingLevel level)
    {
        // What stands under the mask may be anything, infinities too.
        var batch = Batch(
            new[,]
            {
                { float.NegativeInfinity, 500f },
                { float.NaN, 0f },
            },
            [1, -1],
            new int[2, 2]
        ) with
        {
            ReferenceLogprobs = torch.zeros(2, 2),
        };
        var metrics = new ClipMetrics(new ClipRange());

        var share = Loss(type, beta: 0.1, level: level).Share(batch, Totals(batch));
        share.Loss.backward();
        metrics.Add(batch, share);

        Assert.Equal(0, share.Loss.item<float>());
        Assert.Equal([0f, 0f, 0f, 0f], batch.Logprobs.grad!.data<float>().ToArray());
        Assert.Equal(double.NaN, metrics.Result().KL);
    }

    [Theory]
    [MemberData(nameof(EveryLoss))]
    public void Share_CutIntoMicroBatches_GivesTheSameLossGradientAndMetrics(
        LossType type,
        ImportanceSamplingLevel level
    )
    {
        var (whole, wholeGradient, wholeMetrics) = Step(type, level, microBatches: 1);
        foreach (var microBatches in new[] { 2, 4, 8 })
        {
            var (loss, gradient, metrics) = Step(type, level, microBatches);
            Assert.Equal(whole, loss, 1e-6);
            Assert.All(wholeGradient.Zip(gradient), pair => Assert.Equal(pair.First, pair.Second, 1e-7f));
            Assert.Equal(wholeMetrics.RegionMean, metrics.RegionMean, 12);
            Assert.Equal(wholeMetrics.LowMin, metrics.LowMin, 12);
            Assert.Equal(wholeMetrics.HighMax, metrics.HighMax, 12);
            Assert.Equal(wholeMetrics.Entropy, metrics.Entropy, 9);
            Assert.Equal(wholeMetrics.KL, metrics.KL, 9);
        }
    }

    // TRL's dapo divides by the tokens of the whole generation batch, so that more optimizer steps per rollout batch
    // quietly shrink each of them. Here a step's loss depends on that step's completions alone.
    [Theory]
    [MemberData(nameof(EveryLoss))]
    public void Share_MoreStepsPerGeneration_LeavesEachStepItsSize(LossType type, ImportanceSamplingLevel level)
    {
        var (rows, _) = Rollouts();
        var alone = StepOver(type, level, rows.Take(4), size: 4);
        var twice = StepOver(type, level, rows.Take(4).Concat(rows.Take(4)), size: 8);
        Assert.Equal(alone, twice, 1e-6);
    }

    private sealed record Row(
        float[] New,
        float[] Old,
        float[] Reference,
        float[] Entropy,
        float Advantage,
        int Length
    );

    private const int Width = 6;

    private static (Row[] Rows, StepTotals Totals) Rollouts()
    {
        var random = new Random(3);
        float[] Noise(double scale) =>
            [.. Enumerable.Range(0, Width).Select(_ => (float)(-1 + (scale * random.NextDouble())))];
        var rows = Enumerable
            .Range(0, 8)
            .Select(_ => new Row(
                Noise(0.8),
                Noise(0.8),
                Noise(0.8),
                Noise(1),
                (float)(random.NextDouble() - 0.5),
                random.Next(1, Width + 1)
            ))
            .ToArray();
        return (rows, StepTotals.Of([.. rows.Select(row => row.Length)]));
    }

    private static float StepOver(LossType type, ImportanceSamplingLevel level, IEnumerable<Row> rows, int size)
    {
        var batch = BatchOf([.. rows]);
        var share = Loss(type, beta: 0.1, level: level).Share(batch, Totals(batch));
        Assert.Equal(size, batch.Mask.shape[0]);
        return share.Loss.item<float>();
    }

    private static (double Loss, float[] Gradient, PolicyMetrics Metrics) Step(
        LossType type,
        ImportanceSamplingLevel level,
        int microBatches
    )
    {
        var (rows, totals) = Rollouts();
        var clip = new ClipRange(0.1, 0.05);
        var metrics = new ClipMetrics(clip);
        var loss = 0.0;
        var gradient = new List<float>();
        foreach (var cut in rows.Chunk(rows.Length / microBatches))
        {
            var batch = BatchOf(cut);
            var share = Loss(type, clip, beta: 0.1, level).Share(batch, totals);
            share.Loss.backward();
            metrics.Add(batch, share);
            loss += share.Loss.item<float>();
            gradient.AddRange(batch.Logprobs.grad!.data<float>().ToArray());
        }
        return (loss, [.. gradient], metrics.Result());
    }

    private static GrpoBatch BatchOf(Row[] rows)
    {
        torch.Tensor Stack(Func<Row, float[]> part) =>
            torch.tensor(rows.SelectMany(part).ToArray(), [rows.Length, Width]);
        return new GrpoBatch(
            Stack(row => row.New).requires_grad_(),
            Stack(row => row.Old),
            Stack(row => row.Reference),
            torch.tensor(rows.Select(row => row.Advantage).ToArray()),
            Stack(row => [.. Enumerable.Range(0, Width).Select(t => t < row.Length ? 1f : 0f)]),
            Stack(row => row.Entropy)
        );
    }
}
