using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace CLGRPO.Training.Tests.Torch;

/// <summary>Operators on small tensors, against values worked out by hand or with <see cref="Math"/>.</summary>
public sealed class OperatorValueTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _x = tensor([-1.5, 0, 2, 0.5], [2, 2]);

    public void Dispose() => _scope.Dispose();

    public static TheoryData<string, Func<Tensor, Tensor>, Func<double, double>> Pointwise =>
        new()
        {
            { "abs", x => x.abs(), Math.Abs },
            { "ceil", x => x.ceil(), Math.Ceiling },
            { "floor", x => x.floor(), Math.Floor },
            { "trunc", x => x.trunc(), Math.Truncate },
            { "round", x => x.round(), Math.Round },
            { "sign", x => x.sign(), x => Math.Sign(x) },
            { "neg", x => -x, x => -x },
            { "exp", x => x.exp(), Math.Exp },
            { "expm1", x => x.expm1(), x => Math.Exp(x) - 1 },
            { "cos", x => x.cos(), Math.Cos },
            { "sin", x => x.sin(), Math.Sin },
            { "tanh", x => x.tanh(), Math.Tanh },
            { "square", x => x.square(), x => x * x },
            { "pow", x => x.pow(3), x => Math.Pow(x, 3) },
            { "sigmoid", x => x.sigmoid(), Sigmoid },
            { "silu", x => x.silu(), x => x * Sigmoid(x) },
            { "relu", x => x.relu(), x => Math.Max(x, 0) },
            { "softplus", x => F.softplus(x), x => Math.Log(1 + Math.Exp(x)) },
            { "log_sigmoid", x => x.log_sigmoid(), x => -Math.Log(1 + Math.Exp(-x)) },
            {
                "gelu tanh",
                x => F.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh),
                x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))))
            },
            { "log", x => x.add(2).log(), x => Math.Log(x + 2) },
            { "log1p", x => x.add(1).log1p(), x => Math.Log(x + 2) },
            { "log2", x => x.add(2).log2(), x => Math.Log2(x + 2) },
            { "log10", x => x.add(2).log10(), x => Math.Log10(x + 2) },
            { "sqrt", x => x.add(2).sqrt(), x => Math.Sqrt(x + 2) },
            { "rsqrt", x => x.add(2).rsqrt(), x => 1 / Math.Sqrt(x + 2) },
            { "reciprocal", x => x.add(2).reciprocal(), x => 1 / (x + 2) },
            { "1 - x", x => 1 - x, x => 1 - x },
            { "3 / x", x => 3 / (x + 2), x => 3 / (x + 2) },
            { "x % 2", x => x % 2, x => x - (2 * Math.Floor(x / 2)) },
            { "clamp", x => x.clamp(-1, 1), x => Math.Clamp(x, -1, 1) },
            { "floor div", x => x.div(2, RoundingMode.floor), x => Math.Floor(x / 2) },
            { "trunc div", x => x.div(2, RoundingMode.trunc), x => Math.Truncate(x / 2) },
            { "add alpha", x => x.add(x, 0.5), x => 1.5 * x },
            { "lerp", x => x.lerp(x.zeros_like(), 0.25), x => 0.75 * x },
            { "addcmul", x => x.addcmul(x, x, 2), x => x + (2 * x * x) },
            { "addcdiv", x => x.addcdiv(x, x.ones_like().mul(4), 2), x => x + (x / 2) },
            { "maximum", x => x.maximum(-x), Math.Abs },
            { "where", x => where(x > 0, x, 0 * x), x => Math.Max(x, 0) },
            { "masked_fill", x => x.masked_fill(x < 0, 9), x => x < 0 ? 9 : x },
            { "nan_to_num", x => (x / x).nan_to_num(5), x => x == 0 ? 5 : 1 },
        };

    [Theory]
    [MemberData(nameof(Pointwise))]
    public void Pointwise_OfEachElement_IsTheFunction(
        string name,
        Func<Tensor, Tensor> op,
        Func<double, double> function
    )
    {
        Assert.NotEmpty(name);
        AssertNear([.. _x.data<double>().Select(function)], op(_x));
    }

    [Fact]
    public void InPlace_ChangesAndReturnsTheTensorItself()
    {
        var y = _x.clone();
        Assert.Same(y, y.add_(1).mul_(2).sub_(1).div_(2).clamp_(min: 0).pow_(2).neg_().abs_().sqrt_());
        AssertNear([0, 0.5, 2.5, 1], y);
        y.zero_().fill_(3).copy_(_x).masked_fill_(_x == 0, 7);
        AssertNear([-1.5, 7, 2, 0.5], y);
        y.lerp_(_x.zeros_like(), 0.5).addcmul_(_x, _x, -1).addcdiv_(_x, _x + 10, 0);
        AssertNear([-3, 3.5, -3, 0], y);
    }

    [Fact]
    public void Comparisons_OfNumbersAndTensors_AreTruthValues()
    {
        var half = tensor(0.5);
        AssertIs([true, true, false, false], _x < half);
        AssertIs([true, true, false, true], _x <= 0.5);
        AssertIs([false, false, true, false], _x > half);
        AssertIs([false, false, true, true], _x >= 0.5);
        AssertIs([false, false, false, true], _x == half);
        AssertIs([true, true, true, false], _x != 0.5);
        AssertIs([false, true, false, false], (_x < 1) & ~(_x != 0));
        AssertIs([true, false, true, true], (_x < 0).logical_or(_x > 0));
        AssertIs([false, true, false, false], (_x / _x).isnan());
        AssertIs([false, true, false, false], (1 / _x).isinf());
        Assert.True(_x.allclose(_x + 1e-9));
        Assert.True(_x.Equals(_x.clone()));
        Assert.False(_x.Equals(_x + 1));
    }

    [Fact]
    public void Reductions_OverAllAndOverADimension()
    {
        AssertNear([1], _x.sum());
        AssertNear([0.5, 0.5], _x.sum(dim: 0)); // a literal 0 alone would be the first element type
        AssertNear([-1.5, 2.5], _x.sum(-1));
        Assert.Equal([2, 1], _x.sum(1, keepdim: true).shape);
        AssertNear([1], _x.sum([0, 1]));
        AssertNear([0.25], _x.mean());
        AssertNear([-0.75, 1.25], _x.mean([1]));
        AssertNear([0], _x.prod());
        AssertNear([Math.Sqrt(1.125), Math.Sqrt(1.125)], _x.std(1));
        AssertNear([0.5625, 0.5625], _x.var(1, unbiased: false));
        AssertNear([2], _x.max());
        AssertNear([-1.5], _x.min());
        AssertNear([0, 2], _x.max(1).values);
        Assert.Equal([0, 1], _x.min(1).indexes.data<long>().ToArray());
        AssertNear([2, 0.5], _x.amax([0]));
        AssertNear([-1.5, 0.5], _x.amin(1));
        Assert.Equal([1, 0], _x.argmax(1).data<long>().ToArray());
        Assert.Equal(2, _x.argmax().item<long>());
        AssertIs([true, false], (_x >= 0).any(0) & (_x > 1).any(0));
        AssertIs([false, true], (_x >= 0).all(1));
        Assert.Equal(3, _x.count_nonzero().item<long>());
        AssertNear([Math.Sqrt(6.5)], _x.norm());
        AssertNear([1.5, 2.5], _x.norm(1, p: 1));
        AssertNear([-1.5, -1.5, 2, 2.5], _x.cumsum(1));
        AssertNear([Math.Log(Math.Exp(-1.5) + 1)], _x[0].logsumexp(0));
        AssertNear([0], _x.median());
    }

    [Fact]
    public void Softmax_OfRow_AddsUpToOne()
    {
        var shares = _x[1].softmax(0);
        AssertNear([1 / (1 + Math.Exp(-1.5)), 1 / (1 + Math.Exp(1.5))], shares);
        AssertNear([.. shares.data<double>().Select(x => Math.Log(x))], _x[1].log_softmax(0));
    }

    [Fact]
    public void Sorting_OrdersAndSaysWhereFrom()
    {
        var (values, indices) = _x.flatten().sort(descending: true);
        AssertNear([2, 0.5, 0, -1.5], values);
        Assert.Equal([2, 3, 1, 0], indices.data<long>().ToArray());
        Assert.Equal([2, 3], _x.flatten().topk(2).indexes.data<long>().ToArray());
        Assert.Equal([0, 1, 3, 2], _x.flatten().argsort().data<long>().ToArray());
        var sorted = tensor([0.0, 1, 2]);
        Assert.Equal([0, 0, 2, 1], searchsorted(sorted, _x.flatten()).data<long>().ToArray());
        Assert.Equal([0, 1, 3, 1], _x.flatten().bucketize(sorted, right: true).data<long>().ToArray());
    }

    [Fact]
    public void Products_OfMatrices()
    {
        var a = tensor([1.0, 2, 3, 4], [2, 2]);
        var b = tensor([5.0, 6, 7, 8], [2, 2]);
        AssertNear([19, 22, 43, 50], a.matmul(b));
        AssertNear([19, 22, 43, 50], einsum("ij,jk->ik", a, b));
        AssertNear([17, 39], a.mv(b[0]));
        AssertNear([17], a[0].dot(b[0]));
        AssertNear([5, 6, 10, 12], a[0].outer(b[0]));
        AssertNear([39, 46, 89, 104], a.addmm(a, b, beta: 1, alpha: 2));
        AssertNear([19.5, 23, 44.5, 52], a.unsqueeze(0).baddbmm(a.unsqueeze(0), b.unsqueeze(0), beta: 0.5f));
        AssertNear([6, 9], F.linear(a[0], tensor([1.0, 2, 2, 3], [2, 2]), tensor([1.0, 1])));
    }

    [Fact]
    public void Shapes_MoveTheElements()
    {
        var a = arange(6).view(2, 3);
        AssertIs([0, 3, 1, 4, 2, 5], a.t());
        AssertIs([2, 1, 0, 5, 4, 3], a.flip(1));
        AssertIs([2, 0, 1, 5, 3, 4], a.roll(1, 1));
        AssertIs([0, 0, 1, 1, 2, 2], a[0].repeat_interleave(2));
        AssertIs([0, 1, 1], a[0, ..2].repeat_interleave(tensor([1L, 2])));
        AssertIs([0, 1, 2, 0, 1, 2], a[0].repeat(2));
        AssertIs([0, 0, 0, 3, 4, 0], a.tril());
        AssertIs([0, 1, 2, 0, 4, 5], a.triu());
        AssertIs([0, 4], a.diagonal());
        AssertIs([0, 1, 2, 9, 9], cat([a[0], full([2], 9, int64)]));
        AssertIs([0, 3, 1, 4, 2, 5], stack([a[0], a[1]], 1));
        AssertIs([2, 5], a.split([2, 1], 1)[1]);
        Assert.Equal(3, a.unbind(1).Length);
        Assert.Equal([2, 3, 1, 1], a.unsqueeze(-1).unsqueeze(2).shape);
        Assert.Equal([3, 2, 3], a.unsqueeze(0).expand(3, -1, -1).shape);
        Assert.Equal([2, 3], a.unsqueeze(0).squeeze().shape);
        AssertIs([0, 0, 1, 2, 0], F.pad(a[0], [1, 1]));
    }

    [Fact]
    public void Scatters_PutWhereTheIndexSays()
    {
        var index = tensor([2L, 0, 2]);
        var source = tensor([1L, 10, 100]);
        AssertIs([10, 0, 101], zeros(3, int64).scatter_add(0, index, source));
        AssertIs([20, 0, 202], zeros(3, int64).index_add_(0, index, source, 2));
        AssertIs([10, 100, 1], zeros(3, int64).index_copy_(0, tensor([2L, 0, 1]), source));
        AssertIs([10, 100, 1], zeros(3, int64).scatter_(0, tensor([2L, 0, 1]), source));
        AssertIs([100, 1, 100], source.gather(0, index));
        AssertIs([0, 2], tensor([true, false, true]).nonzero().flatten());
        AssertIs([0, 1, 0, 0, 0, 1], F.one_hot(tensor([1L, 2]), 3));
    }

    [Fact]
    public void Losses_MatchTheirFormulas()
    {
        var log = _x.log_softmax(1).data<double>().ToArray();
        var target = tensor([1L, 0]);
        AssertNear([-(log[1] + log[2]) / 2], F.cross_entropy(_x, target));
        AssertNear([-log[1], -log[2]], F.nll_loss(_x.log_softmax(1), target, reduction: nn.Reduction.None));
        AssertNear([-log[1]], F.cross_entropy(_x, tensor([1L, -100])));
        AssertNear([6.5 / 4], F.mse_loss(_x, _x.zeros_like()));
    }

    [Fact]
    public void LayerNorm_OfRow_HasNoMeanAndUnitVariance()
    {
        var normal = F.layer_norm(_x, [2], eps: 0);
        AssertNear([-1, 1, 1, -1], normal);
        AssertNear([-1, 7, 3, 3], F.layer_norm(_x, [2], tensor([2.0, 2]), tensor([1.0, 5]), eps: 0));
    }

    [Fact]
    public void Conv2d_OfPatches_IsOneProductPerPatch()
    {
        var image = arange(16, float64).view(1, 1, 4, 4);
        AssertNear([0 + 1 + 4 + 5, 2 + 3 + 6 + 7, 42, 50], F.conv2d(image, ones([1, 1, 2, 2], float64), strides: [2]));
    }

    [Fact]
    public void Attention_Causal_IsTheMaskedSoftmax()
    {
        var q = tensor([1.0, 0, 0.5, 2], [1, 2, 2]);
        var causal = F.scaled_dot_product_attention(q, q, q, is_casual: true);
        var mask = tensor([true, false, true, true], [2, 2]);
        double first = 0.5 / Math.Sqrt(2);
        double second = 4.25 / Math.Sqrt(2);
        var share = 1 / (1 + Math.Exp(first - second));
        AssertNear([1, 0, 1 - share + (share * 0.5), share * 2], causal);
        Assert.True(causal.allclose(F.scaled_dot_product_attention(q, q, q, mask)));
        var added = zeros([2, 2], float64).masked_fill(~mask, double.NegativeInfinity);
        Assert.True(causal.allclose(F.scaled_dot_product_attention(q, q, q, added)));
        Assert.Throws<ArgumentException>(() => F.scaled_dot_product_attention(q, q, q, mask, is_casual: true));
    }

    [Fact]
    public void Dropout_Training_ZeroesAndScales()
    {
        var dropped = F.dropout(ones(1000), 0.5).data<float>().Distinct().Order();
        Assert.Equal([0, 2], dropped);
        Assert.Equal(1000, F.dropout(ones(1000), 0.5, training: false).sum().ToSingle());
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static void AssertNear(double[] expected, Tensor actual) =>
        Assert.Equal(expected, actual.contiguous().data<double>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-9);

    private static void AssertIs(long[] expected, Tensor actual) =>
        Assert.Equal(expected, actual.data<long>().ToArray());

    private static void AssertIs(bool[] expected, Tensor actual) =>
        Assert.Equal(expected, actual.data<bool>().ToArray());
}
