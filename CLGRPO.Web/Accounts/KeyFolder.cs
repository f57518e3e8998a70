using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace CLGRPO.Web.Accounts;

/// <summary>The keys that seal cookies and forms, in files that only the owner can read: a restart signs nobody out.</summary>
public sealed class KeyFolder : IXmlRepository
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _path;

    public KeyFolder(string path)
    {
        _path = path;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. Directory.EnumerateFiles(_path, "*.xml").Select(file => XElement.Load(file))];

    public void StoreElement(XElement element, string friendlyName)
    {
        var target = Path.Combine(_path, $"{Path.GetFileName(friendlyName)}.xml");
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(temporary, options))
        {
            element.Save(file);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, target, overwrite: true);
    }
}
