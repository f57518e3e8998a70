using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public bool requires_grad
        {
            get => Kept(Native.tensor_requires_grad(Handle) != 0);
            set => Native.Check(Kept(Native.tensor_set_requires_grad(Handle, value ? (byte)1 : (byte)0)));
        }

        public bool is_leaf => Kept(Native.tensor_is_leaf(Handle) != 0);

        /// <summary>
        /// The gradient that backward adds to, in place where there is one already: set to a view, a backward pass
        /// writes into what it is a view of. Null where there is none.
        /// </summary>
        public Tensor? grad
        {
            get
            {
                var handle = Kept(Native.tensor_grad(Handle));
                return handle == 0 ? null : new Tensor(handle);
            }
            set
            {
                Native.Check(Kept(Native.tensor_set_grad(Handle, value?.Handle ?? 0)));
                GC.KeepAlive(value);
            }
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        /// <summary>Keeps the gradient of a tensor that is not a leaf.</summary>
        public void retain_grad() => Native.Check(Kept(Native.tensor_retain_grad(Handle)));

        /// <summary>Adds this tensor's gradient with respect to every leaf to the leaf's <see cref="grad"/>.</summary>
        public void backward() => autograd.backward([this]);

        /// <inheritdoc cref="backward()"/>
        /// <param name="grad_tensors">The gradient of this tensor; may be left out for one element.</param>
        /// <param name="retain_graph">Whether a second backward pass is to be possible.</param>
        /// <param name="create_graph">Whether the gradients are to be differentiable.</param>
        /// <param name="inputs">Leaves to which the gradients are limited.</param>
        public void backward(
            IList<Tensor>? grad_tensors = null,
            bool retain_graph = false,
            bool create_graph = false,
            IList<Tensor>? inputs = null
        ) => autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);
    }

    /// <summary>Gradients by reverse differentiation.</summary>
    public static partial class autograd
    {
        /// <summary>The gradients of outputs with respect to inputs, without touching any leaf's grad.</summary>
        /// <returns>One gradient per input; an invalid tensor for an input that is not used, where that is allowed.</returns>
        public static unsafe IList<Tensor> grad(
            IList<Tensor> outputs,
            IList<Tensor> inputs,
            IList<Tensor>? grad_outputs = null,
            bool retain_graph = false,
            bool create_graph = false,
            bool allow_unused = false
        )
        {
            var outs = Handles(outputs);
            var ins = Handles(inputs);
            var grads = Handles(grad_outputs);
            var results = new IntPtr[ins.Length];
            fixed (
                IntPtr* o = outs,
                    i = ins,
                    g = grads,
                    r = results
            )
                Native.Check(
                    Native.autograd_grad(
                        o,
                        outs.Length,
                        i,
                        ins.Length,
                        g,
                        grads.Length,
                        Flag(retain_graph || create_graph),
                        Flag(create_graph),
                        Flag(allow_unused),
                        r
                    )
                );
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            return [.. results.Select(handle => new Tensor(handle))];
        }

        /// <inheritdoc cref="Tensor.backward()"/>
        public static unsafe void backward(
            IList<Tensor> tensors,
            IList<Tensor>? grad_tensors = null,
            bool? retain_graph = null,
            bool create_graph = false,
            IList<Tensor>? inputs = null
        )
        {
            var roots = Handles(tensors);
            var grads = Handles(grad_tensors);
            var leaves = Handles(inputs);
            fixed (
                IntPtr* t = roots,
                    g = grads,
                    i = leaves
            )
                Native.Check(
                    Native.autograd_backward(
                        t,
                        roots.Length,
                        g,
                        grads.Length,
                        Flag(retain_graph ?? create_graph),
                        Flag(create_graph),
                        i,
                        leaves.Length
                    )
                );
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        /// <inheritdoc cref="Tensor.backward()"/>
        public static void backward(
            Tensor tensor,
            IList<Tensor>? grad_tensors = null,
            bool? retain_graph = null,
            bool create_graph = false,
            IList<Tensor>? inputs = null
        ) => backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        private static IntPtr[] Handles(IList<Tensor>? tensors)
        {
            var handles = new IntPtr[tensors?.Count ?? 0];
            for (var i = 0; i < handles.Length; i++)
                handles[i] = tensors![i].Handle;
            return handles;
        }

        private static byte Flag(bool value) => value ? (byte)1 : (byte)0;
    }
}
