namespace CLGRPO.Web.Operation;

/// <summary>What the machine has left.</summary>
public static class Machine
{
    /// <summary>Bytes that the site may still write where <paramref name="path"/> is or will be.</summary>
    public static long FreeDiskBytes(string path) => Drive(path).AvailableFreeSpace;

    /// <summary>Size of the disk where <paramref name="path"/> is or will be, bytes.</summary>
    public static long DiskBytes(string path) => Drive(path).TotalSize;

    /// <summary>Memory of the machine (or of its container), and what of it is in use by the whole machine; bytes.</summary>
    public static (long Used, long Total) Memory()
    {
        var info = GC.GetGCMemoryInfo();
        return (info.MemoryLoadBytes, info.TotalAvailableMemoryBytes);
    }

    private static DriveInfo Drive(string path)
    {
        var folder = Path.GetFullPath(path);
        while (!Directory.Exists(folder))
            folder = Path.GetDirectoryName(folder)!;
        return new DriveInfo(folder);
    }
}
