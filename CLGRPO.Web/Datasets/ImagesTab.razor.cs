using CLGRPO.Data.Browsing;
using CLGRPO.Data.Datasets;
using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using Microsoft.JSInterop;

namespace CLGRPO.Web.Datasets;

/// <summary>
/// The pictures of a data set, filtered. The address holds the filter, so that a view can be kept and sent. Only the ids of a view are in
/// memory; the rows that are looked at are read as they come into sight.
/// </summary>
public sealed partial class ImagesTab : ComponentBase, IAsyncDisposable
{
    private const int CaptionHeight = 48; // under a tile, with the gap below; as in datasets.css
    private static readonly TileSize[] TileSizes =
    [
        new("S", 62, 88, 200),
        new("M", 78, 104, 200),
        new("L", 148, 196, 400),
    ];

    private readonly CancellationTokenSource _left = new();
    private readonly HashSet<long> _selected = [];
    private TileSize _size = TileSizes[1];
    private SampleFacets? _facets;
    private SampleFilter _filter = new();
    private SampleOrder _order;
    private IReadOnlyList<long> _ids = [];
    private string? _shown;
    private int _largest;
    private int _columns = 6;
    private bool _mayWrite;
    private bool _watches;
    private bool _filtersOpen;
    private bool _exportOpen;
    private long? _lastSelected;
    private ElementReference _place;
    private ElementReference _tiles;
    private Virtualize<TileRow>? _rows;
    private IJSObjectReference? _module;
    private IJSObjectReference? _watch;
    private DotNetObjectReference<ImagesTab>? _self;

    [Parameter, EditorRequired]
    public DatasetSummary Dataset { get; set; } = null!;

    [CascadingParameter]
    private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Inject]
    private IAuthorizationService Authorization { get; set; } = null!;

    private string Query => new Uri(Navigation.Uri).Query;

    protected override async Task OnParametersSetAsync()
    {
        _mayWrite = (await Authorization.AuthorizeAsync((await Authentication).User, Scopes.DatasetsWrite)).Succeeded;
        if (_facets is null)
        {
            Navigation.LocationChanged += Moved;
            await Count();
        }
        await Show();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_facets is null || _watches || _ids.Count == 0)
            return;
        _watches = true;
        _self ??= DotNetObjectReference.Create(this);
        try
        {
            _module ??= await Script.InvokeAsync<IJSObjectReference>("import", $"./{Assets["scripts/datasets.js"]}");
            _watch = await _module.InvokeAsync<IJSObjectReference>("watch", _place, _tiles, _self, _size.Width);
        }
        catch (JSDisconnectedException)
        {
            // The visitor left while the page came up.
        }
    }

    /// <summary>Told by the browser, which may say anything: only a sensible number counts.</summary>
    [JSInvokable]
    public async Task SetColumns(int columns)
    {
        columns = Math.Clamp(columns, 1, 40);
        if (columns == _columns)
            return;
        _columns = columns;
        if (_rows is not null)
            await _rows.RefreshDataAsync();
        StateHasChanged();
    }

    /// <summary>Escape: nothing is selected any more.</summary>
    [JSInvokable]
    public void ClearSelection()
    {
        _selected.Clear();
        StateHasChanged();
    }

    public async ValueTask DisposeAsync()
    {
        Navigation.LocationChanged -= Moved;
        await _left.CancelAsync();
        await EndWatch();
        try
        {
            if (_module is not null)
                await _module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The visitor's browser is gone.
        }
        _self?.Dispose();
        _left.Dispose();
    }

    private async Task EndWatch()
    {
        try
        {
            if (_watch is not null)
            {
                await _watch.InvokeVoidAsync("end");
                await _watch.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The visitor's browser is gone.
        }
        (_watch, _watches) = (null, false);
    }

    private void Moved(object? sender, LocationChangedEventArgs args) =>
        _ = InvokeAsync(async () =>
        {
            try
            {
                if (
                    new Uri(args.Location)
                        .AbsolutePath.TrimEnd('/')
                        .EndsWith($"/datasets/{Dataset.Id}", StringComparison.Ordinal)
                )
                {
                    await Show();
                    StateHasChanged();
                }
            }
            catch (OperationCanceledException)
            {
                // The page was left.
            }
            catch (Exception exception)
            {
                await DispatchExceptionAsync(exception);
            }
        });

    private async Task Count()
    {
        _facets = await SampleFacets.Of(Store, Dataset.Id, _left.Token);
        _largest = _facets.Labels.Select(label => label.Samples).DefaultIfEmpty(0).Max();
    }

    /// <summary>Reads the view that the address names.</summary>
    private async Task Show(bool anew = false)
    {
        if (Query == _shown && !anew)
            return;
        _shown = Query;
        // What an address holds that cannot be read is no filter.
        (_filter, _order) = SampleQuery.FromAddress(Query).Read();
        _ids = await Search.Ids(Dataset.Id, _filter, _order, _left.Token);
        if (_ids.Count == 0)
            await EndWatch();
        _selected.IntersectWith(_ids);
        if (_rows is not null)
            await _rows.RefreshDataAsync();
    }

    private void Choose(SampleFilter filter) => Go(filter, _order);

    private void ChooseOrder(ChangeEventArgs change)
    {
        if (Enum.TryParse<SampleOrder>(change.Value?.ToString(), out var order) && Enum.IsDefined(order))
            Go(_filter, order);
    }

    private void Go(SampleFilter filter, SampleOrder order) =>
        Navigation.NavigateTo($"datasets/{Dataset.Id}{SampleQuery.ToAddress(filter, order)}", replace: true);

    private async Task Resize(TileSize size)
    {
        _size = size;
        if (_watch is not null)
            await _watch.InvokeVoidAsync("resize", size.Width);
        if (_rows is not null)
            await _rows.RefreshDataAsync();
    }

    private async ValueTask<ItemsProviderResult<TileRow>> Rows(ItemsProviderRequest request)
    {
        var ids = _ids;
        var total = (ids.Count + _columns - 1) / _columns;
        var first = Math.Min(request.StartIndex, total);
        var wanted = ids.Skip(first * _columns).Take(request.Count * _columns).ToList();
        var tiles = (await Search.Tiles(Dataset.Id, wanted, request.CancellationToken)).ToDictionary(tile => tile.Id);
        var rows = wanted
            .Chunk(_columns)
            .Select((row, i) => new TileRow(first + i, [.. row.Where(tiles.ContainsKey).Select(id => tiles[id])]));
        return new ItemsProviderResult<TileRow>([.. rows], total);
    }

    private void Select(long id, bool upTo)
    {
        var isNew = !_selected.Contains(id);
        if (upTo && isNew && _lastSelected is { } last)
            _selected.UnionWith(Between(last, id));
        if (!_selected.Remove(id) || isNew)
            _selected.Add(id);
        _lastSelected = id;
    }

    private IEnumerable<long> Between(long one, long other)
    {
        var ids = _ids.ToList();
        var (a, b) = (ids.IndexOf(one), ids.IndexOf(other));
        return a < 0 ? [] : ids.Skip(Math.Min(a, b)).Take(Math.Abs(a - b) + 1);
    }

    private void Reselect(IReadOnlyCollection<long> ids)
    {
        _selected.Clear();
        _selected.UnionWith(ids);
    }

    private async Task Reload()
    {
        await Count();
        await Show(anew: true);
        StateHasChanged();
    }

    private string SampleAddress(SampleTile tile) =>
        $"datasets/{Dataset.Id}/samples/{tile.Id}{SampleQuery.ToAddress(_filter, _order)}";

    private static string Describe(SampleTile tile) =>
        $"{tile.Key}: {tile.Label}, {DatasetWords.Of(tile.Split)}, {DatasetWords.Of(tile.Standing)}, {tile.Records} {(tile.Records == 1 ? "record" : "records")}";

    /// <summary>What is filtered by, each with the filter that it would be without it.</summary>
    private IEnumerable<(string Text, SampleFilter Without)> Chips()
    {
        foreach (var label in _filter.Labels)
            yield return (label, _filter with { Labels = [.. _filter.Labels.Where(l => l != label)] });
        foreach (var split in _filter.Splits)
            yield return (DatasetWords.Of(split), _filter with { Splits = [.. _filter.Splits.Where(s => s != split)] });
        foreach (var standing in _filter.Standings)
            yield return (
                DatasetWords.Of(standing),
                _filter with
                {
                    Standings = [.. _filter.Standings.Where(s => s != standing)],
                }
            );
        foreach (var teacher in _filter.Teachers)
            yield return (teacher, _filter with { Teachers = [.. _filter.Teachers.Where(t => t != teacher)] });
        foreach (var range in _filter.Ranges)
            yield return (
                FormattableString.Invariant($"{range.Attribute} {range.Low} to {range.High}"),
                _filter with
                {
                    Ranges = [.. _filter.Ranges.Where(r => r != range)],
                }
            );
        foreach (var choice in _filter.Attributes)
            yield return (
                $"{choice.Attribute}: {string.Join(", ", choice.Values.Select(value => value.Length > 0 ? value : "none"))}",
                _filter with
                {
                    Attributes = [.. _filter.Attributes.Where(c => c != choice)],
                }
            );
        if (!string.IsNullOrWhiteSpace(_filter.Text))
            yield return ($"“{_filter.Text.Trim()}”", _filter with { Text = null });
    }

    /// <param name="Height">Of the picture, in CSS pixels.</param>
    /// <param name="Width">Least width of a column, in CSS pixels.</param>
    /// <param name="Pixels">Of the thumbnail's longer side.</param>
    private sealed record TileSize(string Name, int Height, int Width, int Pixels);

    private sealed record TileRow(int Start, IReadOnlyList<SampleTile> Tiles);
}
