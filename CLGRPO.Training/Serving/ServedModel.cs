using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>
/// A loaded model and the completions that it writes: requests join between two decode steps, those that wait together; each step writes one
/// token of every running completion, and one that ends makes room at once. Used by the engine's thread alone, but for what never changes.
/// </summary>
internal sealed class ServedModel : IDisposable
{
    private readonly ServeLimits _limits;
    private readonly HashSet<int> _stopIds;
    private readonly int[] _bannedIds;
    private readonly List<ServedRequest> _waiting = [];
    private readonly ServedCache _cache;
    private readonly Dictionary<SamplingConfig, TokenSampler> _samplers = [];
    private List<ServedRow> _rows = [];
    private bool _hasJoined; // in the step before

    public ServedModel(PretrainedModel pretrained, TrainedModel? trained, ServeLimits limits)
    {
        (Pretrained, Trained, _limits) = (pretrained, trained, limits);
        _stopIds = [.. pretrained.Settings.StopTokens];
        _bannedIds = NeverSampled.Of(pretrained.Tokenizer, Config.Language.VocabularySize);
        _cache = new ServedCache(pretrained.Model, limits);
    }

    public PretrainedModel Pretrained { get; }

    /// <summary>The run behind it; null when there is none.</summary>
    public TrainedModel? Trained { get; }

    public bool HasWork => _waiting.Count > 0 || _rows.Count > 0;
    public int Running => _rows.Count;
    public int Waiting => _waiting.Count;

    private VisionLanguageModel Model => Pretrained.Model;
    private ModelConfig Config => Model.Config;

    public void Enqueue(ServedRequest request) => _waiting.Add(request);

    /// <summary>Lets requests in that wait, or writes the next token of each completion: never twice in a row the former, so that new requests
    /// hold up those that are being answered by one prefill for each of their tokens at most.</summary>
    /// <returns>Tokens written; 0 while nothing can be, since nobody reads what was written before.</returns>
    public int Step()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        DropCancelled();
        var joining = _hasJoined && _rows.Count > 0 ? [] : Admissible();
        _hasJoined = joining.Count > 0;
        if (_hasJoined)
            return Advance(Join(joining));
        var writing = _rows.Where(row => !row.Request.IsBehind).ToList();
        return writing.Count == 0 ? 0 : Advance(writing, Decode(writing));
    }

    /// <summary>Ends everything that is under way, after a fault.</summary>
    public void Fail(ServeEvent why)
    {
        foreach (var request in _rows.Select(row => row.Request).Concat(_waiting).Distinct())
        {
            request.Tell(why);
            request.End();
        }
        _rows = [];
        _waiting.Clear();
        Forget();
    }

    public void Dispose()
    {
        Forget();
        Pretrained.Dispose();
    }

    /// <summary>The first that wait, as many as there is room for now. One that needs more than there ever is comes in when nothing else runs.</summary>
    private List<ServedRequest> Admissible()
    {
        var admitted = new List<ServedRequest>();
        var needed = new CacheSize();
        foreach (var request in _waiting)
        {
            var together = needed.With(request.Needed);
            var fits =
                _rows.Count + together.Rows <= _limits.MaxRows
                && (admitted.Count == 0 || together.Prompts * together.PromptTokens <= _limits.PrefillTokens)
                && _cache.Fits(together);
            if (!fits && (admitted.Count > 0 || _rows.Count > 0))
                break;
            admitted.Add(request);
            needed = together;
        }
        return admitted;
    }

    private void DropCancelled()
    {
        // Looked at once: another may be cancelled meanwhile, and is dropped in the next step.
        foreach (var request in _waiting.Where(request => request.IsCancelled).ToList())
        {
            _waiting.Remove(request);
            request.End();
        }
        Leave(row => row.Request.IsCancelled);
    }

    /// <summary>Computes the prompts of requests into the cache.</summary>
    /// <returns>Their rows, and [rows, vocabulary]: logits of their first tokens.</returns>
    private (List<ServedRow> Rows, Tensor Logits) Join(List<ServedRequest> requests)
    {
        _cache.Reserve(requests.Aggregate(new CacheSize(), (needed, request) => needed.With(request.Needed)));
        List<List<ServedRow>> rows = [.. requests.Select(RowsOf)];
        List<ServedRow> all = [.. rows.SelectMany(some => some)];
        _rows.AddRange(all);
        _waiting.RemoveRange(0, requests.Count); // only now: a fault finds every request in one place or the other
        var logits = ServedPrompts.Logits(Model, _cache.Held, [.. rows.Select(some => some[0])]);
        foreach (var request in requests)
            request.Tell(new ServeEvent(ServeEventType.Started) { PromptTokens = request.Input.Ids.Length });
        return (all, logits.index_select(0, Places(rows.SelectMany((some, prompt) => some.Select(_ => (long)prompt)))));
    }

    private List<ServedRow> RowsOf(ServedRequest request)
    {
        var prompt = new Prompt(request.Input.Ids, Sample: 0, Stream: 0);
        var (promptSlot, slots) = _cache.Take(request.Asked.Count);
        return
        [
            .. slots.Select(
                (slot, i) =>
                    new ServedRow(
                        request,
                        i,
                        new RunningRow(prompt, promptSlot, slot, RunningRow.StreamOf(prompt.Stream, i)),
                        Pretrained.Tokenizer
                    )
            ),
        ];
    }

    /// <returns>[rows, vocabulary].</returns>
    private Tensor Decode(List<ServedRow> rows)
    {
        DecodeRow[] cached =
        [
            .. rows.Select(one => new DecodeRow(
                one.Row.PromptSlot,
                one.Row.Prompt.Ids.Length,
                one.Row.Slot,
                one.Row.Ids.Count - 1
            )),
        ];
        Tensor Vector(Func<ServedRow, long> value) => tensor([.. rows.Select(value)]).to(Model.Device);
        return Model.NextLogits(
            Vector(one => one.Row.Ids[^1]),
            Vector(one => one.Row.Position),
            new DecodeAttention(_cache.Held, cached, Model.Device)
        );
    }

    private int Advance((List<ServedRow> Rows, Tensor Logits) joined) => Advance(joined.Rows, joined.Logits);

    /// <summary>Chooses the next token of some rows, tells of them, and lets those go that end.</summary>
    private int Advance(List<ServedRow> rows, Tensor logits)
    {
        var places = rows.Select((row, place) => (Row: row, Place: (long)place)).ToList();
        foreach (var group in places.GroupBy(one => one.Row.Request.Sampling))
        {
            var some = group.ToList();
            var ofSome =
                some.Count == rows.Count ? logits : logits.index_select(0, Places(some.Select(one => one.Place)));
            TokenChoice.Make(SamplerOf(group.Key), [.. some.Select(one => one.Row)], ofSome, Pretrained.Tokenizer);
        }
        foreach (var row in rows)
            row.Row.Terminated = _stopIds.Contains(row.Row.Ids[^1]);
        Leave(Finished);
        return rows.Count;
    }

    private TokenSampler SamplerOf(SamplingConfig sampling)
    {
        if (!_samplers.TryGetValue(sampling, out var sampler))
        {
            sampler = new TokenSampler(sampling, Config.Language.VocabularySize, _bannedIds, Model.Device);
            _samplers.Add(sampling, sampler);
        }
        return sampler;
    }

    private Tensor Places(IEnumerable<long> places) => tensor(places.ToArray()).to(Model.Device);

    private static bool Finished(ServedRow row) =>
        row.Row.Terminated || row.Text.StopText is not null || row.Row.Ids.Count >= row.Request.MaxTokens;

    /// <summary>Lets rows go, and ends the requests that have none left.</summary>
    private void Leave(Func<ServedRow, bool> leaves)
    {
        var leaving = _rows.Where(leaves).ToList();
        if (leaving.Count == 0)
            return;
        foreach (var row in leaving.Where(row => !row.Request.IsCancelled))
            row.Request.Tell(Ended(row));
        _rows = [.. _rows.Where(row => !leaving.Contains(row))];
        foreach (var row in leaving)
            _cache.Return(row.Row.Slot);
        foreach (var request in leaving.Select(row => row.Request).Distinct())
        {
            if (_rows.Any(row => row.Request == request))
                continue;
            _cache.ReturnPrompt(leaving.First(row => row.Request == request).Row.PromptSlot);
            request.Tell(new ServeEvent(ServeEventType.Done));
            request.End();
        }
        if (_rows.Count == 0)
            Forget();
    }

    /// <summary>Gives back what only running completions need.</summary>
    private void Forget()
    {
        _cache.Clear();
        foreach (var sampler in _samplers.Values)
            sampler.Dispose();
        _samplers.Clear();
    }

    private ServeEvent Ended(ServedRow row)
    {
        var (asked, ids) = (row.Request.Asked, row.Row.Ids);
        return new ServeEvent(ServeEventType.Finished)
        {
            Index = row.Index,
            Text = row.Text.Finish(),
            Stopped = row.Row.Terminated || row.Text.StopText is not null,
            StopText = row.Text.StopText,
            Tokens = ids.Count,
            Labels = asked.LabelProbabilities
                ? LabelScores.Of(Pretrained, row.Request.Input.Ids, row.Request.Features, ids, asked.Labels)
                : null,
            Look = asked.Look ? LookWithGradient(row) : null,
        };
    }

    private IReadOnlyList<LookMap>? LookWithGradient(ServedRow row)
    {
        using var gradient = enable_grad();
        return AnswerLook.Of(Pretrained, row.Request.Input, row.Row.Ids);
    }
}
