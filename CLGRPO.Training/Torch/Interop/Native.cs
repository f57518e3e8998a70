using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>The C ABI of native/. Calls that only read a field skip the switch to native mode: they cannot block.</summary>
internal static unsafe partial class Native
{
    private const string Library = "clgrpo_torch";

    static Native() => NativeLoader.Load(Library);

    /// <summary>The exception for what libtorch reported last on this thread.</summary>
    public static ExternalException LastError() =>
        new(Marshal.PtrToStringUTF8(torch_last_error()) ?? "libtorch failed without a message.");

    /// <summary>Throws what libtorch reported where a call returned a failure code.</summary>
    public static void Check(int code)
    {
        if (code < 0)
            throw LastError();
    }

    [LibraryImport(Library)]
    public static partial IntPtr torch_last_error();

    [LibraryImport(Library)]
    public static partial IntPtr torch_version();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial IntPtr torch_find_operator(string name, string overload);

    [LibraryImport(Library)]
    public static partial int torch_call(
        IntPtr op,
        NativeValue* arguments,
        int count,
        NativeValue* results,
        int capacity
    );

    [LibraryImport(Library)]
    public static partial void torch_free(IntPtr memory);

    [LibraryImport(Library)]
    public static partial void tensor_release(IntPtr handle);

    [LibraryImport(Library)]
    public static partial IntPtr tensor_alias(IntPtr handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial long tensor_dim(IntPtr handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial long tensor_numel(IntPtr handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial long tensor_item_size(IntPtr handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int tensor_dtype(IntPtr handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial long tensor_device(IntPtr handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void tensor_sizes(IntPtr handle, long* sizes);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void tensor_strides(IntPtr handle, long* strides);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial long tensor_storage_offset(IntPtr handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial byte tensor_is_contiguous(IntPtr handle);

    [LibraryImport(Library)]
    public static partial int tensor_data(IntPtr handle, void** data);

    [LibraryImport(Library)]
    public static partial byte tensor_requires_grad(IntPtr handle);

    [LibraryImport(Library)]
    public static partial byte tensor_is_leaf(IntPtr handle);

    [LibraryImport(Library)]
    public static partial int tensor_set_requires_grad(IntPtr handle, byte value);

    [LibraryImport(Library)]
    public static partial int tensor_retain_grad(IntPtr handle);

    [LibraryImport(Library)]
    public static partial IntPtr tensor_grad(IntPtr handle);

    [LibraryImport(Library)]
    public static partial int tensor_set_grad(IntPtr handle, IntPtr grad);

    [LibraryImport(Library)]
    public static partial int autograd_backward(
        IntPtr* tensors,
        int tensorCount,
        IntPtr* grads,
        int gradCount,
        byte retainGraph,
        byte createGraph,
        IntPtr* inputs,
        int inputCount
    );

    [LibraryImport(Library)]
    public static partial int autograd_grad(
        IntPtr* outputs,
        int outputCount,
        IntPtr* inputs,
        int inputCount,
        IntPtr* grads,
        int gradCount,
        byte retainGraph,
        byte createGraph,
        byte allowUnused,
        IntPtr* results
    );

    [LibraryImport(Library), SuppressGCTransition]
    public static partial byte autograd_is_enabled();

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void autograd_set_enabled(byte enabled);

    [LibraryImport(Library)]
    public static partial IntPtr autograd_enter_inference_mode(byte enabled);

    [LibraryImport(Library)]
    public static partial void autograd_leave_inference_mode(IntPtr guard);

    [LibraryImport(Library)]
    public static partial IntPtr generator_default(long device);

    [LibraryImport(Library)]
    public static partial IntPtr generator_new(long device, long seed);

    [LibraryImport(Library)]
    public static partial void generator_release(IntPtr generator);

    [LibraryImport(Library)]
    public static partial int generator_set_seed(IntPtr generator, long seed);

    [LibraryImport(Library)]
    public static partial long generator_random_seed(IntPtr generator);

    [LibraryImport(Library)]
    public static partial long generator_current_seed(IntPtr generator);

    [LibraryImport(Library)]
    public static partial IntPtr generator_state(IntPtr generator);

    [LibraryImport(Library)]
    public static partial int generator_set_state(IntPtr generator, IntPtr state);

    [LibraryImport(Library)]
    public static partial int torch_manual_seed(long seed);

    [LibraryImport(Library)]
    public static partial int torch_get_threads();

    [LibraryImport(Library)]
    public static partial int torch_set_threads(int count);

    [LibraryImport(Library)]
    public static partial int torch_get_interop_threads();

    [LibraryImport(Library)]
    public static partial int torch_set_interop_threads(int count);

    [LibraryImport(Library)]
    public static partial int cuda_device_count();

    [LibraryImport(Library)]
    public static partial int cuda_synchronize(int index);
}
