namespace CLGRPO.Data.Store;

/// <summary>A class of a version to be: how many samples, and against the newest frozen one.</summary>
public sealed record ClassPreview(string Label, int Samples, int Added, int Removed);

/// <summary>What freezing would make, compared with the newest version of the same data set.</summary>
/// <param name="WithText">Samples with a chain of thought.</param>
/// <param name="LeftOut">Training samples that no chain of thought was found for.</param>
/// <param name="Unseen">Chains of thought that no reviewer has seen.</param>
/// <param name="Against">Hash of the newest version; null where there is none.</param>
public sealed record FreezePreview(
    int Samples,
    int WithText,
    int LeftOut,
    int Unseen,
    string? Against,
    int AgainstSamples,
    int Added,
    int Removed,
    int Changed,
    int Same,
    IReadOnlyList<ClassPreview> Classes
);
