using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Live;

/// <summary>A frame that is yet to be told; of a <see cref="LiveFrameType.Tokens"/> frame the tokens are ids still.</summary>
internal sealed record LiveItem(LiveFrame Frame, List<LiveGrowth>? Growth);

/// <summary>What is to be told, in order; token frames in a row become one.</summary>
internal sealed class LiveItems
{
    private List<LiveItem> _items = [];

    public void Add(LiveFrame frame) => _items.Add(new LiveItem(frame, null));

    public void Add(LiveGroupTokens group, LiveFrame frame)
    {
        foreach (var growth in group.Take())
        {
            if (_items is not [.., { Growth: { } open }])
                _items.Add(new LiveItem(frame, open = []));
            open.Add(growth);
        }
    }

    public void Clear() => _items.Clear();

    public IReadOnlyList<LiveItem> Take()
    {
        var taken = _items;
        _items = [];
        return taken;
    }
}
