namespace CLGRPO.Web.Accounts;

/// <summary>A link that makes one account. Only the hash of its token is kept.</summary>
public sealed class Invitation
{
    public long Id { get; init; }

    /// <summary>SHA-256 of the token, hexadecimal.</summary>
    public required string TokenHash { get; init; }

    /// <summary>The role of the account that it makes.</summary>
    public required string Role { get; init; }

    /// <summary>The user who invites; null for the link of the first start.</summary>
    public string? CreatedBy { get; init; }

    public DateTime CreatedAt { get; init; }
    public DateTime ExpiresAt { get; init; }
    public DateTime? UsedAt { get; set; }

    /// <summary>The name of the account that it made.</summary>
    public string? UsedBy { get; set; }

    public DateTime? WithdrawnAt { get; set; }

    public bool IsOpen(DateTime now) => UsedAt is null && WithdrawnAt is null && now < ExpiresAt;
}
