using System.Text.Json;
using CLGRPO.Training.Grpo;

namespace CLGRPO.Golden;

/// <summary>grpo/advantages.json: TRL's advantages and reward metrics.</summary>
internal sealed class AdvantagesGolden : IGoldenWalker
{
    private const double Tolerance = 1e-5;

    public string Folder => "grpo";

    public GoldenResult Walk(string folder)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "advantages.json")));
        var tally = new CaseTally();
        foreach (var (i, item) in file.RootElement.EnumerateArray().Index())
        {
            tally.Case($"advantages.json[{i}]", () => Check(item));
        }
        return tally.Result;
    }

    private static void Check(JsonElement item)
    {
        var result = GroupAdvantage.Compute(
            [.. item.GetProperty("rewards").EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(Score)],
            [.. item.GetProperty("reward_weights").EnumerateArray().Select(weight => weight.GetDouble())],
            item.GetProperty("num_generations").GetInt32(),
            Json.Choice<RewardScale>(item, "scale_rewards")
        );
        Expect.Close(
            "advantages",
            Json.Doubles(item, "advantages"),
            [.. result.Advantages.Select(advantage => (double)advantage)],
            Tolerance
        );
        var metrics = item.GetProperty("metrics");
        Json.Close(metrics, "reward", result.RewardMean, Tolerance);
        Json.Close(metrics, "reward_std", result.RewardStd, Tolerance);
        Json.Close(metrics, "frac_reward_zero_std", result.FracRewardZeroStd, Tolerance);
        CheckFunctions(metrics, result);
        CheckMask(item);
    }

    // rewards/{function}/mean and /std stand in the order of the functions.
    private static void CheckFunctions(JsonElement metrics, GroupAdvantages result)
    {
        double[] Named(string ending) =>
            [
                .. from metric in metrics.EnumerateObject()
                where metric.Name.StartsWith("rewards/", StringComparison.Ordinal)
                where metric.Name.EndsWith(ending, StringComparison.Ordinal)
                select Json.Number(metric.Value),
            ];
        Expect.Close("rewards/*/mean", Named("/mean"), result.FunctionMeans, Tolerance);
        Expect.Close("rewards/*/std", Named("/std"), result.FunctionStds, Tolerance);
    }

    private static void CheckMask(JsonElement item)
    {
        var ended = item.GetProperty("ended_with_eos").EnumerateArray().Select(e => e.GetBoolean());
        var active = CompletionMask.ActiveTokens(
            Json.Ints(item, "completion_lengths"),
            [.. ended],
            item.GetProperty("mask_truncated_completions").GetBoolean()
        );
        Expect.SameItems("completion_mask_lengths", Json.Ints(item, "completion_mask_lengths"), active);
        Expect.Same(
            "num_items_in_batch",
            item.GetProperty("num_items_in_batch").GetInt64(),
            StepTotals.Of(active).ActiveTokens
        );
    }

    private static float Score(JsonElement value) => (float)Json.Number(value);
}
