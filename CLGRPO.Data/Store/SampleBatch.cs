using System.Text;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Store;

/// <summary>A sample to add.</summary>
/// <param name="Key">Its own id: 1 to 256 letters, digits, <c>. _ -</c>, beginning with a letter or digit.</param>
/// <param name="Image">SHA-256 of the image file, which lies under <c>blobs/</c> already.</param>
/// <param name="Width">Of the image as it is shown, in pixels.</param>
/// <param name="Height">Of the image as it is shown, in pixels.</param>
/// <param name="Label">One of the data set's labels.</param>
/// <param name="Attributes">Attribute name → values of the vocabulary. An absent name means "not known"; an empty list means "none of them".</param>
public sealed record NewSample(
    string Key,
    string Image,
    int Width,
    int Height,
    string Label,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Attributes
)
{
    /// <summary>As the source says; null where it says nothing.</summary>
    public Split? Split { get; init; }

    /// <summary>Samples of one group stay in one split; null for a group of its own.</summary>
    public string? Group { get; init; }

    /// <summary>A chain of thought that comes with the sample; becomes an accepted record without a job. Needs a <see cref="Teacher"/>.</summary>
    public string? Completion { get; init; }

    /// <summary>Who wrote the completion.</summary>
    public string? Teacher { get; init; }

    /// <summary>File of the source, for the report.</summary>
    public string File { get; init; } = "";

    /// <summary>Line in the file from 1; for formats without lines, the row's place.</summary>
    public long Line { get; init; }
}

/// <summary>A row that is not imported.</summary>
/// <param name="File">File of the source.</param>
/// <param name="Line">From 1; for formats without lines, the row's place.</param>
/// <param name="Reason">What is wrong, with the value and what would be right.</param>
public sealed record NewProblem(string File, long Line, string Reason);

/// <summary>What became of a sample.</summary>
public enum AddOutcome
{
    Added,

    /// <summary>The data set has this key with this image: nothing to do.</summary>
    AlreadyThere,

    /// <summary>The data set has this key with another image. Keys are compared without case and Unicode form.</summary>
    SameKey,

    /// <summary>The data set has this image under another key.</summary>
    SameImage,
}

/// <summary>What became of a sample.</summary>
/// <param name="SampleId">The new sample, or the one that was there before (in the data set or earlier in the batch).</param>
/// <param name="Existing">Key of the sample that was there before; null for a new one.</param>
public sealed record AddResult(AddOutcome Outcome, long SampleId, string? Existing);

/// <summary>Keys of samples.</summary>
public static class SampleKeys
{
    /// <summary>What two keys have in common when they differ only in case or Unicode form; see <see cref="StoredSample.KeyFolded"/>.</summary>
    public static string Fold(string key) =>
        StoreText.Clean(key).Normalize(NormalizationForm.FormKC).ToUpperInvariant();
}
