using System.Runtime.InteropServices;

namespace CLGRPO.Training.Compute;

/// <summary>
/// Tells the C library to keep freed memory. A training step frees and asks for the same few megabytes thousands of
/// times; by default glibc returns them to the kernel each time and pays for fresh zeroed pages (a sixth of a step here).
/// </summary>
internal static partial class HostAllocator
{
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;
    private const int ArenaMax = -8;

    private static readonly Lazy<bool> Kept = new(() =>
    {
        if (
            !OperatingSystem.IsLinux()
            || RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
        )
            return false;
        // One arena, since only the main one grows without bound; 32 MiB is the largest threshold glibc takes.
        return Set(ArenaMax, 1) & Set(MmapThreshold, 32 << 20) & Set(TrimThreshold, int.MaxValue);
    });

    /// <returns>False where the C library has no such settings; only speed differs.</returns>
    public static bool KeepFreedMemory() => Kept.Value;

    private static bool Set(int option, int value) => mallopt(option, value) == 1;

    [LibraryImport("libc")]
    private static partial int mallopt(int option, int value);
}
