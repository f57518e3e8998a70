namespace CLGRPO.Data.Datasets;

/// <summary>Samples of one class in two versions.</summary>
public sealed record ClassDifference(string Label, int Left, int Right, int Added, int Removed);

/// <summary>How many samples differ in one respect: <c>image</c>, <c>label</c>, <c>split</c>, <c>attributes</c> or <c>text</c>.</summary>
public sealed record RespectCount(string Respect, int Samples);

/// <summary>A sample that is not the same in both versions.</summary>
/// <param name="Image">SHA-256 of the picture, the right one's where there is one.</param>
/// <param name="What"><c>added</c>, <c>removed</c>, or in which respects it differs.</param>
/// <param name="Before">The chain of thought on the left.</param>
/// <param name="After">The chain of thought on the right.</param>
public sealed record SampleDifference(
    string Id,
    string Image,
    string Label,
    IReadOnlyList<string> What,
    string? Before,
    string? After
);

/// <summary>What differs between two versions; samples are told apart by their ids.</summary>
/// <param name="Left"><c>name@hash</c> of the one that counts as the older.</param>
/// <param name="Samples">The first of those that differ, by id.</param>
public sealed record VersionComparison(
    string Left,
    string Right,
    int LeftSamples,
    int RightSamples,
    int Added,
    int Removed,
    int Changed,
    int Same,
    IReadOnlyList<ClassDifference> Classes,
    IReadOnlyList<RespectCount> Respects,
    IReadOnlyList<SampleDifference> Samples
)
{
    private const int MostSamples = 300;
    private const string AddedWord = "added";
    private const string RemovedWord = "removed";
    private static readonly string[] AllRespects = ["image", "label", "split", "attributes", "text"];

    public static VersionComparison Of(DatasetVersion left, DatasetVersion right)
    {
        var (old, edited) = (Rows(left), Rows(right));
        var differences = edited
            .Select(row => Compare(old.TryGetValue(row.Key, out var before) ? before : null, row.Value))
            .Concat(old.Where(row => !edited.ContainsKey(row.Key)).Select(row => Compare(row.Value, after: null)))
            .OfType<SampleDifference>()
            .OrderBy(difference => difference.Id, StringComparer.Ordinal)
            .ToList();
        var added = differences
            .Where(difference => difference.What.Contains(AddedWord, StringComparer.Ordinal))
            .ToList();
        var removed = differences
            .Where(difference => difference.What.Contains(RemovedWord, StringComparer.Ordinal))
            .ToList();
        var changed = differences.Count - added.Count - removed.Count;
        return new VersionComparison(
            $"{left.Name}@{left.Hash}",
            $"{right.Name}@{right.Hash}",
            old.Count,
            edited.Count,
            added.Count,
            removed.Count,
            changed,
            edited.Count - added.Count - changed,
            [
                .. right
                    .Info.Labels.Union(left.Info.Labels, StringComparer.Ordinal)
                    .Select(label => new ClassDifference(
                        label,
                        old.Values.Count(row => row.Sample.Label == label),
                        edited.Values.Count(row => row.Sample.Label == label),
                        added.Count(difference => difference.Label == label),
                        removed.Count(difference => difference.Label == label)
                    )),
            ],
            [
                .. AllRespects.Select(respect => new RespectCount(
                    respect,
                    differences.Count(difference => difference.What.Contains(respect, StringComparer.Ordinal))
                )),
            ],
            [.. differences.Take(MostSamples)]
        );
    }

    private static Dictionary<string, Row> Rows(DatasetVersion version) =>
        Splits
            .All.SelectMany(split => version.Of(split).Select(sample => new Row(split, sample)))
            .ToDictionary(row => row.Sample.Id, StringComparer.Ordinal);

    private static SampleDifference? Compare(Row? before, Row? after)
    {
        var shown = (after ?? before)!.Sample;
        IReadOnlyList<string> what =
            before is null ? [AddedWord]
            : after is null ? [RemovedWord]
            : [.. Respected(before, after)];
        return what.Count == 0
            ? null
            : new(shown.Id, shown.Image, shown.Label, what, before?.Sample.Completion, after?.Sample.Completion);
    }

    private static IEnumerable<string> Respected(Row before, Row after)
    {
        bool[] differs =
        [
            before.Sample.Image != after.Sample.Image,
            before.Sample.Label != after.Sample.Label,
            before.Split != after.Split,
            !SameAttributes(before.Sample, after.Sample),
            before.Sample.Completion != after.Sample.Completion || before.Sample.Teacher != after.Sample.Teacher,
        ];
        return AllRespects.Where((_, i) => differs[i]);
    }

    private static bool SameAttributes(Sample one, Sample other) =>
        one.Attributes.Count == other.Attributes.Count
        && one.Attributes.All(attribute =>
            other.Attributes.TryGetValue(attribute.Key, out var values)
            && attribute.Value.SequenceEqual(values, StringComparer.Ordinal)
        );

    private sealed record Row(Split Split, Sample Sample);
}
