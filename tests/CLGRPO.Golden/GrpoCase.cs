using System.Text.Json;
using CLGRPO.Training.Grpo;

namespace CLGRPO.Golden;

/// <summary>The settings and the metrics of a case of TRL's loss.</summary>
internal static class GrpoCase
{
    public static ClipRange Clip(JsonElement item) =>
        new(
            item.GetProperty("epsilon_low").GetDouble(),
            item.GetProperty("epsilon_high").GetDouble(),
            Json.Optional(item, "delta")
        );

    public static GrpoLoss Loss(JsonElement item) =>
        new(
            Clip(item),
            item.GetProperty("beta").GetDouble(),
            Json.Choice<LossType>(item, "loss_type"),
            Json.Choice<ImportanceSamplingLevel>(item, "importance_sampling_level"),
            item.GetProperty("max_completion_length").GetInt32()
        );

    /// <summary>Compares every metric that TRL logged.</summary>
    public static void CheckMetrics(JsonElement item, GrpoBatch batch, GrpoLossShare share, double tolerance)
    {
        var counted = new ClipMetrics(Clip(item));
        counted.Add(batch, share);
        var actual = counted.Result();
        var expected = item.GetProperty("metrics");
        foreach (var metric in expected.EnumerateObject())
        {
            var value = metric.Name switch
            {
                "entropy" => actual.Entropy,
                "kl" => actual.KL,
                "clip_ratio/low_mean" => actual.LowMean,
                "clip_ratio/low_min" => actual.LowMin,
                "clip_ratio/high_mean" => actual.HighMean,
                "clip_ratio/high_max" => actual.HighMax,
                "clip_ratio/region_mean" => actual.RegionMean,
                _ => throw new GoldenMismatchException($"nothing compares the metric {metric.Name}"),
            };
            Json.Close(expected, metric.Name, value, tolerance);
        }
    }
}
