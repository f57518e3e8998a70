using CLGRPO.Data.Teachers.Keys;
using CLGRPO.Data.Teachers.Network;

namespace CLGRPO.Data.Tests.Teachers.Keys;

public sealed class SecretBoxTests : IDisposable
{
    private static readonly Origin Here = new("https", "api.example.org", 443);
    private readonly TemporaryFolder _folder = new();

    private string KeyFile => _folder.In("clgrpo.key");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Unseal_SameOriginAndKeyFile_GivesTheSecret()
    {
        var box = SecretBox.Open(KeyFile).Seal(new Secret("sk-canary-1"), Here);

        Assert.Equal("sk-canary-1", SecretBox.Open(KeyFile).Unseal(box, Here).Reveal());
    }

    [Theory]
    [Trait("Id", "A-SSRF-4")]
    [InlineData("http", "api.example.org", 443)]
    [InlineData("https", "api.example.net", 443)]
    [InlineData("https", "api.example.org", 8443)]
    public void Unseal_OtherOrigin_DoesNotOpen(string scheme, string host, int port)
    {
        var keys = SecretBox.Open(KeyFile);
        var box = keys.Seal(new Secret("sk-canary-1"), Here);

        Assert.Throws<InvalidDataException>(() => keys.Unseal(box, new Origin(scheme, host, port)));
    }

    [Fact]
    public void Unseal_OtherKeyFileOrAnyBitChanged_DoesNotOpen()
    {
        var keys = SecretBox.Open(KeyFile);
        var box = keys.Seal(new Secret("sk-canary-1"), Here);

        Assert.Throws<InvalidDataException>(() => SecretBox.Open(_folder.In("other.key")).Unseal(box, Here));
        Assert.Throws<InvalidDataException>(() => keys.Unseal([], Here));
        for (var bit = 0; bit < box.Length * 8; bit++)
        {
            box[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<InvalidDataException>(() => keys.Unseal(box, Here));
            box[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    [Trait("Id", "A-SEC-LEAK")]
    public void Seal_HidesTheSecretAndNeverRepeats()
    {
        var keys = SecretBox.Open(KeyFile);

        var (first, second) = (keys.Seal(new Secret("sk-canary-1"), Here), keys.Seal(new Secret("sk-canary-1"), Here));

        Assert.NotEqual(first, second);
        Assert.True(first.AsSpan().IndexOf("sk-canary"u8) < 0);
    }

    [Fact]
    [Trait("Id", "A-SEC-LEAK")]
    public void Open_KeyFile_IsForItsOwnerOnly()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such file modes.");
        _ = SecretBox.Open(KeyFile);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var error = Assert.Throws<UnauthorizedAccessException>(() => SecretBox.Open(KeyFile));
        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ManyAtOnce_OneKey()
    {
        var boxes = new SecretBox[16];
        Parallel.For(0, boxes.Length, i => boxes[i] = SecretBox.Open(KeyFile));
        var box = boxes[0].Seal(new Secret("sk-canary-1"), Here);

        Assert.All(boxes, keys => Assert.Equal("sk-canary-1", keys.Unseal(box, Here).Reveal()));
        Assert.Equal([KeyFile], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    [Trait("Id", "A-SEC-LEAK")]
    public void Secret_Shown_IsStars()
    {
        var secret = new Secret(" sk-canary-1\n");

        Assert.Equal("***", secret.ToString());
        Assert.Equal("***", $"{secret}");
        Assert.DoesNotContain("canary", System.Text.Json.JsonSerializer.Serialize(secret), StringComparison.Ordinal);
        Assert.Equal("sk-canary-1", secret.Reveal());
    }

    [Theory]
    [Trait("Id", "A-SEC-LEAK")]
    [InlineData("")]
    [InlineData("sk canary")]
    [InlineData("sk-canary\r\nX-Other: 1")]
    [InlineData("sk-canärie")]
    public void Secret_NoHeaderValue_IsRefusedWithoutShowingIt(string text)
    {
        var error = Assert.Throws<ArgumentException>(() => new Secret(text));

        Assert.DoesNotContain("canar", error.Message, StringComparison.Ordinal);
    }
}
