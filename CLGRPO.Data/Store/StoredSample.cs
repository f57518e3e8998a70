using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Store;

/// <summary>An image with its label. The file lies in <c>blobs/</c> under its hash.</summary>
public sealed class StoredSample
{
    public long Id { get; init; }
    public long DatasetId { get; init; }
    public StoredDataset? Dataset { get; init; }

    /// <summary>The sample's own id, as imported; unique in the data set, also when case and Unicode form are ignored.</summary>
    public required string Key { get; init; }

    /// <summary><see cref="Key"/> in NFKC and upper case: what uniqueness is checked on.</summary>
    public required string KeyFolded { get; init; }

    /// <summary>SHA-256 of the image file, 64 lower-case hexadecimal digits.</summary>
    public required string Image { get; init; }
    public int Width { get; init; }
    public int Height { get; init; }

    public required string Label { get; set; }

    /// <summary>Null until a split is made.</summary>
    public Split? Split { get; set; }

    /// <summary>Samples of one group stay in one split (variations of a picture, frames of a video); null for a group of its own.</summary>
    public string? Group { get; set; }

    /// <summary>Which import brought it.</summary>
    public long? ImportId { get; init; }

    public List<SampleValue> Attributes { get; init; } = [];
    public List<CotRecord> Records { get; init; } = [];
}
