using System.Diagnostics.Metrics;

namespace CLGRPO.Web.Operation;

/// <summary>The site's own instruments, beside ASP.NET Core's. Read them with any listener of System.Diagnostics.Metrics.</summary>
public sealed class SiteMeter : IDisposable
{
    public const string Name = "CLGRPO.Web";
    private readonly Meter _meter;
    private readonly UpDownCounter<int> _pages;
    private readonly Counter<int> _signIns;

    public SiteMeter(IMeterFactory meters)
    {
        _meter = meters.Create(Name);
        _pages = _meter.CreateUpDownCounter<int>("clgrpo.pages.open", "{page}", "Pages with a live connection");
        _signIns = _meter.CreateCounter<int>("clgrpo.sign_ins", "{try}", "Tries to sign in, by result");
    }

    public void PageOpened() => _pages.Add(1);

    public void PageClosed() => _pages.Add(-1);

    public void SignedIn(bool success) =>
        _signIns.Add(1, new KeyValuePair<string, object?>("result", success ? "success" : "refused"));

    public void Dispose() => _meter.Dispose();
}
