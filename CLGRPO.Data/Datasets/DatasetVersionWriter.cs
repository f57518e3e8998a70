using CLGRPO.Data.Files;

namespace CLGRPO.Data.Datasets;

/// <summary>
/// Makes a dataset version: add images and samples, then <see cref="Commit"/>. Everything lies in a temporary folder of the root until
/// then; disposing without a commit leaves nothing. The same samples in the same order give the same bytes and the same hash.
/// </summary>
public sealed class DatasetVersionWriter : IDisposable
{
    private readonly string _root;
    private readonly DatasetInfo _info;
    private readonly DatasetRules _rules;
    private readonly string _temporary;
    private readonly Dictionary<Split, FileStream> _files;
    private readonly HashSet<string> _kept = new(StringComparer.Ordinal);
    private readonly int[] _counts = new int[Splits.All.Count];

    /// <summary>Begins a version under <paramref name="root"/>.</summary>
    /// <param name="info">The description; its counts are ignored and filled in on commit.</param>
    /// <exception cref="ArgumentException">The description breaks a rule.</exception>
    public DatasetVersionWriter(string root, DatasetInfo info)
    {
        var reasons = DatasetRules.Check(info).ToList();
        if (reasons.Count > 0)
            throw new ArgumentException(string.Join("; ", reasons), nameof(info));
        (_root, _info, _rules) = (Path.GetFullPath(root), info, new DatasetRules(info));
        _temporary = AtomicFile.TemporaryName(Path.Combine(_root, info.Name));
        Directory.CreateDirectory(Path.Combine(_temporary, DatasetVersion.BlobsFolder));
        Directory.CreateDirectory(VersionFolder);
        _files = Splits.All.ToDictionary(
            split => split,
            split => File.Create(Path.Combine(VersionFolder, split.FileName()), 1 << 16)
        );
    }

    private string VersionFolder => Path.Combine(_temporary, "version");

    /// <summary>Stores an image file's bytes, once however often it is added. May be called from several threads.</summary>
    /// <returns>Its SHA-256, for <see cref="Sample.Image"/>.</returns>
    public string AddImage(ReadOnlySpan<byte> bytes)
    {
        var hash = DatasetHash.Of(bytes);
        var target = Path.Combine(_temporary, DatasetVersion.BlobsFolder, hash);
        if (File.Exists(target))
            return hash;
        var unfinished = AtomicFile.TemporaryName(target);
        File.WriteAllBytes(unfinished, bytes);
        File.Move(unfinished, target, overwrite: true);
        return hash;
    }

    /// <summary>Takes an image that lies under the root's <c>blobs/</c> already, and on the disk; nothing is copied.</summary>
    /// <param name="hash">Its SHA-256.</param>
    /// <exception cref="FileNotFoundException">There is no such image.</exception>
    public void UseImage(string hash)
    {
        var path = Path.Combine(_root, DatasetVersion.BlobsFolder, hash);
        if (!DatasetHash.IsHash(hash) || !File.Exists(path))
            throw new FileNotFoundException($"There is no image '{path}'.", path);
        _kept.Add(hash);
    }

    /// <summary>Appends a sample to a split. Its image must have been added before. Not for several threads: the order is part of the content.</summary>
    /// <exception cref="ArgumentException">The sample breaks a rule of the dataset; the message names all.</exception>
    public void Add(Split split, Sample sample)
    {
        var reasons = _rules.Check(sample, split, $"{split.FileName()}:{_counts[(int)split] + 1}").ToList();
        if (!HasImage(sample.Image))
            reasons.Add($"image {sample.Image} was not added");
        if (reasons.Count > 0)
            throw new ArgumentException(
                $"Sample {StrictJson.Quote(sample.Id)}: {string.Join("; ", reasons)}",
                nameof(sample)
            );
        DatasetJson.WriteRow(_files[split], sample, _info);
        _counts[(int)split]++;
    }

    /// <summary>Brings the version to the disk and gives it its name. A version that exists already is left as it is.</summary>
    /// <returns>The version, read back and checked.</returns>
    /// <exception cref="DatasetException">The version breaks a rule of the contract.</exception>
    public DatasetVersion Commit()
    {
        foreach (var file in _files.Values)
            file.Dispose();
        using (var file = File.Create(Path.Combine(VersionFolder, DatasetVersion.InfoFile)))
            DatasetJson.WriteInfo(file, _info with { Counts = new(_counts[0], _counts[1], _counts[2]) });
        DiskSync.FileSystemOf(_temporary);
        MoveImages();
        var target = Path.Combine(_root, _info.Name, DatasetHash.OfFolder(VersionFolder));
        MoveVersion(target);
        Dispose();
        return DatasetVersion.Open(target);
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
        if (Directory.Exists(_temporary))
            Directory.Delete(_temporary, recursive: true);
    }

    private bool HasImage(string hash) =>
        _kept.Contains(hash) || File.Exists(Path.Combine(_temporary, DatasetVersion.BlobsFolder, hash));

    // Images first: a version that exists has all its images.
    private void MoveImages()
    {
        var blobs = Path.Combine(_root, DatasetVersion.BlobsFolder);
        Directory.CreateDirectory(blobs);
        foreach (var image in Directory.EnumerateFiles(Path.Combine(_temporary, DatasetVersion.BlobsFolder)))
            File.Move(image, Path.Combine(blobs, Path.GetFileName(image)), overwrite: true); // the same name is the same bytes
        DiskSync.Folder(blobs);
    }

    private void MoveVersion(string target)
    {
        var parent = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(parent);
        if (!Directory.Exists(target))
            Directory.Move(VersionFolder, target);
        DiskSync.Folder(parent);
        DiskSync.Folder(_root);
    }
}
