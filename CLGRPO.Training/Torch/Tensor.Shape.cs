using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public Tensor alias() => new(Kept(Native.tensor_alias(Handle)));

        public Tensor view(params long[] shape) => Aten.view.Call(this, shape);

        public Tensor view_as(Tensor other) => view(other.shape);

        public Tensor reshape(params long[] shape) => Aten.reshape.Call(this, shape);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Aten.flatten.Call(this, start_dim, end_dim);

        public Tensor unflatten(long dim, params long[] sizes) => view(Unflattened(dim, sizes));

        public Tensor squeeze(long? dim = null) =>
            dim is null ? Aten.squeeze.Call(this) : Aten.squeeze_dim.Call(this, dim);

        public Tensor unsqueeze(long dim) => Aten.unsqueeze.Call(this, dim);

        public Tensor unsqueeze_(long dim) => Aten.unsqueeze_.Run(this, dim);

        public Tensor t() => Aten.t.Call(this);

        public Tensor T => Aten.numpy_T.Call(this);
        public Tensor mT => Aten.mT.Call(this);

        public Tensor transpose(long dim0, long dim1) => Aten.transpose.Call(this, dim0, dim1);

        public Tensor swapaxes(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor swapdims(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor permute(params long[] permutation) => Aten.permute.Call(this, permutation);

        public Tensor movedim(long[] source, long[] destination) => Aten.movedim.Call(this, source, destination);

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) =>
            Aten.expand.Call(this, sizes, isImplicit);

        public Tensor expand(long[] sizes, bool isImplicit = false) => Aten.expand.Call(this, sizes, isImplicit);

        public Tensor expand(params long[] sizes) => Aten.expand.Call(this, sizes);

        public Tensor expand_as(Tensor other) => expand(other.shape);

        public Tensor broadcast_to(params long[] shape) => Aten.broadcast_to.Call(this, shape);

        public Tensor repeat(params long[] sizes) => Aten.repeat.Call(this, sizes);

        public Tensor tile(long[] reps) => Aten.tile.Call(this, reps);

        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) =>
            Aten.repeat_interleave_tensor.Call(this, repeats, dim, output_size);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) =>
            Aten.repeat_interleave.Call(this, repeats, dim, output_size);

        public Tensor flip(params long[] dims) => Aten.flip.Call(this, dims);

        public Tensor roll(long shifts, long? dims = null) =>
            Aten.roll.Call(this, Argument.List(shifts), dims is null ? Array.Empty<long>() : Argument.List(dims.Value));

        public Tensor roll(long[] shifts, long[] dims) => Aten.roll.Call(this, shifts, dims);

        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0L) =>
            Aten.as_strided.Call(this, size, strides, storageOffset);

        public Tensor unfold(long dimension, long size, long step) => Aten.unfold.Call(this, dimension, size, step);

        public Tensor tril(long diagonal = 0) => Aten.tril.Call(this, diagonal);

        public Tensor triu(long diagonal = 0) => Aten.triu.Call(this, diagonal);

        public Tensor tril_(long diagonal = 0) => Aten.tril_.Run(this, diagonal);

        public Tensor triu_(long diagonal = 0) => Aten.triu_.Run(this, diagonal);

        public Tensor diag(long diagonal = 0) => Aten.diag.Call(this, diagonal);

        public Tensor diagonal(long offset = 0L, long dim1 = 0L, long dim2 = 1L) =>
            Aten.diagonal.Call(this, offset, dim1, dim2);

        public Tensor[] unbind(long dimension = 0L) => Aten.unbind.CallList(this, dimension);

        public Tensor[] split(long size, int dim = 0) => Aten.split.CallList(this, size, dim);

        public Tensor[] split(long[] sizes, long dim = 0) => Aten.split_with_sizes.CallList(this, sizes, dim);

        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) =>
            Aten.split_with_sizes.CallList(this, sizes, dim);

        public Tensor[] split(params long[] sizes) => Aten.split_with_sizes.CallList(this, sizes, 0);

        public Tensor[] chunk(long chunks, long dim = 0L) => Aten.chunk.CallList(this, chunks, dim);

        private long[] Unflattened(long dim, long[] sizes)
        {
            var from = shape;
            var at = Dimension((int)dim);
            return [.. from[..at], .. sizes, .. from[(at + 1)..]];
        }
    }
}
