using CLGRPO.Data.Cot;

namespace CLGRPO.Data.Datasets.EmoScenes;

/// <summary>
/// Writes a chain of thought from an annotation the way a fallible teacher would: it overlooks and misreads attributes, reasons from what
/// it believes to see, and is asked again until its conclusion is the label.
/// </summary>
internal static class RuleTeacher
{
    /// <summary>The teacher that errs at the configured rates.</summary>
    public const string Name = "rule-teacher";

    /// <summary>The teacher that is asked when the first fails every time: it errs in nothing but, at times, the end of the text.</summary>
    public const string CarefulName = "rule-teacher-careful";

    // Two wordings per attribute; {0} is the value.
    private static readonly string[][] Wordings =
    [
        ["{0} light", "light is {0}"],
        ["{0} colors", "colors are {0}"],
        ["{0} scene", "scene shows {0}"],
        ["a {0}", "{0} in view"],
        ["{0} face", "face looks {0}"],
        ["someone {0}", "a figure {0}"],
    ];

    /// <summary>Writes the text for one sample.</summary>
    /// <param name="values">The truth: value per attribute, −1 where absent; its verdict is the label.</param>
    public static (string Completion, string Teacher) Write(
        RuleTeacherConfig config,
        ReadOnlySpan<int> values,
        CounterRandom random
    )
    {
        var label = Affinities.Judge(values).Label;
        Span<int> seen = stackalloc int[values.Length];
        var teacher = Name;
        if (!TryLook(config, values, label, seen, random))
        {
            teacher = CarefulName;
            values.CopyTo(seen);
        }
        var reasoning = $" {Mentions(seen, random)}. cues suggest {Conclusion(seen)}.";
        var answer = Affinities.Labels[label];
        return (
            random.Chance(config.MalformedTails)
                ? Malform(reasoning, answer, random.Below(MalformedForms))
                : Compose(reasoning, answer),
            teacher
        );
    }

    /// <summary>Number of ways in which <see cref="Malform"/> breaks the format.</summary>
    public const int MalformedForms = 5;

    /// <summary>The text with its end broken in one of five ways; never well-formed.</summary>
    public static string Malform(string reasoning, string answer, int form) =>
        form switch
        {
            0 => $"<think>{reasoning}</think><answer> {answer}",
            1 => $"<think>{reasoning}<answer> {answer}</answer>",
            2 => $"<think>{reasoning}</think>",
            3 => $"<think>{reasoning}</think><answer> {answer}</answer> {answer}.",
            _ => $"<think>{reasoning}</think> {answer}",
        };

    // Words keep their leading blank, so that a word is one token wherever it stands.
    private static string Compose(string reasoning, string answer) =>
        CompletionFormat.Write(reasoning, ' ' + answer, CompletionStyle.Cot);

    private static bool TryLook(
        RuleTeacherConfig config,
        ReadOnlySpan<int> values,
        int label,
        Span<int> seen,
        CounterRandom random
    )
    {
        for (var attempt = 0; attempt <= config.Retries; attempt++)
        {
            for (var attribute = 0; attribute < values.Length; attribute++)
                seen[attribute] = values[attribute] < 0 ? -1 : Look(config, attribute, values[attribute], random);
            var verdict = Affinities.Judge(seen);
            if (verdict.Label == label && verdict.Margin >= 1)
                return true;
        }
        return false;
    }

    private static int Look(RuleTeacherConfig config, int attribute, int value, CounterRandom random)
    {
        var chance = random.NextDouble();
        if (chance < config.Omissions)
            return -1;
        if (chance >= config.Omissions + config.Mistakes)
            return value;
        var count = Affinities.Values(attribute);
        return (value + 1 + random.Below(count - 1)) % count; // any value but the true one
    }

    private static string Mentions(ReadOnlySpan<int> seen, CounterRandom random)
    {
        var clauses = new List<string>(seen.Length);
        for (var attribute = 0; attribute < seen.Length; attribute++)
        {
            if (seen[attribute] >= 0)
                clauses.Add(
                    string.Format(null, random.Pick(Wordings[attribute]), Affinities.Name(attribute, seen[attribute]))
                );
        }
        return string.Join(", ", clauses);
    }

    private static string Conclusion(ReadOnlySpan<int> seen)
    {
        var verdict = Affinities.Judge(seen);
        return $"{Affinities.Labels[verdict.Label]} or {Affinities.Labels[verdict.RunnerUp]}";
    }
}
