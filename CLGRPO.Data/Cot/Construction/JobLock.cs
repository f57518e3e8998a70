using System.Globalization;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>The right to work on a job, for one process at a time; the kernel takes it back when the process ends, however it ends.</summary>
internal static class JobLock
{
    /// <exception cref="ConstructionException">Another process has it.</exception>
    public static FileStream Take(string root, long jobId)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "jobs")).FullName;
        try
        {
            return new FileStream(
                Path.Combine(folder, jobId.ToString(CultureInfo.InvariantCulture) + ".lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (IOException e)
        {
            throw new ConstructionException($"Another process works on construction {jobId}.", e);
        }
    }
}
