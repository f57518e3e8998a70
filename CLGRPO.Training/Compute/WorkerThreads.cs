using System.Runtime.ExceptionServices;
using TorchSharp;

namespace CLGRPO.Training.Compute;

/// <summary>
/// Threads that each run a share of a step. On the CPU a step's matrices are small: two threads with half of the batch
/// each are faster than one batch whose every product is cut in two, and the sum of their gradients has a fixed order.
/// Dispose scopes and gradient mode belong to a thread, so a share never changes threads.
/// </summary>
public sealed class WorkerThreads : IDisposable
{
    private readonly Worker[] _workers;

    /// <param name="count">Threads, each of which computes alone; 1 runs everything on the caller's thread.</param>
    public WorkerThreads(int count)
    {
        HostAllocator.KeepFreedMemory();
        // The caller's thread too: idle threads of a parallel region spin, and would take the processors from the workers.
        torch.set_num_threads(1);
        Count = count;
        _workers = count == 1 ? [] : [.. Enumerable.Range(0, count).Select(i => new Worker($"worker {i}"))];
    }

    public int Count { get; }

    /// <summary>Runs <paramref name="share"/> once for each worker and waits for all of them.</summary>
    /// <param name="share">Takes the worker's index.</param>
    /// <exception cref="Exception">The first failure in worker order, thrown as it was.</exception>
    public void Run(Action<int> share)
    {
        if (_workers.Length == 0)
        {
            share(0);
            return;
        }
        for (var i = 0; i < _workers.Length; i++)
        {
            var index = i;
            _workers[i].Start(() => share(index));
        }
        var failures = _workers.Select(worker => worker.Wait()).ToList();
        failures.FirstOrDefault(failure => failure is not null)?.Throw();
    }

    public void Dispose()
    {
        foreach (var worker in _workers)
            worker.Dispose();
    }

    private sealed class Worker : IDisposable
    {
        private readonly SemaphoreSlim _ready = new(0);
        private readonly SemaphoreSlim _done = new(0);
        private readonly Thread _thread;
        private Action? _work;
        private ExceptionDispatchInfo? _failure;

        public Worker(string name)
        {
            _thread = new Thread(Loop) { IsBackground = true, Name = name };
            _thread.Start();
        }

        public void Start(Action work)
        {
            _work = work;
            _ready.Release();
        }

        public ExceptionDispatchInfo? Wait()
        {
            _done.Wait();
            return _failure;
        }

        private void Loop()
        {
            torch.set_num_threads(1);
            while (true)
            {
                _ready.Wait();
                if (_work is null)
                    return;
                _failure = null;
                try
                {
                    _work();
                }
                catch (Exception failure)
                {
                    _failure = ExceptionDispatchInfo.Capture(failure); // rethrown on the caller's thread
                }
                _done.Release();
            }
        }

        public void Dispose()
        {
            _work = null;
            _ready.Release();
            _thread.Join();
            _ready.Dispose();
            _done.Dispose();
        }
    }
}
