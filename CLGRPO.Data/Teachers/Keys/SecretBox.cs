using System.Security.Cryptography;
using System.Text;
using CLGRPO.Data.Files;
using CLGRPO.Data.Teachers.Network;

namespace CLGRPO.Data.Teachers.Keys;

/// <summary>
/// Seals API keys for the database. A sealed key opens only with the key file and only for the origin it was stored for, so neither a
/// copy of the database nor an edited endpoint gives it away (A-SSRF-4, A-SEC-LEAK).
/// </summary>
/// <remarks>AES-256-GCM; a sealed key is version (1), nonce (12), tag (16), text. The origin is authenticated with it.</remarks>
public sealed class SecretBox
{
    private const byte Version = 1;
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeaderBytes = 1 + NonceBytes + TagBytes;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly byte[] _key;

    private SecretBox(byte[] key) => _key = key;

    /// <summary>Opens the key file, made where there is none: 32 random bytes that only the owner may read.</summary>
    /// <param name="path">Usually <c>clgrpo.key</c> beside the database. Whoever backs up the database backs it up elsewhere.</param>
    /// <exception cref="InvalidDataException">The file has another length.</exception>
    /// <exception cref="UnauthorizedAccessException">Others may read the file.</exception>
    public static SecretBox Open(string path)
    {
        if (!File.Exists(path))
        {
            Create(path);
        }
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != UnixFileMode.None)
        {
            throw new UnauthorizedAccessException(
                $"'{path}' seals the API keys and others may read it; allow only its owner: chmod 600 '{path}'."
            );
        }
        var key = File.ReadAllBytes(path);
        return key.Length == KeyBytes
            ? new SecretBox(key)
            : throw new InvalidDataException(
                $"'{path}' has {key.Length} bytes, not {KeyBytes}; restore it from its backup."
            );
    }

    public byte[] Seal(Secret secret, Origin origin)
    {
        var text = Encoding.UTF8.GetBytes(secret.Reveal());
        var box = new byte[HeaderBytes + text.Length];
        box[0] = Version;
        var nonce = box.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(nonce, text, box.AsSpan(HeaderBytes), box.AsSpan(1 + NonceBytes, TagBytes), Bound(origin));
        return box;
    }

    /// <exception cref="InvalidDataException">The key was sealed for another origin or with another key file.</exception>
    public Secret Unseal(ReadOnlySpan<byte> box, Origin origin)
    {
        if (box.Length <= HeaderBytes || box[0] != Version)
        {
            throw CannotOpen(origin);
        }
        var text = new byte[box.Length - HeaderBytes];
        using var aes = new AesGcm(_key, TagBytes);
        try
        {
            aes.Decrypt(
                box.Slice(1, NonceBytes),
                box[HeaderBytes..],
                box.Slice(1 + NonceBytes, TagBytes),
                text,
                Bound(origin)
            );
        }
        catch (AuthenticationTagMismatchException)
        {
            throw CannotOpen(origin);
        }
        return new Secret(Encoding.UTF8.GetString(text));
    }

    private static byte[] Bound(Origin origin) => Encoding.UTF8.GetBytes($"clgrpo teacher key for {origin}");

    private static InvalidDataException CannotOpen(Origin origin) =>
        new(
            $"The stored key does not open for {origin}: it was stored for another origin or sealed with another key file. Enter it again."
        );

    // Another process may create it at the same time: the first one's stays.
    private static void Create(string path)
    {
        var temporary = AtomicFile.TemporaryName(Path.GetFullPath(path));
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }
            using (var file = new FileStream(temporary, options))
            {
                file.Write(RandomNumberGenerator.GetBytes(KeyBytes));
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Read below in Open.
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
