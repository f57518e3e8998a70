namespace CLGRPO.Web.Tests;

/// <summary>Where the tests find what the build made.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    /// <summary>The site as it is run: the build of its own project, with scripts and styles.</summary>
    public static string Site { get; } =
        Path.Combine(Root, "CLGRPO.Web", "bin", Configuration, "net10.0", "CLGRPO.Web.dll");

    public static string Axe { get; } = Path.Combine(Root, "wwwroot-assets", "node_modules", "axe-core", "axe.min.js");

    private static string Configuration =>
        AppContext.BaseDirectory.Contains("/Debug/", StringComparison.Ordinal) ? "Debug" : "Release";

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CLGRPO.sln")))
            folder =
                Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException("The tests run inside a checkout.");
        return folder;
    }
}
