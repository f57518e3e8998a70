namespace CLGRPO.Data.Store;

/// <summary>Where the database is.</summary>
/// <param name="Connection">
/// The path of a SQLite file, or a PostgreSQL connection string (it contains <c>Host=</c>).
/// </param>
public sealed record StoreOptions(string Connection)
{
    /// <summary>Whether <see cref="Connection"/> names a PostgreSQL server.</summary>
    public bool IsPostgres => Connection.Contains("Host=", StringComparison.OrdinalIgnoreCase);
}
