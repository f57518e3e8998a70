using System.Text.Json;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Sft;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>
/// Every number of a fixed tiny run, against those stored in golden-steps.json. That file is this program's own output on
/// libtorch 1.13 (CPU), written by this test with CLGRPO_WRITE_GOLDEN=1: it notices change, the golden folder vouches for
/// truth. Tolerance: REL-RESUME-2's.
/// </summary>
[Trait("Id", "REL-RESUME-2")]
public sealed class GoldenStepsTests(TinyEmoScenes data)
{
    private const double Tolerance = 1e-4;
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    [Fact]
    public void Train_OfAFixedTinyRun_GivesTheStoredNumbers()
    {
        var found = Run();
        if (Environment.GetEnvironmentVariable("CLGRPO_WRITE_GOLDEN") == "1")
            File.WriteAllText(
                Path.Combine(AppContext.BaseDirectory, "../../../Stages/golden-steps.json"),
                JsonSerializer.Serialize(found, Json) + "\n"
            );
        var stored = JsonSerializer.Deserialize<List<Dictionary<string, double>>>(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Stages/golden-steps.json"))
        )!;
        Assert.Equal(stored.Count, found.Count);
        for (var step = 0; step < stored.Count; step++)
        {
            Assert.Equal(
                stored[step].Keys.Order(StringComparer.Ordinal),
                found[step].Keys.Order(StringComparer.Ordinal)
            );
            foreach (var (name, value) in stored[step])
                Assert.True(
                    Math.Abs(value - found[step][name]) <= Tolerance * Math.Max(Math.Abs(value), 0.01),
                    $"step {step}, {name}: stored {value:R}, found {found[step][name]:R}"
                );
        }
    }

    private List<Dictionary<string, double>> Run()
    {
        using var stage = new TinyStage(
            data,
            new TrainableConfig(),
            TinyStage.Calm(1e-3) with
            {
                WarmupSteps = 2,
                WeightDecay = 0.05,
            },
            warm: true
        );
        stage.Train(
            new SftConfig
            {
                Epochs = null,
                MaxSteps = 6,
                BatchSize = 8,
                MicroBatchSize = 4,
                Augmentation = new AugmentationConfig
                {
                    Shift = 1,
                    Flip = true,
                    Noise = 0.02,
                },
            }
        );
        stage.Train(
            new GrpoConfig
            {
                Rewards =
                [
                    new RewardConfig { Name = AccuracyReward.RewardName },
                    new RewardConfig { Name = SoftOverlong.RewardName, MarginTokens = 12 },
                ],
                Steps = 3,
                PromptsPerStep = 4,
                GroupSize = 4,
                MaxCompletionTokens = 12,
            }
        );
        return
        [
            .. stage.Steps.Select(step =>
                step.Where(metric => !IsTime(metric.Key)).ToDictionary(metric => metric.Key, metric => metric.Value)
            ),
        ];
    }

    private static bool IsTime(string metric) =>
        metric == "step_time" || metric.StartsWith("profiling/", StringComparison.Ordinal);
}
