using CLGRPO.Data.Cot;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Recipes;

/// <summary>How recipes, their stages and settings are put into words and addresses.</summary>
internal static class RecipeWords
{
    /// <summary>The stage that a setting belongs to; null outside stages.</summary>
    public static int? StageOf(string path) =>
        path.StartsWith("stages[", StringComparison.Ordinal)
            ? int.Parse(path.AsSpan(7, path.IndexOf(']', StringComparison.Ordinal) - 7))
            : null;

    /// <summary>What a form is compared with, in a word: preset, run, or a version.</summary>
    public static string OfReference(string? reference) =>
        reference switch
        {
            null => "",
            var preset when preset.StartsWith("preset:", StringComparison.Ordinal) => "preset",
            var run when run.StartsWith("run:", StringComparison.Ordinal) => "run",
            var saved => $"v{saved[(saved.IndexOf('@', StringComparison.Ordinal) + 1)..]}",
        };

    public static string Slug(string section) => section.ToLowerInvariant().Replace(' ', '-');

    public static string Mark(Stage stage, int at) =>
        stage.Name == "baseline" ? "B"
        : stage.Name.StartsWith("stage-", StringComparison.Ordinal) && stage.Name.Length == 7 ? stage.Name[6..]
        : (at + 1).ToString();

    /// <summary>The reward that a setting is the first of; null: it is none.</summary>
    public static int? RewardOf(RecipeField field)
    {
        var start = field.Path.IndexOf(".rewards[", StringComparison.Ordinal);
        return start >= 0 && field.Key == "name"
            ? int.Parse(field.Path.AsSpan(start + 9, field.Path.LastIndexOf(']') - start - 9))
            : null;
    }

    /// <summary>What a bound does with its value.</summary>
    public static string? Explain(RecipeField field, ClipRange? range) =>
        (field.Key, range) switch
        {
            ("epsilon_low", { } clip) when clip.Lower <= 0 =>
                "Above 1: nothing stops a token of a bad completion from being pushed down.",
            ("epsilon_low", { } clip) =>
                $"A token of a bad completion is pushed down until its probability is {clip.Lower:0.00##} of the old one.",
            ("epsilon_high", { } clip) =>
                $"A token of a good completion is pushed up until it is {clip.Upper:0.00##} of the old one.{(clip.IsClipLow ? " Smaller than ε low: ClipLow." : clip.EpsilonHigh > clip.EpsilonLow ? " Larger than ε low: Clip-Higher." : "")}",
            _ => null,
        };

    public static string Describe(Stage stage)
    {
        var begin = stage.StartsFromModel ? "begins with the recipe's model" : $"goes on from {stage.From}";
        if (stage.Grpo is not { } grpo)
            return $"Fine-tuning on {(stage.Completion == CompletionStyle.Cot ? "chains of thought" : "labels alone")}; {begin}.";
        var rewards = string.Join(" and ", grpo.Rewards.Select(reward => reward.Name.Replace('_', ' ')));
        return $"GRPO with rewards for {rewards}; {begin}.{(grpo.Clip.IsClipLow ? " ClipLow: a tighter upper bound, a smaller space to move in." : "")}";
    }
}
