using System.Data.Common;

namespace CLGRPO.Data.Store;

/// <summary>A row for the table of samples.</summary>
internal readonly record struct SampleRow(long Id, string KeyFolded, NewSample Sample, long? ImportId);

/// <summary>A row for the table between samples and values.</summary>
internal readonly record struct SampleValueRow(long SampleId, long ValueId);

/// <summary>A sample of the data set, as far as duplicates are concerned.</summary>
internal sealed record KnownSample(long Id, string Key, string KeyFolded, string Image);

/// <summary>What differs between the databases when many samples are written.</summary>
internal interface ISampleRows : IDisposable
{
    /// <summary>Works within the transaction from here on, as the only one that adds to the data set: what <see cref="Find"/> says stays true.</summary>
    Task Begin(DbTransaction transaction, CancellationToken stop);

    /// <summary>Samples that have one of the keys or one of the images.</summary>
    Task<IReadOnlyList<KnownSample>> Find(string[] keysFolded, string[] images, CancellationToken stop);

    /// <summary>Ids that no other sample has or gets.</summary>
    Task<IReadOnlyList<long>> ReserveIds(int count, CancellationToken stop);

    Task Insert(IReadOnlyList<SampleRow> samples, IReadOnlyList<SampleValueRow> values, CancellationToken stop);
}
