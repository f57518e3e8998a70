using System.Net;
using System.Net.Sockets;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Network;

namespace CLGRPO.Data.Tests.Teachers.Network;

public sealed class TeacherEndpointTests
{
    [Theory]
    [InlineData("https://api.example.org/v1", "https://api.example.org:443", "/v1")]
    [InlineData("https://api.example.org/v1/", "https://api.example.org:443", "/v1")]
    [InlineData("http://gpu-7:8000/v1", "http://gpu-7:8000", "/v1")]
    [InlineData("http://10.0.0.7:8000", "http://10.0.0.7:8000", "")]
    [InlineData("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000", "/v1")]
    [InlineData("http://[::1]:8000/v1", "http://[::1]:8000", "/v1")]
    [InlineData("http://[FD00::7]:8000/v1", "http://[fd00::7]:8000", "/v1")]
    [InlineData("https://xn--bcher-kva.example/v1beta/openai", "https://xn--bcher-kva.example:443", "/v1beta/openai")]
    public void Parse_GoodEndpoint_IsRead(string text, string origin, string path)
    {
        var endpoint = TeacherEndpoint.Parse(text);

        Assert.Equal((origin, path), (endpoint.Origin.ToString(), endpoint.Path));
        Assert.Equal($"{path}/chat/completions", endpoint.ChatCompletions.AbsolutePath);
    }

    public static TheoryData<string> OddSpellings =>
        [
            "http://127.1:PORT/v1",
            "http://127.0.1:PORT/v1",
            "http://0x7f000001:PORT/v1",
            "http://0x7f.0.0.1:PORT/v1",
            "http://2130706433:PORT/v1",
            "http://017700000001:PORT/v1",
            "http://0177.0.0.1:PORT/v1",
            "http://127.0.0.01:PORT/v1",
            "http://127.0.0.1.:PORT/v1",
            "http://127.0.0.256:PORT/v1",
            "http://[::ffff:127.0.0.1]:PORT/v1",
            "http://[::ffff:7f00:1]:PORT/v1",
            "http://[::1%25lo]:PORT/v1",
            "http://[::1:PORT/v1",
            "http://evil@127.0.0.1:PORT/v1",
            "http://good.example:80@127.0.0.1:PORT/v1",
            "http://good.example\\@127.0.0.1:PORT/v1",
            "http://127.0.0.1:PORT\\@good.example/v1",
            "http:\\\\127.0.0.1:PORT/v1",
            "http:/127.0.0.1:PORT/v1",
            "http:127.0.0.1:PORT/v1",
            "//127.0.0.1:PORT/v1",
            "127.0.0.1:PORT/v1",
            "HTTP://127.0.0.1:PORT/v1",
            " http://127.0.0.1:PORT/v1",
            "http://127.0.0.1:PORT/v1 ",
            "http://127.0.0.1 :PORT/v1",
            "http://127.0.0.1:+PORT/v1",
            "http://127.0.0.1:0PORT/v1",
            "http://127.0.0.1:/v1",
            "http://127.0.0.1:65536/v1",
            "http://127.0.0.1:99999PORT/v1",
            "http://127.0.0.1:PORT/v1?x=1",
            "http://127.0.0.1:PORT/v1#x",
            "http://127.0.0.1:PORT?x",
            "http://127.0.0.1:PORT/../v1",
            "http://127.0.0.1:PORT/v1/%2e%2e/x",
            "http://127.0.0.1:PORT/v1//x",
            "http://127.0.0.1:PORT/v1\r\nHost: evil",
            "http://127.0.0.1\u0000.example:PORT/v1",
            "http://localhost.:PORT/v1",
            "http://LOCALHOST:PORT/v1",
            "http://local_host:PORT/v1",
            "http://l\u00F6calhost:PORT/v1",
            "http://\uFF11\uFF12\uFF17.0.0.1:PORT/v1",
            "http://\u2460\u2461\u2466.0.0.1:PORT/v1",
            "http://127\u30020\u30020\u30021:PORT/v1",
            "http://-localhost:PORT/v1",
            "http://:PORT/v1",
            "http:///v1",
            "http://",
            "",
            "gopher://127.0.0.1:PORT/v1",
            "file:///etc/passwd",
            "file://127.0.0.1:PORT/v1",
            "ftp://127.0.0.1:PORT/v1",
            "unix:/run/docker.sock",
            "data:text/plain,x",
            "javascript:alert(1)",
            "http://127.0.0.1:22/v1",
            "http://127.0.0.1:25/v1",
            "http://169.254.169.254:PORT/v1",
            "http://169.254.0.1:PORT/v1",
            "http://[fe80::1]:PORT/v1",
            "http://[fd00:ec2::254]:PORT/v1",
            "http://[FD00:0EC2:0:0:0:0:0:0254]:PORT/v1",
            "http://0.0.0.0:PORT/v1",
            "http://0.1.2.3:PORT/v1",
            "http://[::]:PORT/v1",
            "http://224.0.0.1:PORT/v1",
            "http://255.255.255.255:PORT/v1",
            "http://[ff02::1]:PORT/v1",
            "http://100.100.100.200:PORT/v1",
            "http://[64:ff9b::a9fe:a9fe]:PORT/v1",
            "http://[2002:a9fe:a9fe::]:PORT/v1",
            "http://[::169.254.169.254]:PORT/v1",
            "http://metadata.google.internal:PORT/v1",
            "http://metadata:PORT/v1",
            "http://instance-data:PORT/v1",
        ];

    // Somebody listens on the port, and is allowed under its one good spelling; by any other nobody comes.
    [Theory]
    [Trait("Id", "A-SSRF-1")]
    [MemberData(nameof(OddSpellings))]
    public void Create_OddSpelling_IsRefusedAndNothingConnects(string spelling)
    {
        using var spy = new SocketSpy();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var url = spelling.Replace("PORT", $"{port}", StringComparison.Ordinal);
        var good = TeacherEndpoint.Parse($"http://127.0.0.1:{port}/v1").Origin;
        var factory = new TeacherFactory(
            new OriginAllowList([good, good with { Host = "localhost" }, good with { Scheme = "https" }]),
            TeacherTesting.NoKeys
        );

        Assert.Throws<ArgumentException>(() => TeacherEndpoint.Parse(url));
        var error = Assert.Throws<TeacherException>(() => factory.Create(TeacherTesting.Settings(url)));

        Assert.Equal(TeacherFault.Forbidden, error.Fault);
        Assert.False(error.MayHelpToRetry);
        Assert.False(spy.HasConnectedTo(port));
        Assert.False(listener.Pending());
    }

    [Theory]
    [Trait("Id", "A-SSRF-1")]
    [InlineData("http://127.0.0.1:8001/v1")]
    [InlineData("https://127.0.0.1:8000/v1")]
    [InlineData("http://localhost:8000/v1")]
    [InlineData("http://127.0.0.2:8000/v1")]
    [InlineData("http://[::1]:8000/v1")]
    public void Create_OriginNotOnTheList_IsRefused(string url)
    {
        var list = new OriginAllowList([new Origin("http", "127.0.0.1", 8000)]);

        var error = Assert.Throws<TeacherException>(() =>
            new TeacherFactory(list, TeacherTesting.NoKeys).Create(TeacherTesting.Settings(url))
        );

        Assert.Equal(TeacherFault.Forbidden, error.Fault);
        Assert.Contains("teachers allow", error.Message, StringComparison.Ordinal);
    }
}
