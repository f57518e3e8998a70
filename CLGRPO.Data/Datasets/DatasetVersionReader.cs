using System.Security.Cryptography;

namespace CLGRPO.Data.Datasets;

/// <summary>Reads one version and collects every problem on the way.</summary>
internal sealed class DatasetVersionReader
{
    private const int MaxLineBytes = 1 << 20;

    private readonly string _path;
    private readonly string _blobs;
    private readonly List<DatasetProblem> _problems = [];

    public DatasetVersionReader(string path)
    {
        _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Directory.Exists(_path))
            throw new DirectoryNotFoundException($"There is no dataset version at '{_path}'.");
        _blobs = DatasetVersion.BlobsOf(_path);
    }

    public DatasetVersion Read()
    {
        var (info, samples) = ReadAll();
        return _problems.Count == 0
            ? new DatasetVersion(_path, info!, samples)
            : throw new DatasetException(_path, _problems);
    }

    public DatasetInfo Describe() =>
        ReadInfo() is { } info && _problems.Count == 0 ? info : throw new DatasetException(_path, _problems);

    public IReadOnlyList<DatasetProblem> Check(bool deep)
    {
        var (_, samples) = ReadAll();
        if (deep)
            CheckImages(samples);
        return _problems;
    }

    private (DatasetInfo? Info, IReadOnlyList<Sample>[] Samples) ReadAll()
    {
        var missing = DatasetHash.Files.Where(file => !File.Exists(Path.Combine(_path, file))).ToList();
        _problems.AddRange(missing.Select(file => new DatasetProblem(file, 0, "the file is missing")));
        if (missing.Count > 0)
            return (
                null,
                [
                    [],
                    [],
                    [],
                ]
            );
        var info = ReadInfo();
        if (info is null)
            return (
                null,
                [
                    [],
                    [],
                    [],
                ]
            ); // without labels and vocabulary every row would be reported
        var rules = new DatasetRules(info);
        IReadOnlyList<Sample>[] samples = [.. Splits.All.Select(split => ReadSplit(split, info, rules))];
        CheckHash();
        return (info, samples);
    }

    private DatasetInfo? ReadInfo()
    {
        var reasons = new List<string>();
        var info = DatasetJson.ReadInfo(File.ReadAllBytes(Path.Combine(_path, DatasetVersion.InfoFile)), reasons);
        if (info is not null)
        {
            reasons.AddRange(DatasetRules.Check(info));
            var folder = Path.GetFileName(Path.GetDirectoryName(_path));
            if (info.Name != folder)
                reasons.Add($"name {StrictJson.Quote(info.Name)} differs from the folder's name '{folder}'");
        }
        Note(DatasetVersion.InfoFile, 0, reasons);
        return info;
    }

    private List<Sample> ReadSplit(Split split, DatasetInfo info, DatasetRules rules)
    {
        var samples = new List<Sample>();
        var file = split.FileName();
        var bytes = File.ReadAllBytes(Path.Combine(_path, file));
        var rows = 0;
        for (var start = 0; start < bytes.Length; rows++)
        {
            var length = bytes.AsSpan(start).IndexOf((byte)'\n');
            var ended = length >= 0;
            length = ended ? length : bytes.Length - start;
            var reasons = new List<string>();
            if (!ended)
                reasons.Add("the last line does not end with a line break: the file is cut off");
            if (ReadRow(bytes.AsMemory(start, length), reasons) is { } sample)
            {
                reasons.AddRange(rules.Check(sample, split, $"{file}:{rows + 1}"));
                CheckImageExists(sample, reasons);
                samples.Add(sample);
            }
            Note(file, rows + 1, reasons);
            start += length + 1;
        }
        if (rows != info.Counts.Of(split))
            _problems.Add(new(file, 0, $"has {rows} rows, but {DatasetVersion.InfoFile} says {info.Counts.Of(split)}"));
        return samples;
    }

    private static Sample? ReadRow(ReadOnlyMemory<byte> line, List<string> reasons)
    {
        if (line.Length > MaxLineBytes)
        {
            reasons.Add($"the line has {line.Length} bytes; at most {MaxLineBytes} are allowed");
            return null;
        }
        var found = new List<string>();
        var sample = DatasetJson.ReadRow(line, found);
        reasons.AddRange(found);
        return sample;
    }

    private void CheckImageExists(Sample sample, List<string> reasons)
    {
        if (DatasetHash.IsHash(sample.Image) && !File.Exists(Path.Combine(_blobs, sample.Image)))
            reasons.Add($"image {sample.Image} is missing in '{_blobs}'");
    }

    private void CheckHash()
    {
        var (stated, actual) = (Path.GetFileName(_path), DatasetHash.OfFolder(_path));
        if (!DatasetHash.IsHash(stated))
            _problems.Add(
                new(
                    DatasetVersion.InfoFile,
                    0,
                    $"the folder's name '{stated}' is not a content hash of 64 lower-case hex digits"
                )
            );
        else if (stated != actual)
            _problems.Add(
                new(
                    DatasetVersion.InfoFile,
                    0,
                    $"the content hashes to {actual}, not to the folder's name: the version was changed"
                )
            );
    }

    private void CheckImages(IReadOnlyList<Sample>[] samples)
    {
        for (var split = 0; split < samples.Length; split++)
        {
            var file = Splits.All[split].FileName();
            foreach (
                var sample in samples[split]
                    .Where(sample => DatasetHash.IsHash(sample.Image))
                    .DistinctBy(sample => sample.Image, StringComparer.Ordinal)
            )
            {
                var path = Path.Combine(_blobs, sample.Image);
                if (!File.Exists(path))
                    continue; // reported with its row
                using var stream = File.OpenRead(path);
                var actual = Convert.ToHexStringLower(SHA256.HashData(stream));
                if (actual != sample.Image)
                    _problems.Add(
                        new(
                            file,
                            0,
                            $"the bytes of image {sample.Image} (id {StrictJson.Quote(sample.Id)}) hash to {actual}: the file is damaged"
                        )
                    );
            }
        }
    }

    private void Note(string file, int line, IEnumerable<string> reasons) =>
        _problems.AddRange(reasons.Select(reason => new DatasetProblem(file, line, reason)));
}
