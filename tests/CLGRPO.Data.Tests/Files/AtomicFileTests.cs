using CLGRPO.Data.Files;

namespace CLGRPO.Data.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_ExistingFile_ReplacesIt()
    {
        AtomicFile.WriteText(_folder.In("a"), "long old content");
        AtomicFile.WriteText(_folder.In("a"), "new");

        Assert.Equal("new", File.ReadAllText(_folder.In("a")));
        Assert.Equal(["a"], Names());
    }

    [Fact]
    [Trait("Id", "REL-SAVE-2")]
    public void Write_ThatThrowsHalfway_KeepsTheOldFileAndNothingElse()
    {
        AtomicFile.WriteText(_folder.In("a"), "old");

        Assert.Throws<InvalidOperationException>(() =>
            AtomicFile.Write(
                _folder.In("a"),
                stream =>
                {
                    stream.Write(new byte[100_000]);
                    throw new InvalidOperationException("poison");
                }
            )
        );

        Assert.Equal("old", File.ReadAllText(_folder.In("a")));
        Assert.Equal(["a"], Names());
    }

    [Fact]
    public void Write_FolderMissing_SaysSo() =>
        Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.WriteText(_folder.In("none", "a"), "x"));

    [Fact]
    public void Commit_Folder_AppearsWithItsContent()
    {
        using (var folder = new AtomicFolder(_folder.In("target")))
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, "inner"));
            File.WriteAllText(Path.Combine(folder.Path, "inner", "x"), "content");
            Assert.False(Directory.Exists(_folder.In("target")));
            folder.Commit();
        }

        Assert.Equal("content", File.ReadAllText(_folder.In("target", "inner", "x")));
        Assert.Equal(["target"], Names());
    }

    [Fact]
    [Trait("Id", "REL-SAVE-2")]
    public void Dispose_FolderNotCommitted_LeavesNothing()
    {
        using (var folder = new AtomicFolder(_folder.In("target")))
            File.WriteAllText(Path.Combine(folder.Path, "x"), "content");

        Assert.Empty(Names());
    }

    [Fact]
    public void Commit_TargetExists_IsRefusedAndKeepsIt()
    {
        Directory.CreateDirectory(_folder.In("target", "kept"));
        using var folder = new AtomicFolder(_folder.In("target"));

        Assert.Contains("never replaced", Assert.Throws<IOException>(folder.Commit).Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(_folder.In("target", "kept")));
    }

    private IEnumerable<string?> Names() => Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName);
}
