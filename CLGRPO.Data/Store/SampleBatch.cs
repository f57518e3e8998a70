using System.Text;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Store;

/// <summary>A sample to add.</summary>
/// <param name="Key">Its own id; 1 to 256 characters.</param>
/// <param name="Image">SHA-256 of the image file, which lies under <c>blobs/</c> already.</param>
/// <param name="Width">Of the image as it is shown, in pixels.</param>
/// <param name="Height">Of the image as it is shown, in pixels.</param>
/// <param name="Label">One of the data set's labels.</param>
/// <param name="Split">As the source says; null where it says nothing.</param>
/// <param name="Group">Samples of one group stay in one split; null for a group of its own.</param>
/// <param name="Attributes">Attribute name → values. An absent name means "not known"; an empty list means "none of them".</param>
public sealed record NewSample(
    string Key,
    string Image,
    int Width,
    int Height,
    string Label,
    Split? Split,
    string? Group,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Attributes
);

/// <summary>A row that is not imported.</summary>
/// <param name="File">File of the source.</param>
/// <param name="Line">From 1; for formats without lines, the row's place.</param>
/// <param name="Reason">What is wrong, with the value and what would be right.</param>
public sealed record NewProblem(string File, long Line, string Reason);

/// <summary>What became of a sample.</summary>
public enum AddOutcome
{
    Added,

    /// <summary>The data set has a sample with this key; keys are compared without case and Unicode form.</summary>
    SameKey,

    /// <summary>The data set has a sample with this image, under another key.</summary>
    SameImage,
}

/// <summary>What became of a sample, and which one was there before.</summary>
/// <param name="SampleId">The new sample; 0 where none was added.</param>
/// <param name="Existing">The key of the sample that was there already, in this batch or before; null for a new one.</param>
public sealed record AddResult(AddOutcome Outcome, long SampleId, string? Existing);

/// <summary>Keys of samples.</summary>
public static class SampleKeys
{
    /// <summary>Keys are this long at most.</summary>
    public const int MaxLength = 256;

    /// <summary>What two keys have in common when they differ only in case or Unicode form; see <see cref="StoredSample.KeyFolded"/>.</summary>
    public static string Fold(string key) =>
        StoreText.Clean(key).Normalize(NormalizationForm.FormKC).ToUpperInvariant();
}
