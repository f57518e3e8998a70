namespace CLGRPO.Web.Runs;

/// <summary>Authorisation policies of the runs, which are scopes of API keys too.</summary>
public static class RunScopes
{
    /// <summary>See runs, their metrics, rollouts and logs, also as they happen.</summary>
    public const string Read = "runs:read";

    /// <summary>Start, change and end runs.</summary>
    public const string Write = "runs:write";
}
