using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchSharp.Interop;

/// <summary>An ATen operator, found by name on its first call.</summary>
/// <param name="name">The name without "aten::".</param>
/// <param name="overload">The overload's name; empty for the operator's first form.</param>
internal sealed unsafe class Operator(string name, string overload = "")
{
    /// <summary>Lists up to this many words lie on the stack.</summary>
    private const int StackWords = 64;

    private IntPtr _handle;

    /// <summary>Whether this libtorch has the operator.</summary>
    public bool Exists => _handle != 0 || TryFind();

    /// <summary>Calls an operator that returns one tensor.</summary>
    public torch.Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return new torch.Tensor(result.Pointer);
    }

    /// <summary>Calls an operator that changes its first argument, and returns that argument.</summary>
    public torch.Tensor Run(params ReadOnlySpan<Argument> arguments)
    {
        Invoke(arguments, null, 0);
        return (torch.Tensor)arguments[0].Reference!;
    }

    /// <summary>Calls an operator that returns two tensors.</summary>
    public (torch.Tensor First, torch.Tensor Second) CallTwo(params ReadOnlySpan<Argument> arguments)
    {
        var results = stackalloc NativeValue[2];
        Invoke(arguments, results, 2);
        return (new torch.Tensor(results[0].Pointer), new torch.Tensor(results[1].Pointer));
    }

    /// <summary>Calls an operator that returns three tensors.</summary>
    public (torch.Tensor First, torch.Tensor Second, torch.Tensor Third) CallThree(
        params ReadOnlySpan<Argument> arguments
    )
    {
        var results = stackalloc NativeValue[3];
        Invoke(arguments, results, 3);
        return (
            new torch.Tensor(results[0].Pointer),
            new torch.Tensor(results[1].Pointer),
            new torch.Tensor(results[2].Pointer)
        );
    }

    /// <summary>Calls an operator that returns a list of tensors.</summary>
    public torch.Tensor[] CallList(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        var handles = new ReadOnlySpan<IntPtr>((void*)result.Pointer, result.Length);
        var tensors = new torch.Tensor[handles.Length];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = new torch.Tensor(handles[i]);
        Native.torch_free(result.Pointer);
        return tensors;
    }

    /// <summary>Calls an operator that returns a truth value.</summary>
    public bool CallBool(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return result.Integer != 0;
    }

    /// <summary>Calls an operator that returns a number.</summary>
    public NativeValue CallNumber(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return result;
    }

    [SkipLocalsInit]
    private void Invoke(ReadOnlySpan<Argument> arguments, NativeValue* results, int capacity)
    {
        if (_handle == 0 && !TryFind())
            throw new NotSupportedException(
                $"This libtorch ({torch.__version__}) has no operator aten::{name}{(overload.Length > 0 ? "." + overload : "")}."
            );

        var words = 0;
        foreach (ref readonly var argument in arguments)
            words += argument.ListWords;

        var values = stackalloc NativeValue[arguments.Length];
        var onStack = stackalloc long[StackWords];
        var onHeap = words > StackWords ? NativeMemory.Alloc((nuint)words, sizeof(long)) : null;
        try
        {
            var lists = onHeap is null ? onStack : (long*)onHeap;
            for (var i = 0; i < arguments.Length; i++)
                lists += Write(in arguments[i], ref values[i], lists);
            var given = Native.torch_call(_handle, values, arguments.Length, results, capacity);
            foreach (ref readonly var argument in arguments)
                GC.KeepAlive(argument.Reference);
            if (given < 0)
                throw Native.LastError();
        }
        finally
        {
            NativeMemory.Free(onHeap);
        }
    }

    /// <summary>Writes an argument; the items of a list go to <paramref name="list"/>.</summary>
    /// <returns>The words written there.</returns>
    private static int Write(in Argument argument, ref NativeValue value, long* list)
    {
        value.Tag = argument.Tag;
        switch (argument.Tag)
        {
            case ValueTag.Tensor:
                value.Pointer = ((torch.Tensor)argument.Reference!).Handle;
                return 0;
            case ValueTag.Generator:
                value.Pointer = ((torch.Generator)argument.Reference!).Handle;
                return 0;
            case ValueTag.IntList:
                var integers = (long[]?)argument.Reference;
                if (integers is null)
                    list[0] = argument.Bits;
                else
                    integers.CopyTo(new Span<long>(list, integers.Length));
                return List(ref value, list, integers?.Length ?? 1);
            case ValueTag.TensorList:
            case ValueTag.OptionalTensorList:
                var tensors = (torch.Tensor?[])argument.Reference!;
                for (var i = 0; i < tensors.Length; i++)
                    list[i] = tensors[i]?.Handle ?? 0;
                return List(ref value, list, tensors.Length);
            case ValueTag.String:
                var text = (string)argument.Reference!;
                value.Pointer = (IntPtr)list;
                var room = argument.ListWords;
                value.Length = Encoding.UTF8.GetBytes(text, new Span<byte>(list, room * sizeof(long)));
                return room;
            default:
                value.Integer = argument.Bits;
                return 0;
        }
    }

    private static int List(ref NativeValue value, long* list, int length)
    {
        value.Pointer = (IntPtr)list;
        value.Length = length;
        return length;
    }

    private bool TryFind()
    {
        _handle = Native.torch_find_operator("aten::" + name, overload);
        return _handle != 0;
    }
}
