using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Tests.Compute;

public sealed class WorkerThreadsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_OnEveryWorker_RunsEachShareOnce(int count)
    {
        using var threads = new WorkerThreads(count);
        var runs = new int[count];
        for (var i = 0; i < 100; i++)
            threads.Run(worker => Interlocked.Increment(ref runs[worker]));
        Assert.All(runs, run => Assert.Equal(100, run));
    }

    [Fact]
    public void Run_AlwaysGivesAShareTheSameThread()
    {
        using var threads = new WorkerThreads(2);
        var seen = new HashSet<int>[] { [], [] };
        for (var i = 0; i < 50; i++)
            threads.Run(worker => seen[worker].Add(Environment.CurrentManagedThreadId));
        Assert.All(seen, ids => Assert.Single(ids));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_WhenSharesThrow_ThrowsTheFirstAsItWasAndCanRunAgain(int count)
    {
        using var threads = new WorkerThreads(count);
        var error = Assert.Throws<InvalidOperationException>(() =>
            threads.Run(worker => throw new InvalidOperationException($"share {worker}"))
        );
        Assert.Equal("share 0", error.Message);
        var runs = 0;
        threads.Run(_ => Interlocked.Increment(ref runs));
        Assert.Equal(count, runs);
    }

    [Fact]
    public void Run_WhenTheLastShareThrows_StillWaitsForTheOthers()
    {
        using var threads = new WorkerThreads(2);
        using var thrown = new ManualResetEventSlim();
        var finished = false;
        Assert.Throws<InvalidOperationException>(() =>
            threads.Run(worker =>
            {
                if (worker == 1)
                {
                    thrown.Set();
                    throw new InvalidOperationException("share 1");
                }
                thrown.Wait();
                finished = true;
            })
        );
        Assert.True(finished);
    }

    [Fact]
    public void ForEach_OverItems_DealsEachToAReplicaInTurn()
    {
        using var model = Tiny.Model();
        using var threads = new WorkerThreads(2);
        using var replicas = new PolicyReplicas(model, threads, new HashSet<ModelPart>());
        var models = new VisionLanguageModel[5];
        replicas.ForEach(
            [10, 20, 30, 40, 50],
            (replica, item, i) =>
            {
                Assert.Equal((i + 1) * 10, item);
                models[i] = replica;
            }
        );
        Assert.Same(model, models[0]);
        Assert.Same(models[0], models[2]);
        Assert.Same(models[1], models[3]);
        Assert.NotSame(models[0], models[1]);
    }

    [Fact]
    public void ReduceGradients_OfReplicas_AddsThemUpAndClearsTheOthers()
    {
        using var model = Tiny.Model();
        using var threads = new WorkerThreads(3);
        using var replicas = new PolicyReplicas(model, threads, new HashSet<ModelPart> { ModelPart.Language });
        for (var round = 0; round < 2; round++)
        {
            model.Parameters.Gradients!.zero_();
            replicas.ForEach([1f, 2f, 4f], (replica, value, _) => replica.Parameters.Gradients!.fill_(value));
            Assert.All(Tiny.Floats(replicas.ReduceGradients()), value => Assert.Equal(7, value));
        }
    }
}
