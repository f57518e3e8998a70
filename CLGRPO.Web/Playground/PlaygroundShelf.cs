using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Images;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Operation;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Playground;

/// <summary>
/// What people keep of the playground: a folder for each person, with the pictures they brought, by hash, and a file for each question with
/// its answers. Both are bounded; of pictures the one unused for longest goes first, of questions the oldest without a thumb.
/// </summary>
public sealed class PlaygroundShelf(IOptions<SiteOptions> site, TimeProvider clock) : IDisposable
{
    /// <summary>Questions that are kept of a person.</summary>
    public const int MostEntries = 50;

    /// <summary>Pictures that are kept of a person.</summary>
    public const int MostPictures = 60;

    private const int LongestSide = 2048;
    private static readonly string[] Kinds = [".png", ".jpg"];

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
    };

    private readonly Lock _gate = new();

    // A picture may take a hundred megabytes while it is decoded; uploads wait here, not on threads.
    private readonly SemaphoreSlim _decoding = new(Environment.ProcessorCount);

    private string Root => Path.Combine(Path.GetFullPath(site.Value.State), "playground");

    /// <summary>Takes in a picture: decoded whole, kept upright, without anything but pixels, at most 2,048 of them long.</summary>
    /// <param name="encoded">A PNG, JPEG or WebP.</param>
    /// <exception cref="ImageException">It is none, is damaged or beyond a limit.</exception>
    public async Task<PlaygroundPicture> Add(ClaimsPrincipal user, byte[] encoded, CancellationToken stop)
    {
        _ = ImageDecoder.Size(encoded); // limits first: nothing is decoded for it
        await _decoding.WaitAsync(stop);
        try
        {
            return await Task.Run(() => Keep(PicturesOf(user), encoded), stop);
        }
        finally
        {
            _decoding.Release();
        }
    }

    /// <summary>A picture that its person brought; null where there is none of that hash.</summary>
    public string? PathOf(ClaimsPrincipal user, string hash) =>
        DatasetHash.IsHash(hash)
            ? Kinds.Select(kind => Path.Combine(PicturesOf(user), hash + kind)).FirstOrDefault(File.Exists)
            : null;

    /// <summary>What a person asked, newest first.</summary>
    public IReadOnlyList<PlaygroundSummary> List(ClaimsPrincipal user) =>
        [.. Entries(user).Select(Read).OfType<PlaygroundEntry>().Select(Summary)];

    public PlaygroundEntry? Find(ClaimsPrincipal user, string id) => FileOf(user, id) is { } file ? Read(file) : null;

    /// <summary>Keeps a question with its answers.</summary>
    /// <returns>It, with its id.</returns>
    public PlaygroundEntry Save(ClaimsPrincipal user, PlaygroundEntry entry)
    {
        var at = clock.GetUtcNow();
        var named = entry with
        {
            Id = $"{at:yyyyMMddHHmmssfff}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}",
            At = at,
        };
        lock (_gate)
        {
            Write(Path.Combine(Directory.CreateDirectory(HistoryOf(user)).FullName, named.Id + ".json"), named);
            var all = Entries(user);
            foreach (var file in all.Skip(1).Reverse().OrderBy(HasThumb).Take(all.Count - MostEntries).ToList())
                File.Delete(file);
        }
        return named;
    }

    /// <summary>Keeps a thumb.</summary>
    /// <returns>Whether there is such an answer.</returns>
    public bool Rate(ClaimsPrincipal user, string id, int answer, bool? good)
    {
        lock (_gate)
        {
            if (FileOf(user, id) is not { } file || Read(file) is not { } entry)
                return false;
            if (answer < 0 || answer >= entry.Answers.Count)
                return false;
            Write(
                file,
                entry with
                {
                    Answers = [.. entry.Answers.Select((one, at) => at == answer ? one with { Good = good } : one)],
                }
            );
            return true;
        }
    }

    /// <returns>Whether there was one of that id.</returns>
    public bool Delete(ClaimsPrincipal user, string id)
    {
        lock (_gate)
        {
            if (FileOf(user, id) is not { } file)
                return false;
            File.Delete(file);
            return true;
        }
    }

    /// <summary>Deletes all that a person asked, and the pictures.</summary>
    public void Clear(ClaimsPrincipal user)
    {
        lock (_gate)
        {
            foreach (var folder in (string[])[HistoryOf(user), PicturesOf(user)])
            {
                if (Directory.Exists(folder))
                    Directory.Delete(folder, recursive: true);
            }
        }
    }

    public void Dispose() => _decoding.Dispose();

    private PlaygroundPicture Keep(string folder, byte[] encoded)
    {
        _ = ImageDecoder.Decode(encoded); // a damaged one is refused now, not when a model reads it
        var picture = TeacherImage.Of(encoded, LongestSide);
        var hash = Convert.ToHexStringLower(SHA256.HashData(picture.Bytes));
        var (width, height) = ImageDecoder.Size(picture.Bytes);
        lock (_gate)
        {
            Directory.CreateDirectory(folder);
            var path = Path.Combine(folder, hash + (picture.MediaType == "image/png" ? ".png" : ".jpg"));
            if (!File.Exists(path))
                AtomicFile.Write(path, file => file.Write(picture.Bytes));
            File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime); // one clock for all: the file system's lags behind
            var kept = new DirectoryInfo(folder).GetFiles().OrderBy(file => file.LastWriteTimeUtc).ToList();
            foreach (var file in kept.Take(kept.Count - MostPictures))
                file.Delete();
        }
        return new PlaygroundPicture(hash, width, height);
    }

    private static PlaygroundSummary Summary(PlaygroundEntry entry) =>
        new(
            entry.Id,
            entry.At,
            entry.Picture,
            entry.Question,
            [
                .. entry.Answers.Select(answer => new PlaygroundVote(
                    answer.Model,
                    answer.Stage,
                    AnswerVote.Of(answer.Samples.Select(sample => sample.Answer)) is [var (most, _), ..] ? most : null,
                    answer.Good
                )),
            ]
        );

    private static bool HasThumb(string file) => Read(file)?.Answers.Any(answer => answer.Good is not null) == true;

    private static PlaygroundEntry? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<PlaygroundEntry>(File.ReadAllBytes(file), Json);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null; // deleted meanwhile, or written by another version
        }
    }

    private static void Write(string file, PlaygroundEntry entry) =>
        AtomicFile.WriteText(file, JsonSerializer.Serialize(entry, Json));

    /// <summary>Newest first.</summary>
    private List<string> Entries(ClaimsPrincipal user) =>
        Directory.Exists(HistoryOf(user))
            ? [.. Directory.EnumerateFiles(HistoryOf(user), "*.json").OrderDescending(StringComparer.Ordinal)]
            : [];

    /// <summary>An id is looked up among those that are there, never made into a path.</summary>
    private string? FileOf(ClaimsPrincipal user, string id) =>
        Entries(user).FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) == id);

    private string HistoryOf(ClaimsPrincipal user) => Path.Combine(FolderOf(user), "history");

    private string PicturesOf(ClaimsPrincipal user) => Path.Combine(FolderOf(user), "pictures");

    private string FolderOf(ClaimsPrincipal user)
    {
        var who = user.FindFirstValue(ApiKeyHandler.KeyIdClaim) is { } key
            ? $"key:{key}"
            : user.FindFirstValue(ClaimTypes.NameIdentifier) ?? throw new ArgumentException("Nobody is signed in.");
        return Path.Combine(Root, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(who)))[..32]);
    }
}
