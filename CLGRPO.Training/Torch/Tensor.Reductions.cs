using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public Tensor sum(ScalarType? type = null) => Aten.sum.Call(this, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) =>
            Aten.sum_dim.Call(this, dim, keepdim, type);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) =>
            Aten.sum_dim.Call(this, dim, keepdim, type);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) =>
            Aten.sum_dim.Call(this, Argument.List(dim), keepdim, type);

        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) =>
            sum((long[])[dim0, dim1], keepdim, type);

        public Tensor mean() => Aten.mean.Call(this);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) =>
            Aten.mean_dim.Call(this, dimensions, keepdim, type);

        public Tensor prod(ScalarType? type = null) => Aten.prod.Call(this, type);

        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) =>
            Aten.prod_dim.Call(this, dim, keepdim, type);

        public Tensor max() => Aten.max.Call(this);

        public Tensor min() => Aten.min.Call(this);

        public Tensor max(Tensor other) => maximum(other);

        public Tensor min(Tensor other) => minimum(other);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) =>
            Aten.max_dim.CallTwo(this, dim, keepdim);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) =>
            Aten.min_dim.CallTwo(this, dim, keepdim);

        public Tensor argmax() => Aten.argmax.Call(this);

        public Tensor argmax(long dim, bool keepdim = false) => Aten.argmax.Call(this, dim, keepdim);

        public Tensor argmin() => Aten.argmin.Call(this);

        public Tensor argmin(long dim, bool keepdim = false) => Aten.argmin.Call(this, dim, keepdim);

        public Tensor all() => Aten.all.Call(this);

        public Tensor all(long dim, bool keepdim = false) => Aten.all_dim.Call(this, dim, keepdim);

        public Tensor any() => Aten.any.Call(this);

        public Tensor any(long dim, bool keepdim = false) => Aten.any_dim.Call(this, dim, keepdim);

        public Tensor logsumexp(long dim, bool keepdim = false) =>
            Aten.logsumexp.Call(this, Argument.List(dim), keepdim);

        public Tensor median() => Aten.median.Call(this);

        public Tensor norm(float p = 2.0f) => Aten.norm.Call(this, p);

        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) =>
            Aten.norm_dim.Call(this, p, Argument.List(dim), keepdim);

        public Tensor cumsum(long dim, ScalarType? type = null) => Aten.cumsum.Call(this, dim, type);

        public Tensor cumprod(long dim, ScalarType? type = null) => Aten.cumprod.Call(this, dim, type);

        public Tensor softmax(long dim, ScalarType? dtype = null) => Aten.softmax.Call(this, dim, dtype);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Aten.log_softmax.Call(this, dim, dtype);

        public Tensor count_nonzero(long[]? dims = null) =>
            dims is null ? Aten.count_nonzero.Call(this) : Aten.count_nonzero_dim.Call(this, dims);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) =>
            Aten.topk.CallTwo(this, k, dim, largest, sorted);

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) =>
            Aten.sort.CallTwo(this, stable, dim, descending);

        public Tensor argsort(long dim = -1, bool descending = false) => Aten.argsort.Call(this, dim, descending);

        public Tensor bincount(Tensor? weights, long minlength = 0) => Aten.bincount.Call(this, weights, minlength);

        public Tensor bucketize(Tensor boundaries, bool outInt32 = false, bool right = false) =>
            Aten.bucketize.Call(this, boundaries, outInt32, right);

        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) =>
            @out is null ? Aten.amax.Call(this, dims, keepdim) : Aten.amax_out.Call(this, dims, keepdim, @out);

        public Tensor amax(params long[] dims) => amax(dims, false);

        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null) =>
            amax(dims.ToArray(), keepdim, @out);

        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null) =>
            @out is null ? Aten.amin.Call(this, dims, keepdim) : Aten.amin_out.Call(this, dims, keepdim, @out);

        public Tensor amin(params long[] dims) => amin(dims, false);

        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null) =>
            amin(dims.ToArray(), keepdim, @out);

        public Tensor std(bool unbiased = true) => Aten.std.Call(this, unbiased);

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Aten.std_dim.Call(Typed(type), dimensions, unbiased, keepdim);

        public Tensor std(
            ReadOnlySpan<long> dimensions,
            bool unbiased = true,
            bool keepdim = false,
            ScalarType? type = null
        ) => Aten.std_dim.Call(Typed(type), dimensions, unbiased, keepdim);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Aten.std_dim.Call(Typed(type), Argument.List(dim), unbiased, keepdim);

        public Tensor var(bool unbiased = true) => Aten.var.Call(this, unbiased);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Aten.var_dim.Call(Typed(type), dimensions, unbiased, keepdim);

        public Tensor var(
            ReadOnlySpan<long> dimensions,
            bool unbiased = true,
            bool keepdim = false,
            ScalarType? type = null
        ) => Aten.var_dim.Call(Typed(type), dimensions, unbiased, keepdim);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Aten.var_dim.Call(Typed(type), Argument.List(dim), unbiased, keepdim);

        private Tensor Typed(ScalarType? type) => type is null || type == dtype ? this : to_type(type.Value);
    }
}
