using Microsoft.AspNetCore.Identity;

namespace CLGRPO.Web.Accounts;

/// <summary>A person with an account.</summary>
public sealed class User : IdentityUser
{
    /// <summary>An admin took the access away; the account stays, for the history.</summary>
    public bool Blocked { get; set; }

    public DateTime CreatedAt { get; init; }

    /// <summary>The last time they signed in; null before the first.</summary>
    public DateTime? SignedInAt { get; set; }
}
