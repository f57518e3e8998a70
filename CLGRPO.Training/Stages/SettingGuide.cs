using System.Text.RegularExpressions;

namespace CLGRPO.Training.Stages;

/// <summary>What a setting is called for people, what it is counted in, what it does, and with which others it stands.</summary>
/// <param name="Section">Such as <c>Clip</c>.</param>
/// <param name="Title">Such as <c>Upper bound</c>.</param>
/// <param name="Unit">Such as <c>tokens</c>; empty for numbers without one.</param>
/// <param name="Text">One or two sentences.</param>
public sealed partial record SettingGuide(string Section, string Title, string Unit, string Text)
{
    internal static SettingGuide None { get; } = new("", "", "", "");

    /// <summary>The guide of a setting.</summary>
    /// <param name="path">Such as <c>stages[2].sampling.top_p</c>.</param>
    /// <param name="kind">The kind of its stage, as it is written; empty outside stages.</param>
    internal static SettingGuide Of(string path, string kind)
    {
        var plain = Places().Replace(path, "");
        var within = plain.StartsWith("stages.", StringComparison.Ordinal) ? plain["stages.".Length..] : null;
        return All.GetValueOrDefault(within is null ? plain : $"{kind}:{within}")
            ?? (within is null ? null : All.GetValueOrDefault($"stage:{within}"))
            ?? None;
    }

    private static readonly Dictionary<string, SettingGuide> All = ExperimentGuides
        .All.Concat(StageGuides.All)
        .Concat(GrpoGuides.All)
        .ToDictionary(StringComparer.Ordinal);

    /// <summary>Sections with a sentence about each, in the order in which a form shows them.</summary>
    public static IReadOnlyList<(string Name, string Text)> Sections { get; } =
    [
        ("Experiment", "what is trained, on what"),
        ("Model", "where training begins"),
        ("Prompt", "what the model is asked"),
        ("Stage", "what it is and where it begins"),
        ("Length", "how long, in which batches"),
        ("Rollouts", "what is sampled, and how much of it"),
        ("Rewards", "what is good"),
        ("Clip", "how far one batch of rollouts may move the probability of a token"),
        ("Updates", "how often the same rollouts are used"),
        ("Reference", "how near the policy stays to where the stage began"),
        ("Optimizer", "AdamW and its learning rate"),
        ("Augmentation", "changes to pictures that keep their label"),
        ("What learns", "parts of the model, or adapters beside them"),
        ("Checkpoints", "what is kept, and when"),
    ];

    internal static IEnumerable<string> Known => All.Keys;

    [GeneratedRegex(@"\[[0-9]+\]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Places();
}
