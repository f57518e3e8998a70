using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CLGRPO.Web.Accounts;

/// <summary>Random secrets, and the hash that is kept of them.</summary>
public static class Secrets
{
    private const int Bytes = 32;

    /// <summary>256 random bits, in letters that a URL takes.</summary>
    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>SHA-256, hexadecimal. A secret of 256 random bits needs no slow hash.</summary>
    public static string Hash(string secret) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>Whether <paramref name="secret"/> has the hash, in a time that tells nothing.</summary>
    public static bool Matches(string secret, string hash) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret)), Encoding.ASCII.GetBytes(hash));
}
