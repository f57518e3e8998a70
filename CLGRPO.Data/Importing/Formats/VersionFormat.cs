using System.Runtime.CompilerServices;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>A frozen version of ours, such as a built-in data set: its rows, and its pictures in the root's <c>blobs</c>.</summary>
/// <param name="version">The version.</param>
public sealed class VersionFormat(DatasetVersion version) : ISourceFormat
{
    public string Name => "version";

    public bool Fits(ISourceFiles files) => true;

    public SourceDescription Describe(ISourceFiles files) =>
        new(
            version.Info.Labels,
            version.Info.Attributes,
            version.Info.Question,
            version.Info.Licence,
            version.Info.Counts.Total
        );

    public async IAsyncEnumerable<SourceEntry> Rows(ISourceFiles files, [EnumeratorCancellation] CancellationToken stop)
    {
        await Task.CompletedTask;
        foreach (var split in Splits.All)
        {
            long line = 0;
            foreach (var sample in version.Of(split))
            {
                stop.ThrowIfCancellationRequested();
                yield return SourceEntry.Of(split.FileName(), ++line, Row(sample, split));
            }
        }
    }

    private static SourceRow Row(Sample sample, Split split) =>
        new()
        {
            Key = sample.Id,
            Image = $"{DatasetVersion.BlobsFolder}/{sample.Image}",
            Label = sample.Label,
            Attributes = sample.Attributes,
            Split = split,
            Completion = sample.Completion,
            Teacher = sample.Teacher,
        };
}
