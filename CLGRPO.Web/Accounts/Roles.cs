namespace CLGRPO.Web.Accounts;

/// <summary>What a person may do; everyone has exactly one.</summary>
public static class Roles
{
    /// <summary>People, keys, operation, and all below.</summary>
    public const string Admin = "Admin";

    /// <summary>Data, runs, results.</summary>
    public const string Researcher = "Researcher";

    /// <summary>Judges chains of thought, and looks.</summary>
    public const string Annotator = "Annotator";

    /// <summary>Looks.</summary>
    public const string Viewer = "Viewer";

    public static IReadOnlyList<string> All { get; } = [Admin, Researcher, Annotator, Viewer];

    /// <exception cref="AccountException">There is no such role.</exception>
    public static string Checked(string role) =>
        All.Contains(role, StringComparer.Ordinal)
            ? role
            : throw new AccountException($"There is no role '{role}'; there are {string.Join(", ", All)}.");
}
