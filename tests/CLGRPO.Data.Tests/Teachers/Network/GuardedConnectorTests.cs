using System.Net;
using System.Net.Sockets;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Network;
using static CLGRPO.Data.Tests.Teachers.TeacherTesting;

namespace CLGRPO.Data.Tests.Teachers.Network;

public sealed class GuardedConnectorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    // What a name may lead to, among other addresses or alone.
    [Theory]
    [Trait("Id", "A-SSRF-1")]
    [Trait("Id", "A-SSRF-2")]
    [InlineData("169.254.169.254")]
    [InlineData("10.0.0.7,169.254.169.254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0.0.0.0")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("::a9fe:a9fe")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%2")]
    [InlineData("febf::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("224.0.0.251")]
    [InlineData("ff02::fb")]
    [InlineData("255.255.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.8.8")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("10.0.0.7,::1")]
    public async Task Ask_NameLeadsToForbiddenAddress_NothingConnects(string addresses)
    {
        var connected = new List<IPEndPoint>();
        using var client = Client(
            "http://gpu-7:8000/v1",
            new GuardedConnector(
                (_, _) => Task.FromResult(addresses.Split(',').Select(IPAddress.Parse).ToArray()),
                (address, _) =>
                {
                    connected.Add(address);
                    throw new SocketException();
                }
            )
        );

        var error = await Assert.ThrowsAsync<TeacherException>(() => client.Ask(Question(Picture(_folder)), Stop));

        Assert.Equal(TeacherFault.Forbidden, error.Fault);
        Assert.Empty(connected);
    }

    [Theory]
    [InlineData("10.0.0.7")]
    [InlineData("192.168.1.7")]
    [InlineData("fd00::7")]
    [InlineData("2001:db8::7,203.0.113.7")]
    public async Task Ask_PrivateOrPublicAddress_IsTried(string addresses)
    {
        var connected = new List<IPAddress>();
        using var client = Client(
            "http://gpu-7:8000/v1",
            new GuardedConnector(
                (_, _) => Task.FromResult(addresses.Split(',').Select(IPAddress.Parse).ToArray()),
                (address, _) =>
                {
                    connected.Add(address.Address);
                    throw new SocketException();
                }
            )
        );

        var error = await Assert.ThrowsAsync<TeacherException>(() => client.Ask(Question(Picture(_folder)), Stop));

        Assert.Equal(TeacherFault.ConnectionLost, error.Fault);
        Assert.Equal(addresses.Split(',').Select(IPAddress.Parse), connected);
    }

    // A name that is public when it is looked at and leads inside when it is connected to: each connection goes to an address that was
    // checked for this very connection.
    [Fact]
    [Trait("Id", "A-SSRF-1")]
    public async Task Ask_RebindingResolver_SecondAddressIsNotReached()
    {
        await using var inside = await FakeTeacherServer.Start(Good);
        var port = inside.Origin.Port;
        var answers = new Queue<string>(["203.0.113.7", "127.0.0.1", "169.254.169.254"]);
        var connected = new List<IPAddress>();
        using var spy = new SocketSpy();
        using var client = Client(
            $"http://rebind.example:{port}/v1",
            new GuardedConnector(
                (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(answers.Dequeue())]),
                (address, _) =>
                {
                    connected.Add(address.Address);
                    throw new SocketException();
                }
            )
        );
        var faults = new List<TeacherFault>();

        for (var i = 0; i < 3; i++)
        {
            faults.Add(
                (await Assert.ThrowsAsync<TeacherException>(() => client.Ask(Question(Picture(_folder)), Stop))).Fault
            );
        }

        Assert.Equal([TeacherFault.ConnectionLost, TeacherFault.Forbidden, TeacherFault.Forbidden], faults);
        Assert.Equal([IPAddress.Parse("203.0.113.7")], connected);
        Assert.Empty(inside.Requests);
        Assert.False(spy.HasConnectedTo(port));
    }

    [Theory]
    [Trait("Id", "A-SSRF-1")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("ELSEWHERE/v1/chat/completions")]
    public async Task Ask_Redirect_IsNotFollowed(string target)
    {
        await using var elsewhere = await FakeTeacherServer.Start(Good);
        await using var server = await FakeTeacherServer.Start(
            new FakeAct.Redirect(target.Replace("ELSEWHERE", elsewhere.Origin.ToString(), StringComparison.Ordinal))
        );
        using var spy = new SocketSpy();
        using var teacher = (IDisposable)Teacher(server);

        var error = await Assert.ThrowsAsync<TeacherException>(() =>
            ((ITeacher)teacher).Ask(Question(Picture(_folder)), Stop)
        );

        Assert.Equal((TeacherFault.Refused, 302), (error.Fault, error.HttpStatus));
        Assert.Empty(elsewhere.Requests);
        Assert.True(spy.HasConnectedTo(server.Origin.Port)); // the spy does see connections
        Assert.False(spy.HasConnectedTo(elsewhere.Origin.Port));
        Assert.False(spy.HasConnectedTo(IPAddress.Parse("169.254.169.254")));
    }

    [Fact]
    [Trait("Id", "A-SSRF-1")]
    public void CreateHandler_LeadsNowhereElse()
    {
        using var handler = new GuardedConnector().CreateHandler(new Origin("https", "api.example.org", 443));

        Assert.False(handler.UseProxy);
        Assert.False(handler.AllowAutoRedirect);
        Assert.False(handler.UseCookies);
        Assert.Equal(DecompressionMethods.None, handler.AutomaticDecompression);
    }

    [Fact]
    [Trait("Id", "A-SSRF-1")]
    public async Task CreateHandler_OtherHost_IsRefused()
    {
        await using var server = await FakeTeacherServer.Start(Good);
        using var http = new HttpMessageInvoker(
            new GuardedConnector().CreateHandler(new Origin("http", "gpu-7", 8000))
        );
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Endpoint);

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => http.SendAsync(request, Stop));

        Assert.Equal(TeacherFault.Forbidden, Assert.IsType<TeacherException>(error.InnerException).Fault);
    }

    private static DisposableTeacher Client(string endpoint, GuardedConnector connector) =>
        new(
            new TeacherFactory(
                new OriginAllowList([TeacherEndpoint.Parse(endpoint).Origin]),
                NoKeys,
                connector: connector
            ).Create(Settings(endpoint))
        );

    private sealed class DisposableTeacher(ITeacher teacher) : IDisposable
    {
        public Task<TeacherReply> Ask(TeacherQuestion question, CancellationToken stop) => teacher.Ask(question, stop);

        public void Dispose() => (teacher as IDisposable)?.Dispose();
    }
}
