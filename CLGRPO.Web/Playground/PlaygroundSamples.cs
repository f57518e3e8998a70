using System.Collections.Concurrent;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Web.Operation;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Playground;

/// <summary>Pictures of the frozen versions' held-out splits, to try models on.</summary>
public sealed class PlaygroundSamples(IOptions<SiteOptions> site)
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

    /// <summary>The picture of a sample.</summary>
    /// <exception cref="ImageException">It is damaged.</exception>
    /// <exception cref="IOException">It is gone.</exception>
    public PlaygroundPicture PictureOf(Sample sample)
    {
        var (width, height) = ImageDecoder.Size(PathOf(sample.Image));
        return new PlaygroundPicture(sample.Image, width, height, FromDataset: true, sample.Label);
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
