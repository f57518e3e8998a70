namespace TorchSharp;

/// <summary>
/// Disposes the tensors that were made on its thread while it was the innermost scope, except those moved out of it.
/// A scope belongs to the thread that opened it.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    private DisposeScopeManager? _manager;
    private HashSet<IDisposable> _disposables = new(ReferenceEqualityComparer.Instance);

    internal DisposeScope(DisposeScopeManager manager)
    {
        _manager = manager;
        OuterScope = manager.CurrentDisposeScope;
    }

    internal DisposeScope? OuterScope { get; set; }

    /// <summary>What the scope would dispose now.</summary>
    public IReadOnlyList<IDisposable> DisposablesView
    {
        get
        {
            ThrowIfDisposed();
            return [.. _disposables];
        }
    }

    public int DisposablesCount
    {
        get
        {
            ThrowIfDisposed();
            return _disposables.Count;
        }
    }

    /// <summary>Hands a tensor to the scope around this one; where there is none, nobody disposes it.</summary>
    public T MoveToOuter<T>(T disposable)
        where T : IDisposable => MoveToOther(OuterScope, disposable);

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (MoveToOuter(first), MoveToOuter(second));

    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    public void MoveToOuter(params IDisposable[] disposables) => MoveToOuter((IEnumerable<IDisposable>)disposables);

    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(OuterScope, disposables);

    public T MoveToOther<T>(DisposeScope? scope, T disposable)
        where T : IDisposable
    {
        ThrowIfDisposed();
        if (scope is null)
            return Detach(disposable);
        if (_disposables.Contains(disposable))
            Adopt(scope, disposable);
        return disposable;
    }

    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables) =>
        MoveToOther(scope, (IEnumerable<IDisposable>)disposables);

    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables)
            MoveToOther(scope, disposable);
    }

    /// <summary>Takes a tensor out of every scope: whoever holds it disposes it.</summary>
    public T Detach<T>(T disposable)
        where T : IDisposable
    {
        ThrowIfDisposed();
        if (_disposables.Remove(disposable))
        {
            Of(disposable).OwningDisposeScope = null;
            _manager!.StatisticsInstance.TensorStatistics.DetachedFromScopeCount++;
        }
        return disposable;
    }

    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (Detach(first), Detach(second));

    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (Detach(first), Detach(second), Detach(third));

    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);

    public void Detach(IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables)
            Detach(disposable);
    }

    /// <summary>Takes a tensor over from its present scope, or from none.</summary>
    public void Attach(IDisposable disposable) => _ = Attach((IEnumerable<IDisposable>)[disposable]);

    public void Attach(params IDisposable[] disposables) => _ = Attach((IEnumerable<IDisposable>)disposables);

    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        ThrowIfDisposed();
        var attached = disposables.ToArray();
        foreach (var disposable in attached)
        {
            if (Adopt(this, disposable))
                _manager!.StatisticsInstance.TensorStatistics.AttachedToScopeCount++;
        }
        return attached;
    }

    public void DisposeEverything() => DisposeEverythingBut((IEnumerable<IDisposable>)[]);

    /// <summary>Disposes what the scope holds except some, which stay in it.</summary>
    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        ThrowIfDisposed();
        var held = _disposables;
        _disposables = new HashSet<IDisposable>(inKeep, ReferenceEqualityComparer.Instance);
        foreach (var disposable in held)
        {
            if (!_disposables.Contains(disposable))
                disposable.Dispose();
        }
    }

    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);

    public T DisposeEverythingBut<T>(T keep)
        where T : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[keep]);
        return keep;
    }

    public void Dispose()
    {
        if (_manager is null)
            return;
        DisposeEverything();
        _manager.Remove(this);
        _manager = null;
    }

    public void MarkAsDisposed(IDisposable disposable)
    {
        ThrowIfDisposed();
        _disposables.Remove(disposable);
        Of(disposable).OwningDisposeScope = null;
    }

    public bool Contains(IDisposable disposable) => _disposables.Contains(disposable);

    internal void Add(torch.Tensor tensor) => _disposables.Add(tensor);

    private static bool Adopt(DisposeScope scope, IDisposable disposable)
    {
        var tensor = Of(disposable);
        if (ReferenceEquals(tensor.OwningDisposeScope, scope))
            return false;
        tensor.OwningDisposeScope?._disposables.Remove(tensor);
        scope._disposables.Add(tensor);
        tensor.OwningDisposeScope = scope;
        return true;
    }

    private static torch.Tensor Of(IDisposable disposable) =>
        disposable as torch.Tensor
        ?? throw new InvalidOperationException($"A DisposeScope holds tensors only, not a {disposable.GetType()}.");

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_manager is null, this);
}
