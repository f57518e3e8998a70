namespace CLGRPO.Data.Datasets;

/// <summary>What <c>dataset.json</c> says about a dataset version. It holds no time and no machine, so that equal content gives equal bytes.</summary>
public sealed record DatasetInfo
{
    /// <summary>The format this build writes and reads.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>Version of the folder's format.</summary>
    public int FormatVersion { get; init; } = CurrentFormatVersion;

    /// <summary>Lower-case letters, digits, <c>. _ -</c>; also the folder's name.</summary>
    public required string Name { get; init; }

    /// <summary>The prompt text asked about every image.</summary>
    public required string Question { get; init; }

    /// <summary>The classes, in their own order (for EmoSet: valence, never alphabetical).</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Attribute name → allowed values, both in their own order. Empty where the dataset has no attributes.</summary>
    public IReadOnlyList<AttributeVocabulary> Attributes { get; init; } = [];

    /// <summary>Samples per split, in the order train, validation, test.</summary>
    public SplitCounts Counts { get; init; } = new(0, 0, 0);

    /// <summary>Where the content comes from.</summary>
    public required DatasetProvenance Provenance { get; init; }

    /// <summary>The licence of images and texts, as a sentence or an SPDX id.</summary>
    public required string Licence { get; init; }

    /// <summary>The values of one attribute.</summary>
    /// <exception cref="KeyNotFoundException">The dataset has no such attribute.</exception>
    public IReadOnlyList<string> ValuesOf(string attribute) =>
        Attributes.FirstOrDefault(vocabulary => vocabulary.Name == attribute)?.Values
        ?? throw new KeyNotFoundException(
            $"Dataset '{Name}' has no attribute '{attribute}'; it has {string.Join(", ", Attributes.Select(a => a.Name))}."
        );
}

/// <summary>An attribute and the values it may take, in their own order.</summary>
public sealed record AttributeVocabulary(string Name, IReadOnlyList<string> Values);

/// <summary>Number of samples in each split.</summary>
public sealed record SplitCounts(int Train, int Validation, int Test)
{
    /// <summary>The count of one split.</summary>
    public int Of(Split split) =>
        split switch
        {
            Split.Train => Train,
            Split.Validation => Validation,
            _ => Test,
        };

    /// <summary>All samples.</summary>
    public int Total => Train + Validation + Test;
}

/// <summary>Where a dataset version comes from.</summary>
/// <param name="Source">A program, package or collection, with its version.</param>
/// <param name="Method">How samples were made or chosen, in a sentence.</param>
/// <param name="Settings">Everything needed to make it again, in order.</param>
public sealed record DatasetProvenance(
    string Source,
    string Method,
    IReadOnlyList<KeyValuePair<string, string>> Settings
);
