using CLGRPO.Web.Inference;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Tests.Inference;

public sealed class InferenceTurnsTests
{
    private static InferenceTurns Turns(int atOnce, int perCaller, int waiting = 100, int waitingPerCaller = 100) =>
        new(
            Options.Create(
                new InferenceOptions
                {
                    AtOnce = atOnce,
                    PerCaller = perCaller,
                    Waiting = waiting,
                    WaitingPerCaller = waitingPerCaller,
                }
            )
        );

    private static InferencePlace Waiting(InferenceTurns turns, string caller)
    {
        var place = turns.Enter(caller);
        place.Wait();
        return place;
    }

    [Fact]
    public void Wait_BehindManyOfAnother_IsNextAfterOne()
    {
        var turns = Turns(atOnce: 2, perCaller: 2);
        var greedy = Enumerable.Range(0, 10).Select(_ => Waiting(turns, "greedy")).ToList();
        var other = Waiting(turns, "other");
        Assert.Equal((2, 9), turns.Load);
        Assert.False(other.HasBegun);
        Assert.Equal(8, other.Ahead);

        greedy[0].Dispose();

        Assert.True(other.HasBegun);
        Assert.False(greedy[2].HasBegun);
    }

    [Fact]
    public void Wait_BeyondOnesShare_LeavesRoomForOthers()
    {
        var turns = Turns(atOnce: 4, perCaller: 2);
        var own = Enumerable.Range(0, 3).Select(_ => Waiting(turns, "one")).ToList();
        Assert.Equal([true, true, false], own.Select(place => place.HasBegun));
        Assert.True(Waiting(turns, "two").HasBegun);

        own[1].Dispose();

        Assert.True(own[2].HasBegun);
    }

    [Fact]
    public void Enter_BeyondTheLimits_IsRefused()
    {
        var turns = Turns(atOnce: 2, perCaller: 1, waiting: 2, waitingPerCaller: 1);
        var places = new List<InferencePlace> { turns.Enter("a"), turns.Enter("a") };
        Assert.Equal(InferenceFault.Busy, Assert.Throws<InferenceException>(() => turns.Enter("a")).Fault);
        places.AddRange([turns.Enter("b"), turns.Enter("c")]);
        Assert.Throws<InferenceException>(() => turns.Enter("d"));

        places.ForEach(place => place.Dispose());

        Assert.Equal((0, 0), turns.Load);
        turns.Enter("d").Dispose();
    }

    [Fact]
    public async Task Moved_WhenOthersLeave_TellsTheNewPosition()
    {
        var turns = Turns(atOnce: 1, perCaller: 1);
        var first = Waiting(turns, "a");
        var second = Waiting(turns, "b");
        var third = Waiting(turns, "c");
        var moved = third.Moved;
        Assert.Equal(1, third.Ahead);

        first.Dispose();
        await moved.WaitAsync(TestContext.Current.CancellationToken);

        Assert.True(second.HasBegun);
        Assert.Equal(0, third.Ahead);
    }
}
