using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace CLGRPO.Data.Store;

/// <summary>
/// EF Core is compiled against SQLitePCLRaw 2.1; package sources that have only 2.0 give assemblies of a lower version, which the runtime
/// refuses by itself. The API that EF Core uses is the same in both, so any version that is there is taken.
/// </summary>
internal static class SqliteAssemblies
{
    [ModuleInitializer]
    [SuppressMessage(
        "Usage",
        "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "It must come before the first use of SQLite, wherever that is."
    )]
    internal static void Register() => AssemblyLoadContext.Default.Resolving += Resolve;

    // A name without a version fits any version, and does not come here a second time.
    private static Assembly? Resolve(AssemblyLoadContext context, AssemblyName name) =>
        name is { Name: { } simple, Version: not null } && simple.StartsWith("SQLitePCLRaw", StringComparison.Ordinal)
            ? context.LoadFromAssemblyName(new AssemblyName(simple))
            : null;
}
