using System.Text;
using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>The end of a run's <c>log.txt</c>.</summary>
internal static class LogTail
{
    private const int MostBytes = 64 << 10;

    /// <summary>The last lines; none where there is no log.</summary>
    public static IReadOnlyList<string> Read(RunDirectory run, int lines)
    {
        if (!File.Exists(run.LogPath))
            return [];
        using var file = new FileStream(run.LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = Math.Max(0, file.Length - MostBytes);
        var cut = file.Position > 0;
        using var reader = new StreamReader(file, Encoding.UTF8);
        var all = reader.ReadToEnd().TrimEnd('\n').Split('\n');
        return [.. all.Skip(cut ? 1 : 0).TakeLast(lines)];
    }

    /// <summary>The last line that says something.</summary>
    public static string? Last(RunDirectory run) =>
        Read(run, 50).LastOrDefault(line => !string.IsNullOrWhiteSpace(line))?.Trim();
}
