using System.Net;
using System.Net.Sockets;

namespace CLGRPO.Web.Tests;

/// <summary>A line between browser and site that a test can cut and mend.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Uri _site;
    private readonly List<TcpClient> _ends = [];
    private readonly Task _accepting;
    private bool _cut;

    public Wire(Uri site)
    {
        _site = site;
        _listener.Start();
        _accepting = Accept();
    }

    /// <summary>The site, over this line.</summary>
    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Ends what is open, refuses what is new.</summary>
    public void Cut()
    {
        lock (_ends)
        {
            _cut = true;
            foreach (var end in _ends)
                end.Close();
            _ends.Clear();
        }
    }

    public void Mend()
    {
        lock (_ends)
            _cut = false;
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        _listener.Stop();
        await _accepting;
    }

    private async Task Accept()
    {
        try
        {
            while (true)
                _ = Join(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed of.
        }
    }

    private async Task Join(TcpClient browser)
    {
        var site = new TcpClient();
        lock (_ends)
        {
            if (_cut)
            {
                browser.Close();
                return;
            }
            _ends.AddRange([browser, site]);
        }
        try
        {
            await site.ConnectAsync(_site.Host, _site.Port);
            await Task.WhenAny(
                browser.GetStream().CopyToAsync(site.GetStream()),
                site.GetStream().CopyToAsync(browser.GetStream())
            );
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // One of the two is gone, or the line was cut.
        }
        browser.Close();
        site.Close();
    }
}
