using CLGRPO.Data.Cot;

namespace CLGRPO.Data.Datasets;

/// <summary>Counts over one split: labels, attribute values, chains of thought.</summary>
public sealed record SplitStatistics
{
    /// <summary>The split counted.</summary>
    public required Split Split { get; init; }

    /// <summary>Number of samples.</summary>
    public required int Samples { get; init; }

    /// <summary>Samples per label, in the order of the dataset's labels; 0 is listed.</summary>
    public required IReadOnlyList<KeyValuePair<string, int>> Labels { get; init; }

    /// <summary>Per attribute: samples per value in the vocabulary's order, and how many samples have none.</summary>
    public required IReadOnlyList<AttributeStatistics> Attributes { get; init; }

    /// <summary>Samples with a chain of thought.</summary>
    public required int Completions { get; init; }

    /// <summary>Chains of thought that are not in the format; see <see cref="CompletionFormat"/>.</summary>
    public required int Malformed { get; init; }

    /// <summary>Chains of thought in the format whose answer is not the label.</summary>
    public required int WrongAnswers { get; init; }

    /// <summary>Mean number of words in a chain of thought, tags not counted; 0 where there are none.</summary>
    public required double MeanWords { get; init; }
}

/// <summary>Samples per value of one attribute.</summary>
/// <param name="Absent">Samples in which the attribute is missing or empty.</param>
public sealed record AttributeStatistics(string Name, IReadOnlyList<KeyValuePair<string, int>> Values, int Absent);

/// <summary>Counts over a dataset version, split by split.</summary>
public static class DatasetStatistics
{
    private static readonly string[] Tags = ["<think>", "</think>", "<answer>", "</answer>"];

    /// <summary>Counts the three splits.</summary>
    public static IReadOnlyList<SplitStatistics> Of(DatasetVersion version) =>
        [.. Splits.All.Select(split => Of(version, split))];

    /// <summary>Counts one split.</summary>
    public static SplitStatistics Of(DatasetVersion version, Split split)
    {
        var samples = version.Of(split);
        var labels = samples.CountBy(sample => sample.Label).ToDictionary();
        var completions = samples.Where(sample => sample.Completion is not null).ToList();
        return new SplitStatistics
        {
            Split = split,
            Samples = samples.Count,
            Labels =
            [
                .. version.Info.Labels.Select(label => KeyValuePair.Create(label, labels.GetValueOrDefault(label))),
            ],
            Attributes = [.. version.Info.Attributes.Select(attribute => Count(attribute, samples))],
            Completions = completions.Count,
            Malformed = completions.Count(sample =>
                !CompletionFormat.Parse(sample.Completion!, CompletionStyle.Cot).WellFormed
            ),
            WrongAnswers = completions.Count(sample =>
                IsWrong(CompletionFormat.Parse(sample.Completion!, CompletionStyle.Cot), sample.Label)
            ),
            MeanWords = completions.Count == 0 ? 0 : completions.Average(sample => Words(sample.Completion!)),
        };
    }

    private static bool IsWrong(ParsedCompletion completion, string label) =>
        completion.WellFormed && !CompletionFormat.Matches(completion.Answer, label);

    private static AttributeStatistics Count(AttributeVocabulary attribute, IReadOnlyList<Sample> samples)
    {
        var counts = samples
            .SelectMany(sample => sample.Attributes.GetValueOrDefault(attribute.Name, []))
            .CountBy(value => value)
            .ToDictionary();
        var absent = samples.Count(sample => sample.Attributes.GetValueOrDefault(attribute.Name, []).Count == 0);
        return new(
            attribute.Name,
            [.. attribute.Values.Select(value => KeyValuePair.Create(value, counts.GetValueOrDefault(value)))],
            absent
        );
    }

    private static int Words(string completion) =>
        Tags.Aggregate(completion, (text, tag) => text.Replace(tag, " ", StringComparison.Ordinal))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Length;
}
