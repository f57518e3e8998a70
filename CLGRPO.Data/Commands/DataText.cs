using System.Globalization;
using System.Text;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Commands;

/// <summary>Data sets and their counts as text.</summary>
internal static class DataText
{
    /// <summary>One line: folder and counts.</summary>
    public static string Line(DatasetVersion version) =>
        $"{version.Path}: {version.Info.Counts.Train} training, {version.Info.Counts.Validation} validation, {version.Info.Counts.Test} test images";

    /// <summary>A split of a frozen version.</summary>
    public static string Page(SplitStatistics split) =>
        FormattableString.Invariant(
            $"{split.Split.Key()}: {split.Samples} samples, {split.Completions} completions ({split.Malformed} malformed, {split.WrongAnswers} wrong, {split.MeanWords:F1} words)\n  {string.Join("  ", split.Labels.Select(label => $"{label.Key} {label.Value}"))}\n"
        );

    /// <summary>A data set of the store.</summary>
    public static string Page(StoreStatistics statistics)
    {
        var page = new StringBuilder()
            .AppendLine(
                CultureInfo.InvariantCulture,
                $"{statistics.Samples} samples, {statistics.WithAccepted} with an accepted chain of thought"
            )
            .AppendLine("class               train     val    test   no split");
        foreach (var label in statistics.Classes.GroupBy(count => count.Label, StringComparer.Ordinal))
        {
            int Of(Split? split) => label.Where(count => count.Split == split).Sum(count => count.Samples);
            page.AppendLine(
                CultureInfo.InvariantCulture,
                $"{label.Key, -18} {Of(Split.Train), 6} {Of(Split.Validation), 7} {Of(Split.Test), 7} {Of(null), 10}"
            );
        }
        foreach (var attribute in statistics.Attributes.GroupBy(count => count.Attribute, StringComparer.Ordinal))
        {
            var values = attribute
                .GroupBy(count => count.Value ?? "(none)", StringComparer.Ordinal)
                .Select(value => (value.Key, Samples: value.Sum(count => count.Samples)))
                .OrderByDescending(value => value.Samples)
                .ToList();
            var shown = string.Join(", ", values.Take(12).Select(value => $"{value.Key} {value.Samples}"));
            page.AppendLine($"{attribute.Key}: {shown}{(values.Count > 12 ? $" and {values.Count - 12} more" : "")}");
        }
        foreach (var teacher in statistics.Records.GroupBy(count => count.Teacher, StringComparer.Ordinal))
            page.AppendLine(
                $"{teacher.Key}: "
                    + string.Join(
                        ", ",
                        teacher
                            .GroupBy(count => (count.State, count.Review))
                            .Select(group =>
                                $"{group.Sum(count => count.Records)} {group.Key.State} ({group.Key.Review})".ToLowerInvariant()
                            )
                    )
            );
        return page.ToString();
    }
}
