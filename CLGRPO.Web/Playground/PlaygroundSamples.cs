using System.Collections.Concurrent;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Data.Store;
using CLGRPO.Web.Operation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Playground;

/// <summary>Pictures of data sets, to try models on.</summary>
public sealed class PlaygroundSamples(IOptions<SiteOptions> site, StoreFactory store)
{
    private const int Most = 240;
    private readonly ConcurrentDictionary<(string Hash, Split Split), IReadOnlyList<Sample>> _known = new();

    /// <summary>Some samples of a split, spread over it, in the order of the version.</summary>
    /// <param name="hash">The version; null or unknown: the first there is.</param>
    /// <returns>None where there is no version.</returns>
    /// <exception cref="DatasetException">The version is damaged.</exception>
    public IReadOnlyList<Sample> Of(string? hash, Split split)
    {
        var all = VersionFolders.List(site.Value.DatasetsPath);
        var version = all.FirstOrDefault(one => one.Hash == hash) ?? (all.Count > 0 ? all[0] : null);
        if (version is null)
            return [];
        return _known.GetOrAdd((version.Hash, split), _ => Spread(DatasetVersion.Open(version.Path).Of(split)));
    }

    /// <summary>A data set's picture.</summary>
    /// <param name="hash">The picture's hash.</param>
    /// <param name="label">What the data set says it is; null where nobody knows.</param>
    /// <exception cref="ArgumentException">It is no hash.</exception>
    /// <exception cref="ImageException">It is damaged.</exception>
    /// <exception cref="IOException">It is gone.</exception>
    public PlaygroundPicture PictureOf(string hash, string? label)
    {
        var (width, height) = ImageDecoder.Size(PathOf(hash));
        return new PlaygroundPicture(hash, width, height, FromDataset: true, label);
    }

    /// <summary>A data set's picture that somebody came from, with its label where the store knows one.</summary>
    /// <inheritdoc cref="PictureOf"/>
    public async Task<PlaygroundPicture> FindAsync(string hash, CancellationToken stop)
    {
        var picture = PictureOf(hash, label: null);
        await using var context = store.CreateDbContext();
        var label = await context
            .Datasets.SelectMany(dataset =>
                context.Samples.Where(sample => sample.DatasetId == dataset.Id && sample.Image == hash)
            )
            .Select(sample => sample.Label)
            .FirstOrDefaultAsync(stop);
        return picture with { Label = label };
    }

    /// <param name="hash">A picture's hash, as a version names it.</param>
    public string PathOf(string hash) =>
        DatasetHash.IsHash(hash)
            ? Path.Combine(site.Value.DatasetsPath, "blobs", hash)
            : throw new ArgumentException($"'{hash}' is no hash.", nameof(hash));

    private static IReadOnlyList<Sample> Spread(IReadOnlyList<Sample> samples)
    {
        var step = Math.Max(1, samples.Count / Most);
        return [.. samples.Where((_, at) => at % step == 0).Take(Most)];
    }
}
