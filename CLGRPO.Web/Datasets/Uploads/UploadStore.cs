using System.Security.Cryptography;
using System.Text.Json;
using CLGRPO.Data.Files;
using CLGRPO.Web.Operation;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Datasets.Uploads;

/// <summary>An archive on its way here.</summary>
/// <param name="Name">What the person calls the file; never a part of a path.</param>
/// <param name="Length">Bytes of the whole.</param>
/// <param name="Offset">Bytes that are here; the next part begins with this one.</param>
/// <param name="ExpiresAt">When it goes if nothing more comes.</param>
public sealed record UploadView(string Id, string Name, long Length, long Offset, DateTime ExpiresAt);

/// <summary>A request about an upload cannot be met.</summary>
/// <param name="status">Of the answer.</param>
/// <param name="offset">Where the upload is, when that is the problem.</param>
public sealed class UploadException(int status, string message, long? offset = null) : Exception(message)
{
    public int Status => status;
    public long? Offset => offset;
}

/// <summary>
/// Uploads on the disk of the site, each a file under a name of our own that grows part by part. They outlive connections and restarts;
/// those that nobody goes on with are deleted.
/// </summary>
public sealed class UploadStore(IOptions<SiteOptions> site, IOptions<DataOptions> data, TimeProvider clock)
{
    /// <summary>Most bytes of one part.</summary>
    public const int MaxPart = 64 << 20;

    private const int MaxName = 255;
    private const int BufferBytes = 1 << 17;
    private const int MagicBytes = 4;
    private static readonly byte[] ZipMagic = "PK\x03\x04"u8.ToArray();

    private string Folder => Path.Combine(Path.GetFullPath(site.Value.State), "uploads");

    /// <summary>Makes room for an upload, after a look at all limits.</summary>
    /// <exception cref="UploadException">It is too large, the disk too full, or the person has too many begun.</exception>
    public UploadView Create(string owner, string name, long length)
    {
        var most = (long)data.Value.MaxUploadMiB << 20;
        if (name.Length is 0 or > MaxName)
            throw new UploadException(400, $"The file's name has {name.Length} characters; 1 to {MaxName} are taken.");
        if (length < 1)
            throw new UploadException(400, "The file is empty.");
        if (length > most)
            throw new UploadException(
                413,
                $"The file has {DatasetWords.Bytes(length)}; at most {DatasetWords.Bytes(most)} are taken (Data:MaxUploadMiB)."
            );
        RequireRoom(length);
        var own = All().Count(upload => upload.Owner == owner);
        if (own >= data.Value.UploadsPerPerson)
            throw new UploadException(
                429,
                $"You have {own} uploads that are not imported yet; finish or delete one first (Data:UploadsPerPerson)."
            );
        Directory.CreateDirectory(Folder);
        var upload = new Upload(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), owner, name, length);
        AtomicFile.WriteText(CardPath(upload.Id), JsonSerializer.Serialize(upload));
        using (File.Create(FilePath(upload.Id))) { }
        return View(upload);
    }

    /// <summary>The person's uploads.</summary>
    public IReadOnlyList<UploadView> Of(string owner) =>
        [
            .. All()
                .Where(upload => upload.Owner == owner)
                .Select(upload => View(upload))
                .OrderBy(upload => upload.ExpiresAt),
        ];

    /// <summary>An upload of that person; null for everybody else's too.</summary>
    public UploadView? Find(string owner, string id) => Mine(owner, id) is { } upload ? View(upload) : null;

    /// <summary>Adds a part. What has arrived stays when the connection breaks.</summary>
    /// <param name="offset">Where the part begins: exactly what is here already.</param>
    /// <param name="sha256">Hash of the part; a part that does not have it is taken back. Null to do without.</param>
    /// <exception cref="UploadException">The part does not fit, or the file is no zip archive; it is deleted then.</exception>
    /// <exception cref="KeyNotFoundException">There is no such upload of this person.</exception>
    public async Task<UploadView> Append(
        string owner,
        string id,
        long offset,
        Stream part,
        byte[]? sha256,
        CancellationToken stop
    )
    {
        var upload = Mine(owner, id) ?? throw new KeyNotFoundException("There is no such upload.");
        await using var file = OpenAlone(id);
        if (offset != file.Length)
            throw new UploadException(
                409,
                $"The part begins at {offset}, but {file.Length} bytes are here.",
                file.Length
            );
        RequireRoom(upload.Length - offset);
        file.Position = offset;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferBytes];
        int read;
        while ((read = await part.ReadAsync(buffer, stop)) > 0)
        {
            if (file.Length + read > upload.Length || file.Length + read - offset > MaxPart)
            {
                file.SetLength(offset);
                throw new UploadException(
                    413,
                    $"The part goes beyond the {upload.Length} bytes that were announced, or has more than {MaxPart >> 20} MiB.",
                    offset
                );
            }
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), stop);
        }
        if (sha256 is not null && !CryptographicOperations.FixedTimeEquals(sha256, hash.GetHashAndReset()))
        {
            file.SetLength(offset);
            throw new UploadException(422, "The part arrived damaged: its hash is another. Send it again.", offset);
        }
        await file.FlushAsync(stop);
        if (file.Length >= MagicBytes && !IsZip(file))
        {
            Remove(id);
            throw new UploadException(
                415,
                "The file is no zip archive, whatever its name says. Put the pictures and their table into a zip."
            );
        }
        return View(upload, file.Length);
    }

    /// <summary>The file of an upload that is whole.</summary>
    /// <exception cref="UploadException">Bytes are missing.</exception>
    /// <exception cref="KeyNotFoundException">There is no such upload of this person.</exception>
    public (string Path, string Name) Whole(string owner, string id)
    {
        var upload = Mine(owner, id) ?? throw new KeyNotFoundException("There is no such upload.");
        var length = new FileInfo(FilePath(id)).Length;
        return length == upload.Length
            ? (FilePath(id), upload.Name)
            : throw new UploadException(409, $"{upload.Length - length} bytes are still missing.", length);
    }

    /// <summary>Deletes a person's upload.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Delete(string owner, string id)
    {
        if (Mine(owner, id) is null)
            return false;
        Remove(id);
        return true;
    }

    /// <summary>Deletes an upload, whoever's it is.</summary>
    public void Remove(string id)
    {
        if (!IsId(id))
            return;
        File.Delete(CardPath(id));
        File.Delete(FilePath(id));
    }

    /// <summary>Deletes uploads that nobody went on with.</summary>
    /// <param name="needed">Ids that work still waits for.</param>
    public void Sweep(IReadOnlySet<string> needed)
    {
        if (!Directory.Exists(Folder))
            return;
        var oldest = clock.GetUtcNow().UtcDateTime - TimeSpan.FromHours(data.Value.UploadHours);
        foreach (var file in new DirectoryInfo(Folder).EnumerateFiles("*.zip"))
        {
            var id = Path.GetFileNameWithoutExtension(file.Name);
            if (file.LastWriteTimeUtc < oldest && !needed.Contains(id))
                Remove(id);
        }
    }

    private FileStream OpenAlone(string id)
    {
        try
        {
            return new FileStream(FilePath(id), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e) when (e is not FileNotFoundException)
        {
            throw new UploadException(409, "Another part of this upload is arriving. Wait for it.");
        }
    }

    private static bool IsZip(FileStream file)
    {
        Span<byte> head = stackalloc byte[MagicBytes];
        file.Position = 0;
        file.ReadExactly(head);
        return head.SequenceEqual(ZipMagic);
    }

    private void RequireRoom(long bytes)
    {
        var free = Machine.FreeDiskBytes(Folder) - ((long)data.Value.KeepFreeMiB << 20);
        if (bytes > free)
            throw new UploadException(
                507,
                $"The disk has room for {DatasetWords.Bytes(Math.Max(free, 0))}; the upload needs {DatasetWords.Bytes(bytes)} (Data:KeepFreeMiB keeps the rest free)."
            );
    }

    private IEnumerable<Upload> All() =>
        Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder, "*.json").Select(Read).OfType<Upload>() : [];

    private Upload? Mine(string owner, string id) =>
        IsId(id) && File.Exists(CardPath(id)) && Read(CardPath(id)) is { } upload && upload.Owner == owner
            ? upload
            : null;

    private static Upload? Read(string card)
    {
        try
        {
            return JsonSerializer.Deserialize<Upload>(File.ReadAllText(card));
        }
        catch (FileNotFoundException)
        {
            return null; // deleted since it was listed
        }
    }

    private UploadView View(Upload upload) => View(upload, new FileInfo(FilePath(upload.Id)).Length);

    private UploadView View(Upload upload, long offset) =>
        new(
            upload.Id,
            upload.Name,
            upload.Length,
            offset,
            File.GetLastWriteTimeUtc(FilePath(upload.Id)).AddHours(data.Value.UploadHours)
        );

    private static bool IsId(string id) => id.Length == 32 && id.All(char.IsAsciiHexDigitLower);

    private string CardPath(string id) => Path.Combine(Folder, $"{id}.json");

    private string FilePath(string id) => Path.Combine(Folder, $"{id}.zip");

    private sealed record Upload(string Id, string Owner, string Name, long Length);
}
