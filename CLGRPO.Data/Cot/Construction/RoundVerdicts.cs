using CLGRPO.Data.Store;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>
/// Gives the verdicts of a round while it is being answered. What text or votes turn down needs nothing else and is decided at once. What
/// passes is compared with all that was accepted before it in the order of the samples, so that the result does not depend on the order of
/// the answers: it waits until every sample before it is decided. Without the look for near-duplicates nothing waits.
/// </summary>
internal sealed class RoundVerdicts(ConstructionConfig config, CotJudge judge, ConstructionWriter writer)
{
    private readonly Lock _lock = new();
    private readonly Queue<Place> _places = new();

    /// <summary>Gives a sample of the round its place; called in the order of the samples.</summary>
    public Place Enter(ConstructionItem item)
    {
        var place = new Place(item);
        if (judge.ComparesTexts)
        {
            lock (_lock)
                _places.Enqueue(place);
        }
        return place;
    }

    /// <summary>A sample's answers are all in: writes what can be decided now.</summary>
    /// <param name="record">With all its votes.</param>
    public async Task Answer(Place place, CotRecord record)
    {
        var verdicts = new List<CotVerdict>();
        lock (_lock)
        {
            if (!judge.Passes(record) || !judge.ComparesTexts)
                verdicts.Add(Decide(place, record));
            else
                place.Waiting = record;
            while (_places.TryPeek(out var first) && (first.Item is null || first.Waiting is not null))
            {
                _places.Dequeue();
                if (first is { Item: not null, Waiting: { } waiting })
                    verdicts.Add(Decide(first, waiting));
            }
        }
        if (verdicts.Count > 0)
            await writer.Decide(verdicts);
    }

    private CotVerdict Decide(Place place, CotRecord record)
    {
        var item = place.Item!;
        (place.Item, place.Waiting) = (null, null);
        judge.Conclude(record, item.Sample!);
        item.Attempts++;
        item.Reasons = [.. item.Reasons.Union(record.Reasons, StringComparer.Ordinal)];
        if (record.State == CotState.Accepted)
            (item.State, item.RecordId) = (ItemState.Accepted, record.Id);
        else if (item.Attempts == config.Attempts)
            item.State = ItemState.Rejected;
        return new CotVerdict(record, item);
    }

    /// <summary>A sample's place in the order of the round.</summary>
    internal sealed class Place(ConstructionItem item)
    {
        /// <summary>Null once it is decided.</summary>
        public ConstructionItem? Item { get; set; } = item;

        /// <summary>What passed and waits for the samples before it.</summary>
        public CotRecord? Waiting { get; set; }
    }
}

/// <summary>A verdict, with what became of the sample; neither is tracked by a context.</summary>
internal sealed record CotVerdict(CotRecord Record, ConstructionItem Item)
{
    /// <summary>Changes in the store what a verdict decides, and nothing else of the rows.</summary>
    public void Apply(StoreContext context)
    {
        var record = new CotRecord
        {
            Id = Record.Id,
            SampleId = Record.SampleId,
            Teacher = Record.Teacher,
            Model = Record.Model,
            Completion = Record.Completion,
        };
        var item = new ConstructionItem
        {
            Id = Item.Id,
            JobId = Item.JobId,
            SampleId = Item.SampleId,
        };
        context.AttachRange(record, item);
        (record.State, record.Reasons, record.Agreement) = (Record.State, Record.Reasons, Record.Agreement);
        if (Record.Review == ReviewState.Flagged)
            record.Review = ReviewState.Flagged;
        (item.State, item.Attempts, item.RecordId, item.Reasons) = (
            Item.State,
            Item.Attempts,
            Item.RecordId,
            Item.Reasons
        );
    }
}
