using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Torch;

public sealed class DisposeScopeTests
{
    [Fact]
    public void Dispose_OfScope_FreesTensorsMadeInIt()
    {
        Tensor inside;
        using (NewDisposeScope())
            inside = zeros(2);

        Assert.True(inside.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => inside.add(1));
    }

    [Fact]
    public void MoveToOuterDisposeScope_OfNestedScope_LivesUntilTheOuterEnds()
    {
        Tensor moved;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
                moved = ones(2).MoveToOuterDisposeScope();
            Assert.Equal(2, moved.sum().ToSingle());
        }
        Assert.True(moved.IsInvalid);
    }

    [Fact]
    public void MoveToOuterDisposeScope_FromOutermostScope_LeavesTheTensorToItsHolder()
    {
        Tensor moved;
        using (NewDisposeScope())
            moved = ones(2).MoveToOuterDisposeScope();
        Assert.False(moved.IsInvalid);
        moved.Dispose();
        Assert.True(moved.IsInvalid);
    }

    [Fact]
    public void DetachFromDisposeScope_OfNestedScope_SurvivesBoth()
    {
        Tensor detached;
        using (NewDisposeScope())
        using (NewDisposeScope())
            detached = ones(2).DetachFromDisposeScope();
        Assert.False(detached.IsInvalid);
        detached.Dispose();
    }

    [Fact]
    public void DisposeEverythingBut_KeepsOnlyTheTensorNamed()
    {
        using var scope = NewDisposeScope();
        var kept = ones(2);
        var other = ones(2);

        scope.DisposeEverythingBut(kept);

        Assert.False(kept.IsInvalid);
        Assert.True(other.IsInvalid);
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void Attach_OfTensorMadeOutside_IsDisposedWithTheScope()
    {
        var tensor = ones(2);
        using (var scope = NewDisposeScope())
            scope.Attach(tensor);
        Assert.True(tensor.IsInvalid);
    }

    [Fact]
    public void NewDisposeScope_OnAnotherThread_LeavesThisThreadsTensorsAlone()
    {
        using var scope = NewDisposeScope();
        var mine = ones(2);
        var thread = new Thread(() =>
        {
            using var theirs = NewDisposeScope();
            zeros(2);
        });
        thread.Start();
        thread.Join();
        Assert.False(mine.IsInvalid);
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void Dispose_OfAThousandTrainingSteps_LeavesNoTensor()
    {
        using var outer = NewDisposeScope();
        var weight = zeros(4, 1).requires_grad_();
        var inputs = randn(16, 4);
        var targets = inputs.matmul(tensor([1f, -2f, 3f, 0.5f], [4, 1]));
        var statistics = DisposeScopeManager.Statistics;
        var before = statistics.ThreadTotalLiveCount;

        for (var step = 0; step < 1000; step++)
        {
            using var scope = NewDisposeScope();
            var loss = nn.functional.mse_loss(inputs.matmul(weight), targets);
            loss.backward();
            using (no_grad())
                weight.sub_(weight.grad! * 0.1);
            weight.grad!.zero_();
        }

        Assert.Equal(before, statistics.ThreadTotalLiveCount);
        Assert.Equal(-2, weight[1, 0].ToSingle(), 1e-3f);
    }
}
