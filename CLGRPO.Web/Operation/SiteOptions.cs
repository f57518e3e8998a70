using CLGRPO.Data.Commands;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Operation;

/// <summary>The settings of the site: section <c>Site</c> of appsettings.json, or variables such as <c>Site__Runs</c>.</summary>
public sealed class SiteOptions
{
    public const string Section = "Site";

    /// <summary>Folder of the data sets; relative to where the site is started.</summary>
    public string Datasets { get; set; } = "datasets";

    /// <summary>SQLite file, or a PostgreSQL connection string; empty: CLGRPO_DATABASE, else clgrpo.db in the folder of the data sets.</summary>
    public string Database { get; set; } = "";

    /// <summary>Folder of the runs.</summary>
    public string Runs { get; set; } = "runs";

    /// <summary>Folder of what the site keeps for itself: saved recipes, and the keys that seal cookies.</summary>
    public string State { get; set; } = "data";

    /// <summary>Names under which the site may be called, separated by semicolons. What else a browser asks for is refused.</summary>
    public string AllowedHosts { get; set; } = "localhost;127.0.0.1;[::1]";

    /// <summary>Whether the site may listen without https on addresses that other machines reach, as behind a proxy.</summary>
    public bool AllowRemote { get; set; }

    /// <summary>Tries to sign in per minute and address.</summary>
    public int SignInsPerMinute { get; set; } = 20;

    /// <summary>API requests per minute and key or person.</summary>
    public int ApiRequestsPerMinute { get; set; } = 1200;

    /// <summary>Pages that one person has open at once.</summary>
    public int PagesPerPerson { get; set; } = 10;

    /// <summary>How long the head of a request may take to arrive, seconds.</summary>
    public int HeaderSeconds { get; set; } = 15;

    /// <summary>How long a connection on which nothing is asked stays open, seconds.</summary>
    public int IdleSeconds { get; set; } = 60;

    /// <summary>How often an open page looks whether its person may still see it, seconds.</summary>
    public int IdentityCheckSeconds { get; set; } = 5;

    /// <summary>Free space below which the site reports itself as not healthy, MiB.</summary>
    public int MinFreeDiskMiB { get; set; } = 512;

    /// <summary>How long a stop waits for requests in progress, seconds.</summary>
    public int ShutdownSeconds { get; set; } = 10;

    public string KeysPath => Path.Combine(Path.GetFullPath(State), "keys");
    public string RecipesPath => Path.Combine(Path.GetFullPath(State), "recipes");
    public string RunsPath => Path.GetFullPath(Runs);
    public string DatasetsPath => Path.GetFullPath(Datasets);

    public StoreOptions Store =>
        new(
            Database.Length > 0 ? Database
            : Environment.GetEnvironmentVariable(StoreArguments.DatabaseVariable) is { Length: > 0 } set ? set
            : Path.Combine(DatasetsPath, "clgrpo.db")
        );
}
