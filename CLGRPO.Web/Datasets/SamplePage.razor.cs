using CLGRPO.Data.Browsing;
using CLGRPO.Data.Store;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace CLGRPO.Web.Datasets;

/// <summary>One sample, and its neighbours in the view that it was opened from.</summary>
public sealed partial class SamplePage : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _left = new();
    private SampleDetail? _sample;
    private bool _missing;
    private IReadOnlyList<long> _ids = [];
    private int _place = -1;
    private string _query = "";
    private string? _viewed;
    private ElementReference _page;
    private bool _listens;
    private IJSObjectReference? _module;
    private IJSObjectReference? _keys;

    [Parameter]
    public long Id { get; set; }

    [Parameter]
    public long SampleId { get; set; }

    [Inject]
    private SampleReader Reader { get; set; } = null!;

    [Inject]
    private SampleSearch Search { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IJSRuntime Script { get; set; } = null!;

    [Inject]
    private TimeProvider Clock { get; set; } = null!;

    protected override async Task OnParametersSetAsync()
    {
        _sample = await Reader.Read(Id, SampleId, _left.Token);
        _missing = _sample is null;
        var (filter, order) = SampleQuery.FromAddress(new Uri(Navigation.Uri).Query).Read();
        _query = SampleQuery.ToAddress(filter, order);
        if (_viewed != $"{Id}{_query}")
        {
            _ids = await Search.Ids(Id, filter, order, _left.Token);
            _viewed = $"{Id}{_query}";
        }
        _place = _ids.TakeWhile(id => id != SampleId).Count();
        if (_place == _ids.Count)
            _place = -1;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_listens || _sample is null)
            return;
        _listens = true;
        try
        {
            _module ??= await Script.InvokeAsync<IJSObjectReference>("import", $"./{Assets["scripts/datasets.js"]}");
            _keys = await _module.InvokeAsync<IJSObjectReference>("keys");
        }
        catch (JSDisconnectedException)
        {
            // The visitor left while the page came up.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        try
        {
            if (_keys is not null)
            {
                await _keys.InvokeVoidAsync("end");
                await _keys.DisposeAsync();
            }
            if (_module is not null)
                await _module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The visitor's browser is gone.
        }
        _left.Dispose();
    }

    private string? Neighbour(int step) =>
        _place + step >= 0 && _place + step < _ids.Count
            ? $"datasets/{Id}/samples/{_ids[_place + step]}{_query}"
            : null;

    private string DayOf(DateTime day)
    {
        var today = Clock.GetUtcNow().UtcDateTime.Date;
        return day == today ? "today"
            : day == today.AddDays(-1) ? "yesterday"
            : day.ToString("d MMMM yyyy");
    }

    private static string ReviewsText(SampleDetail sample)
    {
        var standing = sample.Records.SelectMany(record => record.Reviews).Where(review => !review.Superseded).ToList();
        return standing.Count == 0
            ? "none yet"
            : $"{standing.Count}, {string.Join(", ", standing.CountBy(review => review.Verdict).Select(verdict => $"{verdict.Value} {verdict.Key.ToString().ToLowerInvariant()}"))}";
    }

    private static int NumberOf(SampleDetail sample, long recordId)
    {
        var index = sample.Records.TakeWhile(record => record.Id != recordId).Count();
        return sample.Records.Count - index;
    }

    /// <summary>Of the record that was judged last: who rated it how.</summary>
    private static List<ReviewDetail> Ratings(SampleDetail sample) =>
        sample
            .Records.Select(record =>
                record.Reviews.Where(review => !review.Superseded && review.Ratings.Count > 0).Take(3).ToList()
            )
            .FirstOrDefault(reviews => reviews.Count > 0)
        ?? [];

    private static string PillOf(SampleStanding standing) =>
        standing is SampleStanding.None or SampleStanding.Pending ? "" : DatasetWords.ToneOf(standing);

    private static string IconOf(HistoryEntry entry) =>
        entry.Kind switch
        {
            HistoryKind.Imported => "up",
            HistoryKind.RecordAccepted => "check",
            HistoryKind.RecordRejected => "close",
            HistoryKind.RecordWritten => "cot",
            HistoryKind.Moved => "split",
            HistoryKind.Frozen => "snap",
            _ => entry.Verdict switch
            {
                Verdict.Accept => "check",
                Verdict.Edit => "edit",
                Verdict.Reject => "close",
                Verdict.Flag => "flag",
                _ => "right",
            },
        };

    private static string ToneOf(HistoryEntry entry) =>
        IconOf(entry) switch
        {
            "check" => "ok",
            "close" => "bad",
            "edit" => "accent",
            "flag" => "warn",
            _ => "",
        };
}
