using CLGRPO.Data.Cot;
using CLGRPO.Data.Cot.Checks;

namespace CLGRPO.Data.Browsing;

/// <summary>
/// What the text of a chain of thought shows, looked at now: imports were never looked at, and settings change. What only the
/// construction can know (likeness to others, its limits of length) is taken from its reasons.
/// </summary>
internal static class RecordChecks
{
    private static readonly Dictionary<string, string> FormFaults = new(StringComparer.Ordinal)
    {
        [CotReasons.Truncated] = "cut off",
        [CotReasons.NoReasoning] = "no reasoning",
        [CotReasons.NoAnswer] = "no answer",
        [CotReasons.UnknownLabel] = "answer is no label",
        [CotReasons.BrokenTags] = "tags inside the text",
    };

    public static IEnumerable<RecordCheck> Of(
        ParsedCompletion parsed,
        IReadOnlyList<string> reasons,
        string label,
        IReadOnlyDictionary<string, IReadOnlyList<string>> annotation,
        AttributeMentions mentions
    )
    {
        var fault = reasons.FirstOrDefault(FormFaults.ContainsKey);
        var isFormed = parsed.WellFormed && fault is null;
        yield return new(
            "form",
            isFormed,
            fault is not null ? FormFaults[fault]
                : isFormed ? "tags once each"
                : "tags missing or twice"
        );
        var think = parsed.Think;
        yield return new(
            "answer",
            parsed.Answer is null ? null : CompletionFormat.Matches(parsed.Answer, label),
            parsed.Answer is null ? "none"
                : CompletionFormat.Matches(parsed.Answer, label) ? "is the label"
                : $"the label is {label}"
        );
        if (think is null)
        {
            yield return new("leakage", Passed: null, "not looked at");
            yield return new("length", Passed: null, "not looked at");
            yield return new("attributes", Passed: null, "not looked at");
        }
        else
        {
            var leak = LabelLeak.Find(think);
            yield return new("leakage", leak is null, leak is null ? "label not given away" : $"“{leak}”");
            yield return Length(think, reasons);
            yield return Attributes(think, annotation, mentions);
        }
        if (reasons.Contains(CotReasons.NearDuplicate, StringComparer.Ordinal))
            yield return new("near-duplicate", Passed: false, "of an accepted one");
    }

    private static RecordCheck Length(string think, IReadOnlyList<string> reasons)
    {
        var words = think.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        var (passed, about) =
            reasons.Contains(CotReasons.TooShort, StringComparer.Ordinal) ? (false, ", too short")
            : reasons.Contains(CotReasons.TooLong, StringComparer.Ordinal) ? (false, ", too long")
            : (true, "");
        return new("length", passed, $"{words} words{about}");
    }

    private static RecordCheck Attributes(
        string think,
        IReadOnlyDictionary<string, IReadOnlyList<string>> annotation,
        AttributeMentions mentions
    )
    {
        var named = mentions
            .Mentions(think)
            .Select(mention => mention.Attribute)
            .Where(annotation.ContainsKey)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var wrong = mentions.Contradictions(think, annotation);
        return named.Count == 0
            ? new("attributes", Passed: null, "none named")
            : new(
                "attributes",
                wrong.Count == 0,
                wrong.Count == 0
                    ? $"{named.Count} of {named.Count} agree"
                    : $"{string.Join(", ", wrong)} not as annotated; {named.Count - wrong.Count} of {named.Count} agree"
            );
    }
}
