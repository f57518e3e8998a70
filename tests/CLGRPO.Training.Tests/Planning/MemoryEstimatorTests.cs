using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Planning;

namespace CLGRPO.Training.Tests.Planning;

public sealed class MemoryEstimatorTests
{
    // reference/internvl.md §5: weights 1.88 GB; AdamW's master weights and moments 7.6 GB with the tower frozen, 11.3 GB
    // with everything trained. Our gradient sums are 32-bit too, so a fourth array stands beside those three.
    [Theory]
    [InlineData(false, 7.6e9)]
    [InlineData(true, 11.3e9)]
    public void Estimate_InternVl1BInBf16_HoldsWhatTheReferenceCounts(bool vision, double masterAndMoments)
    {
        var estimate = Estimate(OneB with { Trainable = new TrainableConfig { Vision = vision } });
        Assert.Equal(1.88e9, Bytes(estimate, "weights"), 0.01e9);
        var optimizer = Bytes(estimate, "AdamW's moments") + Bytes(estimate, "master weights");
        Assert.Equal(masterAndMoments, optimizer, 0.1e9);
    }

    [Fact]
    public void Estimate_Fp32_HoldsNoMasterWeights()
    {
        var estimate = Estimate(OneB with { Precision = Precision.Fp32 });
        Assert.DoesNotContain(estimate.Items, item => item.Part is "master weights" or "gradient sums");
        Assert.Equal(4 * 938_193_024L, Bytes(estimate, "weights"));
    }

    // 12,288 bytes a token: 24 layers, keys and values, 2 heads of 64, 2 bytes.
    [Fact]
    public void Estimate_Rollouts_CacheOnePromptForItsWholeGroup()
    {
        var estimate = Estimate(Grpo with { SampleAtOnce = 64, MaxCompletionTokens = 100 }, validation: 0);
        Assert.Equal(12_288 * ((8 * 300L) + (64 * 100L)), Bytes(estimate, "KV cache"));
    }

    // rank · (in + out) of each of the seven matrices of the 24 layers, at rank 16.
    [Fact]
    public void Estimate_Lora_TrainsOnlyTheAdapters()
    {
        var parts = PartPlan.Of(ModelPreset.InternVl1B, Grpo with { Lora = new LoraConfig() });
        var perLayer = 16L * ((896 + 896) + (2 * (896 + 128)) + (896 + 896) + (2 * (896 + 4864)) + (4864 + 896));
        Assert.Equal(24 * perLayer, parts.Single(part => part.Part == ModelPart.Language).Trainable);
        Assert.Equal(0, parts.Single(part => part.Part == ModelPart.Vision).Trainable);
        // No gradients, moments and master weights but the adapters', and no copy of the policy.
        var saved =
            Estimate(Grpo).DeviceBytes
            - Estimate(Grpo with { Lora = new LoraConfig(), HasReference = false }).DeviceBytes;
        Assert.InRange(saved, 13_000_000_000, 14_000_000_000);
    }

    [Fact]
    public void Estimate_EverySavingSetting_Saves()
    {
        var before = Estimate(Grpo);
        StageSettings[] savings =
        [
            Grpo with
            {
                GradientCheckpointing = true,
            },
            Grpo with
            {
                MicroBatchSize = 8,
            },
            Grpo with
            {
                HasReference = false,
            },
            Grpo with
            {
                GroupSize = 4,
                MicroBatchSize = 32,
                BatchSize = 128,
            },
        ];
        Assert.All(savings, setting => Assert.True(Estimate(setting).DeviceBytes < before.DeviceBytes));
    }

    [Fact]
    public void Peak_Phases_TakeTurns()
    {
        var estimate = new MemoryEstimate([
            new("a", MemoryPlace.Device, MemoryPhase.Always, 10),
            new("b", MemoryPlace.Device, MemoryPhase.Sampling, 5),
            new("c", MemoryPlace.Device, MemoryPhase.Update, 3),
            new("d", MemoryPlace.Device, MemoryPhase.Update, 4),
            new("e", MemoryPlace.Host, MemoryPhase.Always, 100),
        ]);
        Assert.Equal((17, 100, 117), (estimate.DeviceBytes, estimate.HostBytes, estimate.TotalBytes));
    }

    internal static StageSettings OneB { get; } =
        new()
        {
            Precision = Precision.Bf16,
            Workers = 1,
            IsGpu = true,
            Trainable = new TrainableConfig { Vision = false },
            BatchSize = 128,
            MicroBatchSize = 16,
            GroupSize = 1,
            PromptsPerStep = 0,
            MaxCompletionTokens = 384,
            SampleAtOnce = 128,
            HasReference = false,
            GradientCheckpointing = false,
            MaxTiles = 1,
        };

    private static StageSettings Grpo { get; } =
        OneB with
        {
            BatchSize = 256,
            MicroBatchSize = 64,
            GroupSize = 8,
            PromptsPerStep = 64,
            HasReference = true,
        };

    private static MemoryEstimate Estimate(StageSettings settings, int validation = 1000) =>
        new MemoryEstimator(ModelPreset.InternVl1B, settings, Tokens(settings, validation)).Estimate();

    /// <summary>A data set as large as EmoSet, prompts of 300 tokens.</summary>
    internal static TokenBudget Tokens(StageSettings settings, int validation = 5000, int promptTokens = 300) =>
        new(
            90_000,
            validation,
            new LongestSample("longest", 1, 256, promptTokens, settings.MaxCompletionTokens),
            promptTokens,
            150,
            1,
            256,
            0,
            null
        );

    private static long Bytes(MemoryEstimate estimate, string part) =>
        estimate.Items.Single(item => item.Part == part).Bytes;
}
