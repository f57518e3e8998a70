using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// A tensor of libtorch. It is freed by <see cref="Dispose()"/>, by the dispose scope that it was made in, or, where
    /// neither happens, by the garbage collector. Names and meanings are those of TorchSharp and PyTorch.
    /// </summary>
    public sealed partial class Tensor : IDisposable
    {
        private static long s_totalCount;
        private static long s_peakCount;
        private IntPtr _handle;

        internal Tensor(IntPtr handle)
        {
            _handle = handle;
            var total = Interlocked.Increment(ref s_totalCount);
            if (total > Volatile.Read(ref s_peakCount))
                Interlocked.Exchange(ref s_peakCount, total);
            OwningDisposeScope = DisposeScopeManager.ThreadSingleton.Register(this);
        }

        ~Tensor() => Release();

        /// <summary>Tensors that managed code holds now, in the whole process.</summary>
        public static long TotalCount => Volatile.Read(ref s_totalCount);

        /// <summary>The most tensors that managed code held at once.</summary>
        public static long PeakCount => Volatile.Read(ref s_peakCount);

        /// <exception cref="InvalidOperationException">The tensor is disposed.</exception>
        public IntPtr Handle =>
            _handle != 0 ? _handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        public bool IsInvalid => _handle == 0;

        public string? name { get; set; }

        internal DisposeScope? OwningDisposeScope { get; set; }

        public void Dispose()
        {
            if (_handle == 0)
                return;
            DisposeScopeManager.ThreadSingleton.Disposing(this);
            OwningDisposeScope?.MarkAsDisposed(this);
            Release();
            GC.SuppressFinalize(this);
        }

        /// <summary>Hands the tensor to the scope around its own; where there is none, nobody disposes it.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        /// <summary>Takes the tensor out of every scope: whoever holds it disposes it.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is null)
                other?.Attach(this);
            else
                OwningDisposeScope.MoveToOther(other, this);
            return this;
        }

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        /// <summary>Whether both have the same shape and elements.</summary>
        public bool Equals(Tensor target) => Aten.equal.CallBool(this, target);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

        public override string ToString() =>
            IsInvalid ? "[disposed]" : $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";

        /// <summary>Hands on what a native call returned, and keeps the tensor from being finalized while it ran.</summary>
        private T Kept<T>(T result)
        {
            GC.KeepAlive(this);
            return result;
        }

        private void Release()
        {
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle == 0)
                return;
            Interlocked.Decrement(ref s_totalCount);
            Native.tensor_release(handle);
        }
    }

    /// <summary>Opens a scope that disposes the tensors made in it on this thread.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.ThreadSingleton.NewDisposeScope();

    public static DisposeScope? CurrentDisposeScope => DisposeScopeManager.ThreadSingleton.CurrentDisposeScope;

    /// <summary>Runs an expression in a scope of its own and hands its tensor to the scope around it.</summary>
    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }
}
