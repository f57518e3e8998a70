using System.Net;
using System.Net.Sockets;
using System.Text;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Operation;

namespace CLGRPO.Web.Tests.Operation;

/// <summary>Clients that hold connections and send little or nothing on them.</summary>
[Trait("Id", "A-SLOW-1")]
public sealed class SlowClientTests(Browser.BrowserFixture browser)
{
    // §7 of the abuse checklist.
    private const int Idle = 1000;
    private const int LongestSeconds = 60;

    private const int Slow = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connect_ThousandThatAskNothing_LeavesTheSiteUp()
    {
        var site = browser.Site.Address;
        var idle = new List<Socket>();
        try
        {
            for (var i = 0; i < Idle; i++)
                idle.Add(await Connect(site));
            using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false })
            {
                BaseAddress = site,
            };
            foreach (
                var (path, status) in ((string, HttpStatusCode)[])
                    [
                        ("/alive", HttpStatusCode.OK),
                        ("/health", HttpStatusCode.OK),
                        ("/login", HttpStatusCode.OK),
                        ("/", HttpStatusCode.Redirect),
                        ("/api/v1/overview", HttpStatusCode.Unauthorized),
                    ]
            )
            {
                using var answer = await client.GetAsync(path, Stop);
                Assert.Equal(status, answer.StatusCode);
            }
            Assert.All(idle, socket => Assert.False(socket.Poll(0, SelectMode.SelectRead))); // open, all of them
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task Send_NothingOrHeadOrBodySlowly_EndsTheConnection()
    {
        using var folder = new TemporaryFolder();
        await using var site = await SiteProcess.Start(
            folder.Path,
            new Dictionary<string, string> { ["Site__HeaderSeconds"] = "2", ["Site__IdleSeconds"] = "2" }
        );
        var head = $"Host: {site.Address.Authority}\r\nX-Long: ";
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(Patience);

        var answers = await Task.WhenAll([
            .. Enumerable.Range(0, Slow).Select(_ => Drip(site.Address, "", drop: "", patience.Token)),
            .. Enumerable
                .Range(0, 50)
                .Select(_ => Drip(site.Address, $"GET / HTTP/1.1\r\n{head}", "x", patience.Token)),
            Drip(
                site.Address,
                $"POST /login HTTP/1.1\r\n{head}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n",
                "x",
                patience.Token
            ),
        ]);

        Assert.All(answers[..Slow], answer => Assert.Empty(answer));
        Assert.All(
            answers[Slow..^1],
            answer => Assert.StartsWith("HTTP/1.1 408 Request Timeout", answer, StringComparison.Ordinal)
        );
        Assert.StartsWith("HTTP/1.1 4", answers[^1], StringComparison.Ordinal);
        using var client = new HttpClient { BaseAddress = site.Address };
        Assert.Equal("alive", await client.GetStringAsync("/alive", Stop));
        await site.Terminate();
        Assert.DoesNotContain("fail:", site.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_AsTheyAre_EndSlowConnectionsInTime()
    {
        Assert.InRange(new SiteOptions().HeaderSeconds, 1, LongestSeconds);
        Assert.InRange(new SiteOptions().IdleSeconds, 1, LongestSeconds);
        Assert.InRange(new InferenceOptions().ReadSeconds, 1, LongestSeconds);
    }

    private static async Task<Socket> Connect(Uri site)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(site.Host, site.Port, Stop);
        return socket;
    }

    /// <summary>Sends a beginning, then drop by drop.</summary>
    /// <returns>What the site said before it closed the connection.</returns>
    private static async Task<string> Drip(Uri site, string begin, string drop, CancellationToken stop)
    {
        using var socket = await Connect(site);
        await socket.SendAsync(Encoding.ASCII.GetBytes(begin), stop);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var dripping = Send();
        var said = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, stop) is > 0 and var read)
                said.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // It was reset: closed as well.
        }
        await over.CancelAsync();
        await dripping;
        return said.ToString();

        async Task Send()
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
            try
            {
                while (drop.Length > 0 && await timer.WaitForNextTickAsync(over.Token))
                    await socket.SendAsync(Encoding.ASCII.GetBytes(drop), over.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The site has closed it.
            }
        }
    }
}
