using System.CommandLine;
using CLGRPO.Data.Commands;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Teachers;

namespace CLGRPO.Data.Tests.Commands;

public sealed class TeacherCommandsTests : IDisposable
{
    private const string Canary = "sk-canary-0815";
    private readonly TemporaryFolder _folder = new();
    private readonly string _variable = $"CLGRPO_TEST_KEY_{Guid.NewGuid():N}";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(_variable, null);
        _folder.Dispose();
    }

    [Fact]
    [Trait("Id", "A-SEC-LEAK")]
    public async Task AddListCheck_KeyFromTheEnvironment_IsSentAndNeverShown()
    {
        await using var server = await FakeTeacherServer.Start(TeacherTesting.Good, Canary);
        Environment.SetEnvironmentVariable(_variable, Canary);

        await Run($"allow {server.Origin} --lab");
        var added = await Run(
            $"add fake --endpoint {server.Endpoint} --model {FakeTeacherServer.Model} --key-env {_variable} --requests-per-minute 60"
        );
        var listed = await Run("list");
        var check = await Run("check fake");

        Assert.Equal(added, listed);
        Assert.Contains("key ***", listed, StringComparison.Ordinal);
        Assert.Contains("60 a minute", listed, StringComparison.Ordinal);
        Assert.Contains("reasoning   yes", check, StringComparison.Ordinal);
        Assert.Contains("logprobs    yes", check, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", added + listed + check, StringComparison.Ordinal);
        Assert.Equal($"Bearer {Canary}", Assert.Single(server.Requests).Authorization);
    }

    [Fact]
    [Trait("Id", "A-SSRF-4")]
    public async Task Set_OtherOrigin_SaysThatTheKeyIsGone()
    {
        Environment.SetEnvironmentVariable(_variable, Canary);
        await Run("allow https://one.example");
        await Run("allow https://two.example");
        await Run($"add cloud --endpoint https://one.example/v1 --model m --key-env {_variable}");

        var told = await Run("set cloud --endpoint https://two.example/v1");

        Assert.Contains("was cleared", told, StringComparison.Ordinal);
        Assert.DoesNotContain("key ***", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_TeacherThatFails_SaysWhy()
    {
        await using var server = await FakeTeacherServer.Start(TeacherTesting.Good, Canary);
        await Run($"allow {server.Origin} --lab");
        await Run($"add fake --endpoint {server.Endpoint} --model m");

        Assert.Contains("asks for a key; none is stored", await Run("check fake", code: 1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddRemove_RuleTeacherThatErrs_ComesAndGoes()
    {
        Assert.Contains("errors=0.2", await Run("add rules --kind Rule --errors 0.2"), StringComparison.Ordinal);
        Assert.Contains("answer      <answer> ", await Run("check rules"), StringComparison.Ordinal);
        await Run("remove rules");

        Assert.Equal("", await Run("list"));
        await Assert.ThrowsAsync<ArgumentException>(() => Run("remove rules"));
    }

    [Fact]
    [Trait("Id", "A-SSRF-1")]
    public async Task Add_OriginNotAllowed_SaysHowToAllowIt()
    {
        var error = await Assert.ThrowsAsync<TeacherException>(() =>
            Run("add cloud --endpoint https://one.example/v1 --model m")
        );

        Assert.Contains("teachers allow https://one.example:443", error.Message, StringComparison.Ordinal);
    }

    private async Task<string> Run(string arguments, int code = 0)
    {
        await using var output = new StringWriter();
        var parsed = TeacherCommands
            .Create()
            .Parse([.. arguments.Split(' '), "--database", _folder.In("clgrpo.db"), "--root", _folder.In("datasets")]);
        Assert.Empty(parsed.Errors);
        var result = await parsed.InvokeAsync(
            new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                Output = output,
                Error = output,
            },
            Stop
        );
        Assert.Equal(code, result);
        return output.ToString();
    }
}
