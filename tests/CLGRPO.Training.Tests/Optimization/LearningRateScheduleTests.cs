using CLGRPO.Training.Optimization;

namespace CLGRPO.Training.Tests.Optimization;

public sealed class LearningRateScheduleTests
{
    [Theory]
    [InlineData(ScheduleKind.Constant, 1, 1)]
    [InlineData(ScheduleKind.Linear, 0.5, 0.1)]
    [InlineData(ScheduleKind.Cosine, 0.5, 0.02447174)]
    public void At_MiddleAndLastStep_FollowsTheKind(ScheduleKind kind, double middle, double last)
    {
        var schedule = new LearningRateSchedule(kind, peak: 2, warmupSteps: 10, totalSteps: 20);

        Assert.Equal(0, schedule.At(0));
        Assert.Equal(1, schedule.At(5), 12);
        Assert.Equal(2, schedule.At(10), 12);
        Assert.Equal(2 * middle, schedule.At(15), 12);
        Assert.Equal(2 * last, schedule.At(19), 8);
    }

    [Theory]
    [InlineData(ScheduleKind.Linear)]
    [InlineData(ScheduleKind.Cosine)]
    public void At_AfterTheLastStep_IsZero(ScheduleKind kind) =>
        Assert.Equal(0, new LearningRateSchedule(kind, 1, 0, 20).At(20), 12);

    [Fact]
    public void At_WarmupLongerThanTraining_NeverExceedsThePeak()
    {
        var schedule = new LearningRateSchedule(ScheduleKind.Cosine, peak: 1, warmupSteps: 50, totalSteps: 20);
        Assert.All(Enumerable.Range(0, 20), step => Assert.Equal(step / 50.0, schedule.At(step), 12));
    }
}
