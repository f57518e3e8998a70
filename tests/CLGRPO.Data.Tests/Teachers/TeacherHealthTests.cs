using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using static CLGRPO.Data.Tests.Teachers.TeacherTesting;

namespace CLGRPO.Data.Tests.Teachers;

public sealed class TeacherHealthTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_Endpoint_TellsWhatItCanDo(bool can)
    {
        var answer = can ? Good : Good with { Reasoning = "", Logprobs = false, FinishReason = "length" };
        await using var server = await FakeTeacherServer.Start(answer);
        var teacher = Teacher(server);
        using var owner = (IDisposable)teacher;

        var health = await TeacherHealth.Check(teacher, TimeProvider.System, Stop);

        Assert.Equal((can, (bool?)can, !can), (health.HasReasoning, health.HasLogprobs, health.Truncated));
        Assert.Equal(FakeTeacherServer.Model, health.Model);
        Assert.Equal("<answer>contentment</answer>", health.Answer);
        Assert.InRange(health.Cost, 100e-6, 120e-6);
        Assert.InRange(health.Seconds, 1e-6, 60);
        var sent = CLGRPO.Data.Images.ImageDecoder.Decode(Assert.Single(server.Requests).Image);
        Assert.Equal((64, 64), (sent.Width, sent.Height));
    }

    [Fact]
    public async Task Check_EndpointWithoutLogprobs_AsksAgainWithout()
    {
        await using var server = await FakeTeacherServer.Start(request =>
            request.Logprobs ? new FakeAct.Error(400) : Good
        );
        var teacher = Teacher(server);
        using var owner = (IDisposable)teacher;

        Assert.False((await TeacherHealth.Check(teacher, TimeProvider.System, Stop)).HasLogprobs);
    }

    [Fact]
    public async Task Check_RuleTeacher_Answers()
    {
        var settings = Settings("", TeacherKind.Rule);
        settings.Model = "";
        var teacher = CLGRPO.Data.Teachers.Rules.RuleTeacher.Create(settings);

        var health = await TeacherHealth.Check(teacher, TimeProvider.System, Stop);

        Assert.Equal("<answer> red</answer>", health.Answer);
        Assert.True(health.HasReasoning);
    }
}
