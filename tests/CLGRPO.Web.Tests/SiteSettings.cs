using Microsoft.AspNetCore.Hosting;

namespace CLGRPO.Web.Tests;

/// <summary>What sites within the test's process have in common.</summary>
internal static class SiteSettings
{
    /// <summary>As it is run, over these folders; of its log only what is wrong is printed among the tests' results.</summary>
    public static IWebHostBuilder UseSite(this IWebHostBuilder host, string datasets, string runs, string state) =>
        host.UseEnvironment("Production")
            .UseSetting("Logging:LogLevel:Default", "Warning")
            .UseSetting("Logging:LogLevel:Microsoft.Hosting.Lifetime", "Warning")
            .UseSetting("Site:Datasets", datasets)
            .UseSetting("Site:Runs", runs)
            .UseSetting("Site:State", state);

    /// <summary>As it is run, over folders in this one.</summary>
    public static IWebHostBuilder UseSite(this IWebHostBuilder host, string folder) =>
        host.UseSite(Path.Combine(folder, "datasets"), Path.Combine(folder, "runs"), Path.Combine(folder, "data"));
}
