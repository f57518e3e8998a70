using System.Globalization;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>The right to work on a job, for one process at a time; the kernel takes it back when the process ends, however it ends.</summary>
internal static class JobLock
{
    /// <exception cref="ConstructionException">Another process has it.</exception>
    public static FileStream Take(string root, long jobId)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(root, jobId))!);
        try
        {
            return new FileStream(PathOf(root, jobId), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new ConstructionException($"Another process works on construction {jobId}.", e);
        }
    }

    /// <summary>Whether some process has it.</summary>
    public static bool IsTaken(string root, long jobId)
    {
        if (!File.Exists(PathOf(root, jobId)))
            return false;
        try
        {
            using var free = new FileStream(PathOf(root, jobId), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static string PathOf(string root, long jobId) =>
        Path.Combine(root, "jobs", jobId.ToString(CultureInfo.InvariantCulture) + ".lock");
}
