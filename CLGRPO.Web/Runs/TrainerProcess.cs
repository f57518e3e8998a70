using System.Diagnostics;

namespace CLGRPO.Web.Runs;

/// <summary>How the trainer's program is started: without a shell, and with no more of the site's environment than it needs.</summary>
internal static class TrainerProcess
{
    /// <summary>What it is told of the site's environment; the rest may hold secrets.</summary>
    private static readonly string[] Handed =
    [
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "TORCH_DIR",
        "CLGRPO_DEVICE",
    ];
    private static readonly string[] HandedPrefixes =
    [
        "DOTNET_",
        "CUDA_",
        "NVIDIA_",
        "OMP_",
        "MKL_",
        "OPENBLAS_",
        "LC_",
    ];

    /// <summary>What to start, its three streams redirected.</summary>
    /// <param name="settings">Names the program.</param>
    /// <param name="workingDirectory">Where it runs.</param>
    /// <param name="command">Of the program's.</param>
    /// <param name="options">Of the command; one whose value is null is left out, one whose value is empty stands alone.</param>
    /// <param name="before">A program that starts it, with its arguments, such as nice.</param>
    public static ProcessStartInfo Describe(
        TrainingOptions settings,
        string workingDirectory,
        string command,
        IReadOnlyList<(string Option, string? Value)> options,
        params IReadOnlyList<string> before
    )
    {
        var dotnet = Environment.ProcessPath is { } host && IsDotnet(host) ? host : "dotnet";
        string[] words =
        [
            .. before,
            dotnet,
            "exec",
            settings.Trainer ?? Path.Combine(AppContext.BaseDirectory, "CLGRPO.Training.dll"),
            command,
            .. options.Where(option => option.Value is not null).SelectMany(Words),
        ];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            UseShellExecute = false,
            // Pipes of its own: a process that outlives the site must not hold open what the site writes to.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory,
        };
        foreach (var name in start.Environment.Keys.Where(name => !IsHanded(name)).ToList())
            start.Environment.Remove(name);
        return start;
    }

    private static string[] Words((string Option, string? Value) option) =>
        option.Value!.Length > 0 ? [option.Option, option.Value] : [option.Option];

    private static bool IsDotnet(string path) => Path.GetFileNameWithoutExtension(path) == "dotnet";

    private static bool IsHanded(string name) =>
        Handed.Contains(name, StringComparer.Ordinal)
        || HandedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
