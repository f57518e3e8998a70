namespace CLGRPO.Data.Datasets;

/// <summary>A frozen version as its folder describes it; its rows are not read.</summary>
/// <param name="Path">The version's folder, absolute.</param>
/// <param name="Info">What its <c>dataset.json</c> says.</param>
/// <param name="WrittenAt">When the folder was written on this machine, UTC.</param>
public sealed record VersionFolder(string Path, DatasetInfo Info, DateTime WrittenAt)
{
    public string Name => Info.Name;
    public string Hash => System.IO.Path.GetFileName(Path);

    /// <summary><c>name@hash</c>, as recipes and commands write it.</summary>
    public string Reference => $"{Name}@{Hash}";
}

/// <summary>The frozen versions under a root.</summary>
public static class VersionFolders
{
    /// <summary>All versions whose description can be read, by name, then newest first. Damaged ones are left out; validation names them.</summary>
    public static IReadOnlyList<VersionFolder> List(string root)
    {
        if (!Directory.Exists(root))
            return [];
        return
        [
            .. Directory
                .EnumerateDirectories(root)
                .SelectMany(Directory.EnumerateDirectories)
                .Where(folder => DatasetHash.IsHash(Path.GetFileName(folder)))
                .Select(Read)
                .OfType<VersionFolder>()
                .OrderBy(version => version.Name, StringComparer.Ordinal)
                .ThenByDescending(version => version.WrittenAt)
                .ThenBy(version => version.Hash, StringComparer.Ordinal),
        ];
    }

    /// <summary>The version of that name and whole hash; null where there is none. Neither is ever made into a path.</summary>
    public static VersionFolder? Find(string root, string name, string hash) =>
        List(root).FirstOrDefault(version => version.Name == name && version.Hash == hash);

    private static VersionFolder? Read(string folder)
    {
        var file = Path.Combine(folder, DatasetVersion.InfoFile);
        if (!File.Exists(file))
            return null;
        var problems = new List<string>();
        return DatasetJson.ReadInfo(File.ReadAllBytes(file), problems) is { } info && problems.Count == 0
            ? new VersionFolder(Path.GetFullPath(folder), info, File.GetLastWriteTimeUtc(file))
            : null;
    }
}
