using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>
/// The thread that computes. Models with work take turns, one decode step each; requests of one model are written together.
/// </summary>
internal sealed class ServeEngine : IDisposable
{
    // How long to look for new requests when everybody who asked is behind with reading.
    private const int BehindMilliseconds = 10;
    private readonly BlockingCollection<ServedRequest> _inbox = [];
    private readonly List<ServedModel> _busy = [];
    private readonly TextWriter _log;
    private readonly Thread _thread;
    private long _tokens;
    private long _steps;
    private int _running;
    private int _waiting;

    /// <param name="threads">Threads that libtorch may share an operation among.</param>
    /// <param name="log">Takes faults.</param>
    public ServeEngine(int threads, TextWriter log)
    {
        _log = log;
        _thread = new Thread(() => Work(threads)) { IsBackground = true, Name = "inference" };
        _thread.Start();
    }

    public ServeStatus Status(IReadOnlyList<string> models) =>
        new(
            Volatile.Read(ref _running),
            Volatile.Read(ref _waiting) + _inbox.Count,
            models,
            Interlocked.Read(ref _tokens),
            Interlocked.Read(ref _steps)
        );

    public void Submit(ServedRequest request) => _inbox.Add(request);

    /// <summary>Ends the thread once the step in hand is done.</summary>
    public void Dispose()
    {
        _inbox.CompleteAdding();
        _thread.Join();
        _inbox.Dispose();
    }

    private void Work(int threads)
    {
        set_num_threads(threads);
        var written = 0;
        while (Gather(written))
        {
            written = 0;
            foreach (var model in _busy)
                written += Step(model);
            _busy.RemoveAll(model => !model.HasWork);
            Volatile.Write(ref _running, _busy.Sum(model => model.Running));
            Volatile.Write(ref _waiting, _busy.Sum(model => model.Waiting));
        }
    }

    /// <summary>Takes what came in; waits while there is nothing to do.</summary>
    /// <param name="written">Tokens that the last steps wrote.</param>
    /// <returns>False at the end.</returns>
    private bool Gather(int written)
    {
        var patience =
            written > 0 ? 0
            : _busy.Count > 0 ? BehindMilliseconds
            : Timeout.Infinite;
        if (_inbox.TryTake(out var first, patience))
            Enqueue(first);
        while (_inbox.TryTake(out var more))
            Enqueue(more);
        return !_inbox.IsAddingCompleted;
    }

    private void Enqueue(ServedRequest request)
    {
        request.Model.Enqueue(request);
        if (!_busy.Contains(request.Model))
            _busy.Add(request.Model);
    }

    /// <returns>Tokens written.</returns>
    private int Step(ServedModel model)
    {
        try
        {
            var written = model.Step();
            if (written == 0)
                return 0;
            Interlocked.Add(ref _tokens, written);
            Interlocked.Increment(ref _steps);
            return written;
        }
        catch (Exception e) // whatever libtorch throws ends these requests, not the process
        {
            _log.WriteLine(e.ToString());
            model.Fail(
                new ServeEvent(ServeEventType.Error)
                {
                    Fault = ServeFault.Internal,
                    Message = "The model failed while it computed; the site's log says how.",
                }
            );
            return 0;
        }
    }
}
