using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Inference;

/// <summary>
/// Who may ask when: a bounded number at once and of each caller. Of those that wait, the one whose caller has the fewest requests in
/// progress is next, the earliest first among these, so that a caller with a hundred requests delays another's by one at most.
/// </summary>
public sealed class InferenceTurns(IOptions<InferenceOptions> options)
{
    private readonly Lock _gate = new();
    private readonly List<InferencePlace> _waiting = [];
    private readonly List<InferencePlace> _running = [];
    private readonly List<InferencePlace> _present = [];

    private InferenceOptions Limits => options.Value;

    /// <summary>Requests that are being answered, and those that wait.</summary>
    public (int Running, int Waiting) Load
    {
        get
        {
            lock (_gate)
                return (_running.Count, _waiting.Count);
        }
    }

    /// <summary>Reserves a place, before anything is read or computed for the request. Dispose it in any case.</summary>
    /// <param name="caller">Whose request it is.</param>
    /// <exception cref="InferenceException">Too many are there already.</exception>
    public InferencePlace Enter(string caller)
    {
        lock (_gate)
        {
            if (_present.Count >= Limits.AtOnce + Limits.Waiting)
                throw new InferenceException(
                    InferenceFault.Busy,
                    $"{_present.Count} requests are in progress or wait, as many as there may be. Try again in a moment."
                );
            var own = _present.Count(place => place.Caller == caller);
            if (own >= Limits.PerCaller + Limits.WaitingPerCaller)
                throw new InferenceException(
                    InferenceFault.Busy,
                    $"You have {own} requests in progress or waiting, as many as one may. Wait for some of them."
                );
            var place = new InferencePlace(this, caller);
            _present.Add(place);
            return place;
        }
    }

    internal int Ahead(InferencePlace place)
    {
        lock (_gate)
            return Math.Max(0, _waiting.IndexOf(place));
    }

    internal void Wait(InferencePlace place)
    {
        lock (_gate)
        {
            _waiting.Add(place);
            Advance();
        }
    }

    internal void Leave(InferencePlace place)
    {
        lock (_gate)
        {
            _present.Remove(place);
            _waiting.Remove(place);
            _running.Remove(place);
            Advance();
        }
    }

    private void Advance()
    {
        while (_running.Count < Limits.AtOnce && Next() is { } next)
        {
            _waiting.Remove(next);
            _running.Add(next);
            next.Begin();
        }
        foreach (var place in _waiting)
            place.Move();
    }

    private InferencePlace? Next() =>
        _waiting
            .Select(place => (Place: place, Running: _running.Count(other => other.Caller == place.Caller)))
            .Where(one => one.Running < Limits.PerCaller)
            .OrderBy(one => one.Running) // stable: the earliest first
            .Select(one => one.Place)
            .FirstOrDefault();
}

/// <summary>A request's place among those that wait or are answered.</summary>
public sealed class InferencePlace : IDisposable
{
    private readonly InferenceTurns _queue;
    private TaskCompletionSource _moved = NewSignal();

    internal InferencePlace(InferenceTurns queue, string caller) => (_queue, Caller) = (queue, caller);

    public string Caller { get; }

    /// <summary>It is its turn.</summary>
    internal bool HasBegun { get; private set; }

    /// <summary>Requests that were there before it.</summary>
    internal int Ahead => _queue.Ahead(this);

    /// <summary>Joins those that wait.</summary>
    internal void Wait() => _queue.Wait(this);

    /// <summary>Completes when others left, or it is its turn.</summary>
    internal Task Moved => Volatile.Read(ref _moved).Task;

    internal void Begin()
    {
        HasBegun = true;
        Move();
    }

    internal void Move()
    {
        var moved = _moved;
        Volatile.Write(ref _moved, NewSignal());
        moved.TrySetResult();
    }

    /// <summary>Gives the place to another.</summary>
    public void Dispose() => _queue.Leave(this);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
