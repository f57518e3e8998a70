using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Torch;

public sealed class AutogradTests
{
    [Fact]
    public void Backward_WithGradientsThatAreViewsOfOneBuffer_AddsIntoTheBuffer()
    {
        using var scope = NewDisposeScope();
        var parameters = tensor([1f, 2f, 3f, 4f, 5f, 6f]);
        var gradients = zeros(6);
        var matrix = parameters.narrow(0, 0, 4).view(2, 2).detach().requires_grad_();
        var vector = parameters.narrow(0, 4, 2).detach().requires_grad_();
        matrix.grad = gradients.narrow(0, 0, 4).view(2, 2);
        vector.grad = gradients.narrow(0, 4, 2);

        for (var pass = 0; pass < 2; pass++)
        {
            using var inner = NewDisposeScope();
            matrix.mv(vector).sum().backward();
        }

        // d/dM sum(M v) = the vector in each row; d/dv = the sums of M's columns; twice.
        Assert.Equal([10, 12, 10, 12, 8, 12], gradients.data<float>().ToArray());

        // The parameters are views of the flat buffer, so that one update moves them all.
        using (no_grad())
            parameters.sub_(gradients * 0.5);
        Assert.Equal([-4, -4, -2, -2], matrix.data<float>().ToArray());
        Assert.Equal([1, 0], vector.data<float>().ToArray());
    }

    [Fact]
    public void Grad_OfTwoInputs_ReturnsBothAndLeavesTheLeavesAlone()
    {
        using var scope = NewDisposeScope();
        var x = tensor(3.0).requires_grad_();
        var y = tensor(4.0).requires_grad_();

        var gradients = autograd.grad([x * x * y], [x, y]);

        Assert.Equal(24, gradients[0].ToDouble());
        Assert.Equal(9, gradients[1].ToDouble());
        Assert.Null(x.grad);
    }

    [Fact]
    public void Grad_OfGradient_IsTheSecondDerivative()
    {
        using var scope = NewDisposeScope();
        var x = tensor(2.0).requires_grad_();
        var first = autograd.grad([x.pow(3)], [x], create_graph: true)[0];
        var second = autograd.grad([first], [x])[0];
        Assert.Equal(12, first.ToDouble());
        Assert.Equal(12, second.ToDouble());
    }

    [Fact]
    public void Backward_OfVectorWithItsGradient_IsTheirProduct()
    {
        using var scope = NewDisposeScope();
        var x = tensor([1.0, 2.0]).requires_grad_();
        (x * x).backward([tensor([10.0, 100.0])]);
        Assert.Equal([20, 400], x.grad!.data<double>().ToArray());
    }

    [Fact]
    public void Backward_WithInputs_LeavesOtherLeavesAlone()
    {
        using var scope = NewDisposeScope();
        var x = tensor(2.0).requires_grad_();
        var y = tensor(5.0).requires_grad_();
        (x * y).backward(inputs: [x]);
        Assert.Equal(5, x.grad!.ToDouble());
        Assert.Null(y.grad);
    }

    [Fact]
    public void Backward_ASecondTimeWithoutRetaining_SaysWhatToDo()
    {
        using var scope = NewDisposeScope();
        var x = tensor(2.0).requires_grad_();
        var loss = x.exp();
        loss.backward();
        var error = Assert.Throws<System.Runtime.InteropServices.ExternalException>(loss.backward);
        Assert.Contains("retain_graph=True", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoGrad_Nested_RestoresWhatWasBefore()
    {
        using var scope = NewDisposeScope();
        var x = ones(1).requires_grad_();
        using (no_grad())
        {
            Assert.False((x * 2).requires_grad);
            using (enable_grad())
                Assert.True((x * 2).requires_grad);
            Assert.False(is_grad_enabled());
        }
        Assert.True((x * 2).requires_grad);
    }

    [Fact]
    public void InferenceMode_MakesTensorsThatAutogradRefuses()
    {
        using var scope = NewDisposeScope();
        var x = ones(1).requires_grad_();
        Tensor inferred;
        using (inference_mode())
            inferred = x * 2;
        Assert.False(inferred.requires_grad);
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => x * inferred);
    }

    [Fact]
    public void Detach_SharesMemoryAndNoGraph()
    {
        using var scope = NewDisposeScope();
        var x = ones(2).requires_grad_();
        var detached = x.detach();
        using (no_grad())
            detached.fill_(7);
        Assert.False(detached.requires_grad);
        Assert.True(x.is_leaf);
        Assert.Equal([7, 7], x.data<float>().ToArray());
    }
}
