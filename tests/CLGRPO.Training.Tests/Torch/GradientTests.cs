using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace CLGRPO.Training.Tests.Torch;

/// <summary>Gradients of the binding's operators against central finite differences in float64.</summary>
public sealed class GradientTests
{
    private const double Step = 1e-6;
    private const double Tolerance = 1e-6;

    private static readonly long[] s_rows = [0, 2, 2];

    /// <summary>Functions of one or more inputs, which are positive and without ties.</summary>
    private static readonly Dictionary<string, (long[][] Shapes, Func<Tensor[], Tensor> Function)> s_functions = new(
        StringComparer.Ordinal
    )
    {
        ["abs"] = One(x => (x - 0.5).abs()),
        ["cos"] = One(x => x.cos()),
        ["erf"] = One(x => x.erf()),
        ["exp"] = One(x => x.exp()),
        ["expm1"] = One(x => x.expm1()),
        ["log"] = One(x => x.log()),
        ["log10"] = One(x => x.log10()),
        ["log1p"] = One(x => x.log1p()),
        ["log2"] = One(x => x.log2()),
        ["neg"] = One(x => -x),
        ["reciprocal"] = One(x => x.reciprocal()),
        ["rsqrt"] = One(x => x.rsqrt()),
        ["sigmoid"] = One(x => x.sigmoid()),
        ["sin"] = One(x => x.sin()),
        ["sqrt"] = One(x => x.sqrt()),
        ["square"] = One(x => x.square()),
        ["tanh"] = One(x => x.tanh()),
        ["relu"] = One(x => (x - 0.5).relu()),
        ["silu"] = One(x => (x - 0.5).silu()),
        ["gelu"] = One(x => F.gelu(x - 0.5)),
        ["gelu tanh"] = One(x => F.gelu(x - 0.5, TorchSharp.Modules.GELU.Approximate.tanh)),
        ["log_sigmoid"] = One(x => x.log_sigmoid()),
        ["softplus"] = One(x => F.softplus(x)),
        ["pow scalar"] = One(x => x.pow(2.5)),
        ["clamp"] = One(x => x.clamp(0.3, 0.7)),
        ["clamp_min"] = One(x => x.clamp_min(0.4)),
        ["clamp_max"] = One(x => x.clamp_max(0.6)),
        ["number - x"] = One(x => 1 - x),
        ["number / x"] = One(x => 1.5 / x),
        ["x / number"] = One(x => x / 3),
        ["x * number + number"] = One(x => (x * 2) + 1),
        ["add alpha"] = Two((x, y) => x.add(y, 0.3)),
        ["add broadcast"] = Many(
            [
                [2, 3],
                [3],
            ],
            x => x[0] + x[1]
        ),
        ["sub"] = Two((x, y) => x - y),
        ["mul"] = Two((x, y) => x * y),
        ["div"] = Two((x, y) => x / y),
        ["remainder"] = One(x => x.remainder(0.35)),
        ["pow"] = Two((x, y) => x.pow(y)),
        ["atan2"] = Two((x, y) => x.atan2(y)),
        ["xlogy"] = Two((x, y) => x.xlogy(y)),
        ["logaddexp"] = Two((x, y) => x.logaddexp(y)),
        ["maximum"] = Two((x, y) => x.maximum(y)),
        ["minimum"] = Two((x, y) => x.minimum(y)),
        ["addcmul"] = Three((x, y, z) => x.addcmul(y, z, 0.5)),
        ["addcdiv"] = Three((x, y, z) => x.addcdiv(y, z, 0.5)),
        ["lerp"] = Three((x, y, z) => x.lerp(y, z)),
        ["where"] = Two((x, y) => where(tensor([true, false, true]), x, y)),
        ["sum"] = One(x => x.sum()),
        ["sum dim"] = One(x => x.sum(0, keepdim: true)),
        ["mean"] = One(x => x.mean()),
        ["mean dim"] = One(x => x.mean([1])),
        ["prod"] = One(x => x.prod(1)),
        ["std"] = One(x => x.std()),
        ["std dim"] = One(x => x.std(1, unbiased: false)),
        ["var dim"] = One(x => x.var([1])),
        ["max dim"] = One(x => x.max(1).values),
        ["min dim"] = One(x => x.min(1).values),
        ["amax"] = One(x => x.amax([1])),
        ["amin"] = One(x => x.amin([1])),
        ["median"] = One(x => x.median()),
        ["norm"] = One(x => x.norm()),
        ["norm dim"] = One(x => x.norm(1)),
        ["logsumexp"] = One(x => x.logsumexp(1)),
        ["softmax"] = One(x => x.softmax(-1)),
        ["log_softmax"] = One(x => x.log_softmax(-1)),
        ["cumsum"] = One(x => x.cumsum(1)),
        ["cumprod"] = One(x => x.cumprod(1)),
        ["sort"] = One(x => x.sort(1).Values),
        ["topk"] = One(x => x.topk(2).values),
        ["matmul"] = Many(
            [
                [2, 3],
                [3, 4],
            ],
            x => x[0].matmul(x[1])
        ),
        ["mm"] = Many(
            [
                [2, 3],
                [3, 4],
            ],
            x => x[0].mm(x[1])
        ),
        ["mv"] = Many(
            [
                [2, 3],
                [3],
            ],
            x => x[0].mv(x[1])
        ),
        ["bmm"] = Many(
            [
                [2, 2, 3],
                [2, 3, 2],
            ],
            x => x[0].bmm(x[1])
        ),
        ["dot"] = Many(
            [
                [3],
                [3],
            ],
            x => x[0].dot(x[1])
        ),
        ["outer"] = Many(
            [
                [2],
                [3],
            ],
            x => x[0].outer(x[1])
        ),
        ["inner"] = Many(
            [
                [2, 3],
                [2, 3],
            ],
            x => x[0].inner(x[1])
        ),
        ["addmm"] = Many(
            [
                [2, 2],
                [2, 3],
                [3, 2],
            ],
            x => x[0].addmm(x[1], x[2], 0.5f, 2)
        ),
        ["addmv"] = Many(
            [
                [2],
                [2, 3],
                [3],
            ],
            x => x[0].addmv(x[1], x[2])
        ),
        ["addbmm"] = Many(
            [
                [2, 2],
                [2, 2, 3],
                [2, 3, 2],
            ],
            x => x[0].addbmm(x[1], x[2])
        ),
        ["baddbmm"] = Many(
            [
                [2, 2, 2],
                [2, 2, 3],
                [2, 3, 2],
            ],
            x => x[0].baddbmm(x[1], x[2])
        ),
        ["einsum"] = Many(
            [
                [2, 3],
                [3, 4],
            ],
            x => einsum("ij,jk->ki", x[0], x[1])
        ),
        ["reshape"] = One(x => x.reshape(3, 2)),
        ["view"] = One(x => x.view(-1)),
        ["flatten"] = One(x => x.flatten()),
        ["unflatten"] = One(x => x.unflatten(1, 3, 1)),
        ["squeeze"] = One(x => x.unsqueeze(1).squeeze(1)),
        ["transpose"] = One(x => x.transpose(0, 1)),
        ["t"] = One(x => x.t() * x.T * x.mT),
        ["permute"] = One(x => x.permute(1, 0)),
        ["expand"] = One(x => x.unsqueeze(0).expand(2, 2, 3)),
        ["repeat"] = One(x => x.repeat(2, 1)),
        ["tile"] = One(x => x.tile([2, 2])),
        ["repeat_interleave"] = One(x => x.repeat_interleave(2, dim: 1)),
        ["flip"] = One(x => x.flip(1)),
        ["roll"] = One(x => x.roll(1, 1)),
        ["tril"] = One(x => x.tril()),
        ["triu"] = One(x => x.triu()),
        ["diag"] = Many(
            [
                [3],
            ],
            x => x[0].diag()
        ),
        ["diagonal"] = One(x => x.diagonal()),
        ["as_strided"] = One(x => x.as_strided([2, 2], [1, 2])),
        ["unfold"] = One(x => x.unfold(1, 2, 1)),
        ["unbind"] = One(x => x.unbind()[1]),
        ["split"] = One(x => x.split([1, 2], dim: 1)[1]),
        ["chunk"] = One(x => x.chunk(3, 1)[2]),
        ["cat"] = Two((x, y) => cat([x, y], 1)),
        ["stack"] = Two((x, y) => stack([x, y])),
        ["narrow"] = One(x => x.narrow(1, 1, 2)),
        ["select"] = One(x => x.select(1, 2)),
        ["slice"] = One(x => x.slice(1, 0, 3, 2)),
        ["index slice"] = One(x => x[TensorIndex.Ellipsis, 1..]),
        ["index tensor"] = One(x => x[.., TensorIndex.Tensor(tensor(s_rows))]),
        ["index_select"] = One(x => x.index_select(1, tensor(s_rows))),
        ["gather"] = One(x => x.gather(1, tensor(s_rows, [1, 3]))),
        ["take"] = One(x => x.take(tensor(s_rows))),
        ["take_along_dim"] = One(x => x.take_along_dim(tensor(s_rows, [1, 3]), 1)),
        ["masked_select"] = One(x => x.masked_select(tensor([true, false, true]))),
        ["masked_fill"] = One(x => x.masked_fill(tensor([true, false, true]), 0)),
        ["masked_scatter"] = Two((x, y) => x.masked_scatter(tensor([true, false, true]), y)),
        ["scatter"] = Two((x, y) => x.scatter(1, tensor([0L, 2, 1, 1, 0, 2], [2, 3]), y)),
        ["scatter_add"] = Two((x, y) => x.scatter_add(1, tensor(s_rows).expand(2, 3), y)),
        ["index_add"] = Two((x, y) => x.index_add(1, tensor(s_rows), y, 0.5)),
        ["index_copy"] = Two((x, y) => x.index_copy(1, tensor([2L, 0, 1]), y)),
        ["index_fill"] = One(x => x.index_fill(1, tensor([1L]), 3)),
        ["clone"] = One(x => x.clone()),
        ["contiguous"] = One(x => x.t().contiguous()),
        ["to"] = One(x => x.to(ScalarType.Float64, CPU, copy: true)),
        ["linear"] = Many(
            [
                [2, 3],
                [4, 3],
                [4],
            ],
            x => F.linear(x[0], x[1], x[2])
        ),
        ["layer_norm"] = Many(
            [
                [2, 3],
                [3],
                [3],
            ],
            x => F.layer_norm(x[0], [3], x[1], x[2])
        ),
        ["conv2d"] = Many(
            [
                [1, 2, 4, 4],
                [3, 2, 2, 2],
                [3],
            ],
            x => F.conv2d(x[0], x[1], x[2], strides: [2], padding: [1])
        ),
        ["pad"] = One(x => F.pad(x, [1, 2])),
        ["mse_loss"] = Two((x, y) => F.mse_loss(x, y)),
        ["cross_entropy"] = One(x => F.cross_entropy(x, tensor([2L, 0]), label_smoothing: 0.1)),
        ["nll_loss"] = One(x => F.nll_loss(x, tensor([2L, 0]), reduction: nn.Reduction.Sum)),
        ["kl_div"] = Two((x, y) => F.kl_div(x, y)),
        ["attention"] = Many(
            [
                [2, 3, 4],
                [2, 3, 4],
                [2, 3, 4],
            ],
            x => F.scaled_dot_product_attention(x[0], x[1], x[2], is_casual: true)
        ),
    };

    public static TheoryData<string> Names => [.. s_functions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Backward_OfOperator_MatchesFiniteDifferences(string name)
    {
        using var scope = NewDisposeScope();
        var (shapes, function) = s_functions[name];
        var values = shapes.Select((shape, i) => Values(shape, i)).ToArray();
        var leaves = Leaves(shapes, values);

        Loss(function(leaves)).backward();

        for (var input = 0; input < leaves.Length; input++)
        {
            var gradient = leaves[input].grad!.data<double>().ToArray();
            for (var element = 0; element < gradient.Length; element++)
                Assert.Equal(Difference(shapes, values, function, input, element), gradient[element], Tolerance);
        }
    }

    /// <summary>Weighted, so that a gradient put in the wrong place is seen.</summary>
    private static Tensor Loss(Tensor output)
    {
        var weights = linspace(0.5, 1.5, output.numel(), ScalarType.Float64).view(output.shape);
        return (output * weights).sum();
    }

    private static double Difference(
        long[][] shapes,
        double[][] values,
        Func<Tensor[], Tensor> function,
        int input,
        int element
    )
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        double At(double shift)
        {
            var moved = values.Select(items => (double[])items.Clone()).ToArray();
            moved[input][element] += shift;
            return Loss(function(Leaves(shapes, moved))).ToDouble();
        }
        return (At(Step) - At(-Step)) / (2 * Step);
    }

    private static Tensor[] Leaves(long[][] shapes, double[][] values) =>
        [.. shapes.Select((shape, i) => tensor(values[i], shape).requires_grad_())];

    // The fractions of multiples of the golden ratio: distinct, in no order, and no two closer than the step.
    private static double[] Values(long[] shape, int seed)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        return
        [
            .. Enumerable.Range(1 + (seed * 50), (int)count).Select(i => 0.1 + (0.8 * (i * 0.6180339887498949 % 1))),
        ];
    }

    private static (long[][], Func<Tensor[], Tensor>) One(Func<Tensor, Tensor> function) =>
        (
            [
                [2, 3],
            ],
            x => function(x[0])
        );

    private static (long[][], Func<Tensor[], Tensor>) Two(Func<Tensor, Tensor, Tensor> function) =>
        (
            [
                [2, 3],
                [2, 3],
            ],
            x => function(x[0], x[1])
        );

    private static (long[][], Func<Tensor[], Tensor>) Three(Func<Tensor, Tensor, Tensor, Tensor> function) =>
        (
            [
                [2, 3],
                [2, 3],
                [2, 3],
            ],
            x => function(x[0], x[1], x[2])
        );

    private static (long[][], Func<Tensor[], Tensor>) Many(long[][] shapes, Func<Tensor[], Tensor> function) =>
        (shapes, function);
}
