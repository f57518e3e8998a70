using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Images;

namespace CLGRPO.Data.Importing;

/// <summary>A picture that lies under <c>blobs/</c>.</summary>
/// <param name="Hash">SHA-256 of the file.</param>
/// <param name="Width">Upright, in pixels.</param>
/// <param name="Height">Upright, in pixels.</param>
internal sealed record StoredPicture(string Hash, int Width, int Height);

/// <summary>Takes pictures of a source into the root's <c>blobs/</c>, each once, after a look at its header.</summary>
/// <param name="root">The data sets root.</param>
/// <param name="limits">What a picture may be.</param>
internal sealed class PictureIntake(string root, ImageLimits limits)
{
    private readonly string _blobs = Directory.CreateDirectory(Path.Combine(root, DatasetVersion.BlobsFolder)).FullName;

    /// <summary>May be called from several threads. The bytes reach the disk with <see cref="Flush"/>.</summary>
    /// <exception cref="ImportException">The source has no such file.</exception>
    /// <exception cref="ImageException">It is no picture that is read here, or beyond a limit.</exception>
    public StoredPicture Take(ISourceFiles files, string path)
    {
        if (!files.Contains(path))
            throw new ImportException($"the picture {StrictJson.Quote(path)} is missing");
        var bytes = files.Read(path, limits.MaxBytes);
        var (width, height) = ImageDecoder.Size(bytes, limits);
        var hash = DatasetHash.Of(bytes);
        var target = Path.Combine(_blobs, hash);
        if (!File.Exists(target))
        {
            var unfinished = AtomicFile.TemporaryName(target);
            File.WriteAllBytes(unfinished, bytes);
            File.Move(unfinished, target, overwrite: true); // the same name is the same bytes
        }
        return new StoredPicture(hash, width, height);
    }

    /// <summary>Brings all pictures taken so far to the disk: rows that name them may be committed after it.</summary>
    public void Flush() => DiskSync.FileSystemOf(_blobs);
}
