namespace CLGRPO.Data.Store;

/// <summary>A data set that grows: imports fill it, construction and reviews add to it, freezing makes immutable versions of it.</summary>
public sealed class StoredDataset
{
    public long Id { get; init; }

    /// <summary>Unique; lower-case letters, digits, <c>. _ -</c>.</summary>
    public required string Name { get; set; }

    /// <summary>Asked about every image.</summary>
    public required string Question { get; set; }

    /// <summary>The classes in their own order (for EmoSet: valence).</summary>
    public required List<string> Labels { get; set; }

    /// <summary>The licence of images and texts.</summary>
    public required string Licence { get; set; }

    /// <summary>A program, package or collection, with its version.</summary>
    public required string Source { get; set; }

    public DateTime CreatedAt { get; init; }
}

/// <summary>A value that an attribute may take; <see cref="Value"/> is null for "known, and none of them".</summary>
public sealed class AttributeValue
{
    public long Id { get; init; }
    public long DatasetId { get; init; }

    /// <summary>The attribute's name, such as <c>scene</c>.</summary>
    public required string Attribute { get; init; }

    /// <summary>Place of the attribute among the data set's attributes.</summary>
    public int AttributeOrder { get; init; }
    public string? Value { get; init; }

    /// <summary>Place of the value in its vocabulary.</summary>
    public int ValueOrder { get; init; }
}

/// <summary>That a sample's annotation holds a value. An attribute without any row is not known.</summary>
public sealed class SampleValue
{
    public long SampleId { get; init; }
    public long ValueId { get; init; }
    public AttributeValue? Value { get; init; }
}
