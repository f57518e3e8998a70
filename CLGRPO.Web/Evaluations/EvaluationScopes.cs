namespace CLGRPO.Web.Evaluations;

/// <summary>What a program may do with evaluations.</summary>
public static class EvaluationScopes
{
    public const string Read = "evaluations:read";

    /// <summary>Ordering and deleting.</summary>
    public const string Write = "evaluations:write";
}
