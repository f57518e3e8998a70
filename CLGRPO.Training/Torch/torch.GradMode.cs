using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Until disposed, operators of this thread record nothing for a backward pass.</summary>
    public static IDisposable no_grad() => new GradModeGuard(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradModeGuard(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradModeGuard(mode);

    public static bool is_grad_enabled() => Native.autograd_is_enabled() != 0;

    /// <summary>As <see cref="no_grad"/>, and the tensors made can never be part of a backward pass.</summary>
    public static IDisposable inference_mode(bool mode = true) => new InferenceModeGuard(mode);

    private sealed class GradModeGuard : IDisposable
    {
        private readonly byte _before = Native.autograd_is_enabled();

        public GradModeGuard(bool enabled) => Native.autograd_set_enabled(enabled ? (byte)1 : (byte)0);

        public void Dispose() => Native.autograd_set_enabled(_before);
    }

    private sealed class InferenceModeGuard(bool enabled) : IDisposable
    {
        // A guard restores the thread that it was made on, so it has no finalizer, which runs on another.
        private IntPtr _guard = Native.autograd_enter_inference_mode(enabled ? (byte)1 : (byte)0);

        public void Dispose()
        {
            if (_guard == 0)
                return;
            Native.autograd_leave_inference_mode(_guard);
            _guard = 0;
        }
    }
}
