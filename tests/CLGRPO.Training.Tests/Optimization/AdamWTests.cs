using CLGRPO.Training.Optimization;
using TorchSharp;

namespace CLGRPO.Training.Tests.Optimization;

public sealed class AdamWTests : IDisposable
{
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    private static AdamW Optimizer(torch.Tensor matrix, torch.Tensor vector, double decay = 0.1) =>
        new(
            [
                ParameterGroup.Flatten("decayed", [("matrix", matrix)], decay),
                ParameterGroup.Flatten("plain", [("vector", vector)], weightDecay: 0, learningRateScale: 0.5),
            ],
            new OptimizerConfig()
        );

    [Fact]
    public void Flatten_Parameters_KeepTheirValuesAndShareStorage()
    {
        var matrix = torch
            .tensor(
                new[,]
                {
                    { 1f, 2f },
                    { 3f, 4f },
                }
            )
            .requires_grad_();
        var vector = torch.tensor(new[] { 5f }).requires_grad_();

        using var group = ParameterGroup.Flatten("all", [("matrix", matrix), ("vector", vector)], 0);

        Assert.Equal([1f, 2f, 3f, 4f, 5f], group.Values.data<float>().ToArray());
        Assert.Equal([2, 2], matrix.shape);
        using (torch.no_grad())
        {
            group.Values.mul_(10);
        }
        Assert.Equal(50f, vector.item<float>());
        Assert.True(matrix.is_leaf && matrix.requires_grad);
    }

    [Fact]
    public void Backward_TwoMicroBatches_AddUpInTheFlatGradient()
    {
        var matrix = torch
            .tensor(
                new[,]
                {
                    { 1f, 2f },
                }
            )
            .requires_grad_();
        var vector = torch.tensor(new[] { 3f }).requires_grad_();
        using var group = ParameterGroup.Flatten("all", [("matrix", matrix), ("vector", vector)], 0);

        ((matrix * 2).sum() + vector.sum()).backward();
        ((matrix * 2).sum() + vector.sum()).backward();

        Assert.Equal([4f, 4f, 2f], group.Gradients.data<float>().ToArray());
    }

    // The first step of Adam moves by the learning rate, whatever the gradient's size.
    [Fact]
    public void Step_First_MovesByTheRateAfterDecay()
    {
        var matrix = torch.tensor(new[] { 1f, -1f }).requires_grad_();
        var vector = torch.tensor(new[] { 1f }).requires_grad_();
        using var optimizer = Optimizer(matrix, vector);
        ((matrix * torch.tensor(new[] { 3f, -4f })).sum() + (vector * 12).sum()).backward();

        var norm = optimizer.Step(learningRate: 0.01);

        Assert.Equal(13, norm, 1e-5);
        Assert.Equal((1 * (1 - 0.001)) - 0.01, matrix[0].item<float>(), 1e-6);
        Assert.Equal((-1 * (1 - 0.001)) + 0.01, matrix[1].item<float>(), 1e-6);
        Assert.Equal(1 - 0.005, vector.item<float>(), 1e-6);
        Assert.Equal(1, optimizer.StepCount);
        Assert.Equal([0f, 0f], matrix.grad!.data<float>().ToArray());
    }

    [Theory]
    [Trait("Id", "REL-RUN-4")]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Step_GradientNotFinite_ChangesNothingAndNamesTheParameter(float poison)
    {
        var matrix = torch.tensor(new[] { 1f, -1f }).requires_grad_();
        var vector = torch.tensor(new[] { 1f }).requires_grad_();
        using var optimizer = Optimizer(matrix, vector);
        matrix.grad!.fill_(1);
        vector.grad!.fill_(poison);

        var error = Assert.Throws<NonFiniteGradientException>(() => optimizer.Step(0.01, maxGradNorm: 1));

        Assert.Equal(["vector"], error.Parameters);
        Assert.Contains("the gradient of vector is not finite", error.Message, StringComparison.Ordinal);
        Assert.Equal([1f, -1f], matrix.data<float>().ToArray());
        Assert.Equal(0, optimizer.StepCount);
        Assert.Equal(0, optimizer.Groups[0].FirstMoment.abs().sum().item<float>());
    }

    [Fact]
    public void Step_RestoredState_ContinuesBitForBit()
    {
        float[] Train(int restoreAfter)
        {
            var matrix = torch.tensor(new[] { 1f, -2f, 3f }).requires_grad_();
            var optimizer = new AdamW(
                [ParameterGroup.Flatten("all", [("matrix", matrix)], 0.1)],
                new OptimizerConfig()
            );
            for (var step = 0; step < 10; step++)
            {
                if (step == restoreAfter)
                {
                    (matrix, optimizer) = Copy(optimizer);
                }
                (matrix * matrix * matrix).sum().backward();
                optimizer.Step(0.05, maxGradNorm: 2);
            }
            return matrix.data<float>().ToArray();
        }

        Assert.Equal(Train(restoreAfter: -1), Train(restoreAfter: 4));
    }

    // Below 1 the last bit of a bfloat16 weight is 1/256: steps of 1/10,000 would leave it where it is for ever.
    [Fact]
    public void Step_OfBfloat16Weights_MovesTheMastersAndRoundsThem()
    {
        var weights = torch.ones(3, dtype: torch.bfloat16);
        var gradients = torch.zeros(3);
        using var optimizer = new AdamW(
            [new ParameterGroup("all", [("weights", 0, 3)], weights, gradients, weightDecay: 0)],
            new OptimizerConfig()
        );
        for (var step = 1; step <= 100; step++)
        {
            gradients.fill_(1);
            optimizer.Step(1e-4);
            Assert.Equal(1 - (step * 1e-4f), optimizer.Groups[0].Values[0].item<float>(), 1e-5);
        }
        Assert.Equal([0.98828125f, 0.98828125f, 0.98828125f], weights.to(torch.float32).data<float>().ToArray());
        Assert.Equal(torch.float32, optimizer.Groups[0].FirstMoment.dtype);
        Assert.Equal(torch.float32, optimizer.Groups[0].SecondMoment.dtype);
    }

    private static (torch.Tensor, AdamW) Copy(AdamW from)
    {
        var matrix = from.Groups[0].Values.clone().requires_grad_();
        var copy = new AdamW([ParameterGroup.Flatten("all", [("matrix", matrix)], 0.1)], new OptimizerConfig());
        using (torch.no_grad())
        {
            copy.Groups[0].FirstMoment.copy_(from.Groups[0].FirstMoment);
            copy.Groups[0].SecondMoment.copy_(from.Groups[0].SecondMoment);
        }
        copy.RestoreStepCount(from.StepCount);
        return (matrix, copy);
    }

    [Fact]
    public void Flatten_OtherType_NamesTheParameter()
    {
        var half = torch.zeros(2, dtype: torch.float64).requires_grad_();
        var error = Assert.Throws<ArgumentException>(() =>
            ParameterGroup.Flatten("all", [("fine", torch.zeros(1).requires_grad_()), ("half", half)], 0)
        );
        Assert.Contains("'half' is Float64", error.Message, StringComparison.Ordinal);
    }
}
