using System.Text;
using System.Text.Json;
using CLGRPO.Data.Importing;

namespace CLGRPO.Data.Tests.Importing;

/// <summary>A source that a test writes, and what reading it gives.</summary>
internal sealed class SourceFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Path => _folder.In("source");

    public SourceFolder() => Directory.CreateDirectory(Path);

    public SourceFolder With(string path, string text) => With(path, Encoding.UTF8.GetBytes(text));

    public SourceFolder With(string path, byte[] bytes)
    {
        var full = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, bytes);
        return this;
    }

    public SourceFolder WithJson(string path, object value) => With(path, JsonSerializer.Serialize(value));

    /// <summary>A path beside the source, outside of it.</summary>
    public string Outside(string name) => _folder.In(name);

    public async Task<IReadOnlyList<SourceEntry>> Entries(string? format = null)
    {
        using var source = Source.Open(Path, format);
        return await source
            .Format.Rows(source.Files, TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);
    }

    public SourceDescription Describe(string? format = null)
    {
        using var source = Source.Open(Path, format);
        return source.Format.Describe(source.Files);
    }

    public string FormatFound()
    {
        using var source = Source.Open(Path);
        return source.Format.Name;
    }

    public void Dispose() => _folder.Dispose();
}
