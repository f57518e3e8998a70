using CLGRPO.Training.Planning;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Planning;

public sealed class MachineMemoryTests
{
    private const string MemInfo =
        "MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:   20000000 kB\n";

    [Fact]
    public void AvailableHostBytes_NoControlGroup_IsTheKernelsFigure()
    {
        using var root = Machine((path: "proc/meminfo", text: MemInfo));
        Assert.Equal(20_000_000L * 1024, MachineMemory.AvailableHostBytes(root.Path));
    }

    [Fact]
    public void AvailableHostBytes_ContainerWithALimit_IsWhatTheLimitLeaves()
    {
        using var root = Machine(
            ("proc/meminfo", MemInfo),
            ("sys/fs/cgroup/memory.max", "8000000000\n"),
            ("sys/fs/cgroup/memory.current", "3000000000\n"),
            ("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 500000000\n")
        );
        Assert.Equal(5_500_000_000, MachineMemory.AvailableHostBytes(root.Path));
    }

    [Fact]
    public void AvailableHostBytes_OwnControlGroup_CountsBeforeTheRoots()
    {
        using var root = Machine(
            ("proc/meminfo", MemInfo),
            ("proc/self/cgroup", "0::/job\n"),
            ("sys/fs/cgroup/memory.max", "8000000000\n"),
            ("sys/fs/cgroup/memory.current", "0\n"),
            ("sys/fs/cgroup/job/memory.max", "2000000000\n"),
            ("sys/fs/cgroup/job/memory.current", "0\n")
        );
        Assert.Equal(2_000_000_000, MachineMemory.AvailableHostBytes(root.Path));
    }

    [Fact]
    public void AvailableHostBytes_NoLimit_IsTheKernelsFigure()
    {
        using var root = Machine(
            ("proc/meminfo", MemInfo),
            ("sys/fs/cgroup/memory.max", "max\n"),
            ("sys/fs/cgroup/memory.current", "3000000000\n")
        );
        Assert.Equal(20_000_000L * 1024, MachineMemory.AvailableHostBytes(root.Path));
    }

    private static TemporaryFolder Machine(params (string path, string text)[] files)
    {
        var root = new TemporaryFolder();
        foreach (var (path, text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(root.File(path))!);
            File.WriteAllText(root.File(path), text);
        }
        return root;
    }
}
