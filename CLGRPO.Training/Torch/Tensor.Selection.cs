using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public Tensor index_select(long dim, Tensor index) => Aten.index_select.Call(this, dim, index);

        public Tensor select(long dim, long index) => Aten.select.Call(this, dim, index);

        public Tensor narrow(long dim, long start, long length) => Aten.narrow.Call(this, dim, start, length);

        public Tensor slice(long dim, long start, long finish, long step) =>
            Aten.slice.Call(this, dim, start, finish, step);

        public Tensor take(Tensor index) => Aten.take.Call(this, index);

        public Tensor take_along_dim(Tensor indices) => Aten.take_along_dim.Call(this, indices);

        public Tensor take_along_dim(Tensor indices, long dim) => Aten.take_along_dim.Call(this, indices, dim);

        public Tensor gather(long dim, Tensor index) => Aten.gather.Call(this, dim, index);

        public Tensor scatter(long dim, Tensor index, Tensor src) => Aten.scatter.Call(this, dim, index, src);

        public Tensor scatter_(long dim, Tensor index, Tensor src) => Aten.scatter_.Run(this, dim, index, src);

        public Tensor scatter_add(long dim, Tensor index, Tensor src) => Aten.scatter_add.Call(this, dim, index, src);

        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Aten.scatter_add_.Run(this, dim, index, src);

        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Aten.index_add.Call(this, dim, index, source, alpha);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Aten.index_add_.Run(this, dim, index, source, alpha);

        public Tensor index_copy(long dim, Tensor index, Tensor source) =>
            Aten.index_copy.Call(this, dim, index, source);

        public Tensor index_copy_(long dim, Tensor index, Tensor source) =>
            Aten.index_copy_.Run(this, dim, index, source);

        public Tensor index_fill(long dim, Tensor index, Scalar value) => Aten.index_fill.Call(this, dim, index, value);

        public Tensor index_fill_(long dim, Tensor index, Scalar value) =>
            Aten.index_fill_.Run(this, dim, index, value);

        public Tensor masked_fill(Tensor mask, Scalar value) => Aten.masked_fill.Call(this, mask, value);

        public Tensor masked_fill_(Tensor mask, Scalar value) => Aten.masked_fill_.Run(this, mask, value);

        public Tensor masked_scatter(Tensor mask, Tensor value) => Aten.masked_scatter.Call(this, mask, value);

        public Tensor masked_scatter_(Tensor mask, Tensor value) => Aten.masked_scatter_.Run(this, mask, value);

        public Tensor masked_select(Tensor mask) => Aten.masked_select.Call(this, mask);

        public Tensor where(Tensor condition, Tensor y) => Aten.where.Call(condition, this, y);

        public Tensor nonzero() => Aten.nonzero.Call(this);

        public Tensor argwhere() => Aten.argwhere.Call(this);

        public Tensor isin(Tensor test_elements, bool assumeUnique = false, bool invert = false) =>
            Aten.isin.Call(this, test_elements, assumeUnique, invert);
    }
}
