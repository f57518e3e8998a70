namespace CLGRPO.Web.Reviews;

/// <summary>Authorisation policies of the reviews, which are scopes of API keys too.</summary>
public static class ReviewScopes
{
    /// <summary>See batches, progress, agreement and guidelines.</summary>
    public const string Read = "reviews:read";

    /// <summary>Take items and judge them.</summary>
    public const string Write = "reviews:write";

    /// <summary>Make batches, decide conflicts, judge over a filter, write guidelines.</summary>
    public const string Manage = "reviews:manage";
}
