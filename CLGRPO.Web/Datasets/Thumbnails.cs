using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Images;
using CLGRPO.Web.Operation;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Datasets;

/// <summary>
/// Pictures of the data sets for browsers: always decoded and encoded anew or taken apart and put together without anything but pixels.
/// Thumbnails are made when they are first asked for and kept by the picture's hash; when they take too much room, the oldest go.
/// </summary>
public sealed class Thumbnails(IOptions<SiteOptions> site, IOptions<DataOptions> data) : IDisposable
{
    /// <summary>Longer side of the thumbnails, in pixels.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [200, 400];

    private const int FullSide = 2048;
    private const double KeptShare = 0.9;
    private static readonly string[] Extensions = [".png", ".jpg"];

    // A picture may take a hundred megabytes while it is decoded; requests wait here, not on threads.
    private readonly SemaphoreSlim _decoding = new(Environment.ProcessorCount);
    private readonly Lock _counting = new();
    private long _bytes = -1;

    private string Folder => Path.Combine(Path.GetFullPath(site.Value.State), "thumbnails");

    /// <summary>The small picture; null where there is no picture of that hash.</summary>
    /// <exception cref="ImageException">The picture is damaged.</exception>
    public async Task<TeacherImage?> Small(string hash, int size, CancellationToken stop)
    {
        if (PathOf(hash) is not { } picture || !Sizes.Contains(size))
            return null;
        var stem = Path.Combine(Folder, $"{size}", hash[..2], hash);
        foreach (var extension in Extensions)
        {
            if (File.Exists(stem + extension))
                return new(MediaType(extension), await File.ReadAllBytesAsync(stem + extension, stop));
        }
        var made = await Decode(() => Thumbnail.Of(picture, size), stop);
        Directory.CreateDirectory(Path.GetDirectoryName(stem)!);
        AtomicFile.Write(stem + (made.MediaType == "image/png" ? ".png" : ".jpg"), file => file.Write(made.Bytes));
        MakeRoom(made.Bytes.Length);
        return made;
    }

    /// <summary>The picture itself, upright, at most 2,048 pixels long; null where there is none of that hash.</summary>
    /// <exception cref="ImageException">The picture is damaged.</exception>
    public async Task<TeacherImage?> Full(string hash, CancellationToken stop) =>
        PathOf(hash) is { } picture ? await Decode(() => TeacherImage.Read(picture, FullSide), stop) : null;

    public void Dispose() => _decoding.Dispose();

    private string? PathOf(string hash)
    {
        if (!DatasetHash.IsHash(hash))
            return null;
        var path = Path.Combine(site.Value.DatasetsPath, "blobs", hash);
        return File.Exists(path) ? path : null;
    }

    private async Task<TeacherImage> Decode(Func<TeacherImage> decode, CancellationToken stop)
    {
        await _decoding.WaitAsync(stop);
        try
        {
            return await Task.Run(decode, stop);
        }
        finally
        {
            _decoding.Release();
        }
    }

    private void MakeRoom(int added)
    {
        var limit = (long)data.Value.ThumbnailsMiB << 20;
        lock (_counting)
        {
            _bytes = _bytes < 0 ? Files().Sum(file => file.Length) : _bytes + added;
            if (_bytes <= limit)
                return;
            foreach (var file in Files().OrderBy(file => file.LastWriteTimeUtc).ToList())
            {
                if (_bytes <= limit * KeptShare)
                    break;
                _bytes -= file.Length;
                file.Delete();
            }
        }
    }

    private IEnumerable<FileInfo> Files() => new DirectoryInfo(Folder).EnumerateFiles("*", SearchOption.AllDirectories);

    private static string MediaType(string extension) => extension == ".png" ? "image/png" : "image/jpeg";
}
