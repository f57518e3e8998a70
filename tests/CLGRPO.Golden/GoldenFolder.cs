namespace CLGRPO.Golden;

/// <summary>Finds the golden numbers on disk.</summary>
internal static class GoldenFolder
{
    /// <summary>Names another set of golden numbers of the same form.</summary>
    public const string Variable = "CLGRPO_GOLDEN";

    /// <summary>The folder <see cref="Variable"/> names, else tests/golden above the executable.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static string Find()
    {
        var named = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
        {
            return Directory.Exists(named)
                ? Path.GetFullPath(named)
                : throw new DirectoryNotFoundException($"{Variable} names “{named}”, which is not a folder.");
        }
        for (var above = new DirectoryInfo(AppContext.BaseDirectory); above is not null; above = above.Parent)
        {
            var candidate = Path.Combine(above.FullName, "tests", "golden");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }
        throw new DirectoryNotFoundException(
            $"No tests/golden above {AppContext.BaseDirectory}; set {Variable} to the folder of golden numbers."
        );
    }
}
