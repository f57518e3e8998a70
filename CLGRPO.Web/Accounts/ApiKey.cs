namespace CLGRPO.Web.Accounts;

/// <summary>A key of a program. Only its hash is kept.</summary>
public sealed class ApiKey
{
    public long Id { get; init; }

    /// <summary>What uses it, such as <c>ci-nightly</c>; a client has at most two live keys, to change one for the other.</summary>
    public required string Client { get; init; }

    /// <summary>The first characters, by which people tell keys apart.</summary>
    public required string Prefix { get; init; }

    /// <summary>SHA-256 of the whole key, hexadecimal.</summary>
    public required string Hash { get; init; }

    /// <summary>What it may do (<see cref="Accounts.Scopes"/>), separated by spaces.</summary>
    public required string Scopes { get; init; }

    public required string CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime ExpiresAt { get; init; }
    public DateTime? UsedAt { get; set; }
    public DateTime? RevokedAt { get; set; }

    public bool IsLive(DateTime now) => RevokedAt is null && now < ExpiresAt;
}
