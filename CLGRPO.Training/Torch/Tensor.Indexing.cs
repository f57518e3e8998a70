using System.Runtime.CompilerServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1]
        {
            get => select(0, i1);
            set => Assign([i1], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2]
        {
            get => At([i1, i2]);
            set => Assign([i1, i2], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3]
        {
            get => At([i1, i2, i3]);
            set => Assign([i1, i2, i3], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => At([i1, i2, i3, i4]);
            set => Assign([i1, i2, i3, i4], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params long[] indices]
        {
            get => At(indices);
            set => Assign(indices, value);
        }

        public Tensor index(params TensorIndex[] indices)
        {
            var view = View(indices, out var tensors);
            if (tensors is null)
                return view;
            using (view)
                return Aten.index.Call(view, Argument.OptionalTensors(tensors));
        }

        public Tensor index(params Tensor[] indices) => Aten.index.Call(this, Argument.OptionalTensors(indices));

        public Tensor index_put_(Tensor value, params TensorIndex[] indices) =>
            index_put_(value, indices, accumulate: false);

        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false)
        {
            using var view = View(indices, out var tensors);
            if (tensors is not null)
                Aten.index_put_.Run(view, Argument.OptionalTensors(tensors), value, accumulate);
            else if (accumulate)
                view.add_(value);
            else
                view.copy_(value);
            return this;
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) =>
            index_put_(value, indices, accumulate: false);

        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false) =>
            Aten.index_put_.Run(this, Argument.OptionalTensors(indices), value, accumulate);

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            using var tensor = OfMyType(value);
            return index_put_(tensor, indices, accumulate: false);
        }

        public Tensor index_put_(Scalar value, params Tensor[] indices)
        {
            using var tensor = OfMyType(value);
            return index_put_(tensor, indices, accumulate: false);
        }

        private Tensor OfMyType(Scalar value) =>
            Aten.full.Call(Array.Empty<long>(), value, dtype, Argument.None, device);

        private Tensor At(ReadOnlySpan<long> indices)
        {
            var view = alias();
            foreach (var index in indices)
                view = Replace(view, view.select(0, index));
            return view;
        }

        private void Assign(ReadOnlySpan<long> indices, Tensor value)
        {
            using var view = At(indices);
            view.copy_(value);
        }

        /// <summary>Applies all indices but tensors, which are left for the operator that gathers.</summary>
        /// <param name="indices">The indices between the brackets.</param>
        /// <param name="tensors">For each dimension of the view an index tensor or null, a mask standing for all of its
        /// own; null where no index is a tensor.</param>
        private Tensor View(TensorIndex[] indices, out Tensor?[]? tensors)
        {
            var view = alias();
            var at = 0; // the dimension of the view that the next index applies to
            var slots = new List<Tensor?>();
            for (var i = 0; i < indices.Length; i++)
            {
                var index = indices[i];
                switch (index.kind)
                {
                    case TensorIndex.Kind.Single:
                        view = Replace(view, view.select(at, index.start!.Value));
                        break;
                    case TensorIndex.Kind.Slice:
                        view = Replace(view, view.Sliced(at++, index));
                        slots.Add(null);
                        break;
                    case TensorIndex.Kind.Ellipsis:
                        var filled = (int)view.ndim - at - indices[(i + 1)..].Sum(Taken);
                        slots.AddRange(Enumerable.Repeat<Tensor?>(null, filled));
                        at += filled;
                        break;
                    case TensorIndex.Kind.None or TensorIndex.Kind.Null:
                        view = Replace(view, view.unsqueeze(at++));
                        slots.Add(null);
                        break;
                    case TensorIndex.Kind.Bool:
                        view = Replace(view, view.unsqueeze(at++));
                        slots.Add(tensor([index.start == 1], device: device));
                        break;
                    case TensorIndex.Kind.Tensor:
                        slots.Add(index.tensor);
                        at += Taken(index);
                        break;
                }
            }
            tensors = slots.Exists(slot => slot is not null) ? [.. slots] : null;
            return view;
        }

        private Tensor Sliced(int dim, TensorIndex index) =>
            Aten.slice.Call(this, dim, index.start, index.stop, index.step ?? 1);

        /// <summary>The dimensions of the tensor that an index uses up; a mask uses one for each of its own.</summary>
        private static int Taken(TensorIndex index) =>
            index.kind switch
            {
                TensorIndex.Kind.Single or TensorIndex.Kind.Slice => 1,
                TensorIndex.Kind.Tensor => index.tensor!.dtype is ScalarType.Bool or ScalarType.Byte
                    ? (int)index.tensor.ndim
                    : 1,
                _ => 0,
            };

        private static Tensor Replace(Tensor old, Tensor view)
        {
            old.Dispose();
            return view;
        }
    }
}
