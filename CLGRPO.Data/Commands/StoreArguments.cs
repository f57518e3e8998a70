using System.CommandLine;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers.Keys;

namespace CLGRPO.Data.Commands;

/// <summary>The options of every command that uses the store: where it is, and where the files of the data sets are.</summary>
public sealed class StoreArguments
{
    /// <summary>Names the database where <c>--database</c> does not.</summary>
    public const string DatabaseVariable = "CLGRPO_DATABASE";

    /// <summary>Names the file that seals API keys where it is not <c>clgrpo.key</c> beside the database.</summary>
    public const string KeyFileVariable = "CLGRPO_KEY_FILE";
    private readonly Option<string?> _database = new("--database")
    {
        Description =
            $"SQLite file, or a PostgreSQL connection string with Host=; ${DatabaseVariable}, else clgrpo.db in the folder of the data sets",
        Recursive = true,
    };
    private readonly Option<string> _root = new("--root")
    {
        Description = "Folder of the data sets",
        DefaultValueFactory = _ => "datasets",
        Recursive = true,
    };

    public void AddTo(Command command)
    {
        command.Add(_database);
        command.Add(_root);
    }

    /// <summary>The folder of the data sets.</summary>
    public string Root(ParseResult parsed) => parsed.GetValue(_root)!;

    /// <summary>Where the database is.</summary>
    public StoreOptions Options(ParseResult parsed) =>
        new(
            parsed.GetValue(_database) is { Length: > 0 } given ? given
            : Environment.GetEnvironmentVariable(DatabaseVariable) is { Length: > 0 } set ? set
            : Path.Combine(Root(parsed), "clgrpo.db")
        );

    /// <summary>Whether there is a store to open without making one.</summary>
    public bool Exists(ParseResult parsed) =>
        Options(parsed) is { IsPostgres: true } || File.Exists(Options(parsed).Connection);

    /// <summary>Opens the store, made where there is none.</summary>
    public StoreFactory Open(ParseResult parsed)
    {
        var options = Options(parsed);
        if (!options.IsPostgres && Path.GetDirectoryName(Path.GetFullPath(options.Connection)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }
        return StoreFactory.Open(options);
    }

    /// <summary>Opens the file that seals API keys, made where there is none.</summary>
    public SecretBox Keys(ParseResult parsed) => OpenKeys(Options(parsed), Root(parsed));

    /// <inheritdoc cref="Keys"/>
    /// <param name="options">Where the database is; the file lies beside it.</param>
    /// <param name="root">Folder of the data sets, where the file lies with a database on a server.</param>
    public static SecretBox OpenKeys(StoreOptions options, string root)
    {
        if (Environment.GetEnvironmentVariable(KeyFileVariable) is { Length: > 0 } set)
        {
            return SecretBox.Open(set);
        }
        var folder = options.IsPostgres ? root : Path.GetDirectoryName(Path.GetFullPath(options.Connection))!;
        Directory.CreateDirectory(folder);
        return SecretBox.Open(Path.Combine(folder, "clgrpo.key"));
    }

    /// <summary>Who is at the keyboard, for the audit.</summary>
    public static string Actor => $"cli:{Environment.UserName}";
}
