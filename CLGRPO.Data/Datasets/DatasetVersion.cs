namespace CLGRPO.Data.Datasets;

/// <summary>
/// An immutable dataset: the folder <c>root/name/content-hash/</c> with <c>dataset.json</c>, <c>train.jsonl</c>, <c>val.jsonl</c> and
/// <c>test.jsonl</c>, and images under <c>root/blobs/</c>, shared by all versions of the root.
/// </summary>
public sealed class DatasetVersion
{
    internal const string InfoFile = "dataset.json";
    internal const string BlobsFolder = "blobs";

    private readonly IReadOnlyList<Sample>[] _samples;
    private readonly string _blobs;

    internal DatasetVersion(string path, DatasetInfo info, IReadOnlyList<Sample>[] samples)
    {
        (Path, Info, _samples) = (path, info, samples);
        _blobs = BlobsOf(path);
    }

    /// <summary>The version's folder, absolute.</summary>
    public string Path { get; }

    /// <summary>The dataset's name.</summary>
    public string Name => Info.Name;

    /// <summary>The content hash, 64 hex digits; see <see cref="DatasetHash"/>.</summary>
    public string Hash => System.IO.Path.GetFileName(Path);

    /// <summary>Labels, vocabulary, question, provenance, licence.</summary>
    public DatasetInfo Info { get; }

    /// <summary>What models learn from.</summary>
    public IReadOnlyList<Sample> Train => Of(Split.Train);

    /// <summary>What settings are chosen on.</summary>
    public IReadOnlyList<Sample> Validation => Of(Split.Validation);

    /// <summary>What results are reported on.</summary>
    public IReadOnlyList<Sample> Test => Of(Split.Test);

    /// <summary>The samples of a split, in the order of its file.</summary>
    public IReadOnlyList<Sample> Of(Split split) => _samples[(int)split];

    /// <summary>The image file of a sample.</summary>
    public string ImagePath(Sample sample) => System.IO.Path.Combine(_blobs, sample.Image);

    /// <summary>Reads and checks a version: every row, the presence of every image, and the content hash.</summary>
    /// <param name="path">The version's folder.</param>
    /// <exception cref="DatasetException">Something is wrong; carries every problem.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static DatasetVersion Open(string path) => new DatasetVersionReader(path).Read();

    /// <summary>What a version says about itself, without reading its samples.</summary>
    /// <param name="path">The version's folder.</param>
    /// <exception cref="DatasetException">Its <c>dataset.json</c> cannot be used.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static DatasetInfo ReadInfo(string path) => new DatasetVersionReader(path).Describe();

    /// <summary>Everything wrong with a version; empty when it can be used.</summary>
    /// <param name="deep">Also reads every image and compares its SHA-256 with its name.</param>
    public static IReadOnlyList<DatasetProblem> Validate(string path, bool deep = false)
    {
        var reader = new DatasetVersionReader(path);
        return reader.Check(deep);
    }

    /// <summary>Finds a version by name, or by <c>name@hash</c> with enough digits of the hash to be the only one.</summary>
    /// <param name="root">The datasets root.</param>
    /// <param name="reference">For example <c>emoscenes</c> or <c>emoscenes@3f9a</c>.</param>
    /// <returns>The version's folder.</returns>
    /// <exception cref="DirectoryNotFoundException">None, or more than one, fits.</exception>
    public static string Find(string root, string reference)
    {
        var at = reference.IndexOf('@', StringComparison.Ordinal);
        var (name, prefix) = at < 0 ? (reference, "") : (reference[..at], reference[(at + 1)..]);
        var folder = System.IO.Path.Combine(root, name);
        var known = Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder).Where(IsVersion).Order(StringComparer.Ordinal)]
            : Array.Empty<string>();
        var fitting = Array.FindAll(
            known,
            version => System.IO.Path.GetFileName(version).StartsWith(prefix, StringComparison.Ordinal)
        );
        if (fitting.Length == 1)
            return System.IO.Path.GetFullPath(fitting[0]);
        var versions = string.Join(
            ", ",
            known.Select(version => $"{name}@{System.IO.Path.GetFileName(version)[..12]}")
        );
        throw new DirectoryNotFoundException(
            known.Length == 0
                ? $"No dataset '{name}' under '{root}'. Make it with 'clgrpo data generate', fetch it with 'clgrpo data get', or bring it in with 'clgrpo data import' and 'clgrpo data freeze'."
                : $"Dataset '{reference}' fits {fitting.Length} versions under '{root}'; name exactly one of {versions}."
        );
    }

    internal static string BlobsOf(string versionPath) =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(versionPath, "..", "..", BlobsFolder));

    private static bool IsVersion(string path) => DatasetHash.IsHash(System.IO.Path.GetFileName(path));
}
