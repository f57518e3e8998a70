using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Authorization;

namespace CLGRPO.Web.Tests.Runs;

/// <summary>The REST over a run that is done.</summary>
public sealed class RunEndpointsTests(FinishedRun done) : IClassFixture<FinishedRun>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private HttpClient Client => done.Site.Client;

    private string Url => $"/api/v1/runs/{done.Id}";

    private async Task<JsonElement> GetAsync(string url) => await Client.GetFromJsonAsync<JsonElement>(url, Stop);

    private async Task<HttpStatusCode> StatusAsync(string url) => (await Client.GetAsync(url, Stop)).StatusCode;

    [Fact]
    [Trait("Id", "A-AUTHZ-1")]
    public async Task Endpoints_All_NeedAScope()
    {
        Assert.All(
            done.Site.Endpoints,
            endpoint => Assert.Contains(endpoint.Metadata.OfType<IAuthorizeData>(), data => data.Policy is not null)
        );
        using var nobody = done.Site.As("");
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/api/v1/runs", Stop)).StatusCode);
        using var reader = done.Site.As(RunScopes.Read);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync(Url, Stop)).StatusCode);
        foreach (
            var (method, url) in new[]
            {
                (HttpMethod.Post, "/api/v1/runs"),
                (HttpMethod.Patch, Url),
                (HttpMethod.Post, Url + "/control"),
                (HttpMethod.Put, Url + "/checkpoints/x/pin"),
                (HttpMethod.Delete, Url + "/checkpoints/x"),
            }
        )
        {
            using var request = new HttpRequestMessage(method, url) { Content = JsonContent.Create(new { }) };
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.SendAsync(request, Stop)).StatusCode);
        }
    }

    [Fact]
    public async Task List_WithFiltersAndPages_GivesWhatFits()
    {
        await Client.PatchAsJsonAsync(Url, new { tags = new[] { "paper" }, note = "a Note" }, Stop);
        Assert.Equal(
            1,
            (await GetAsync("/api/v1/runs?tag=paper&state=completed&search=note")).GetProperty("total").GetInt32()
        );
        Assert.Equal(0, (await GetAsync("/api/v1/runs?state=running")).GetProperty("total").GetInt32());
        var page = await GetAsync("/api/v1/runs?offset=1&limit=1");
        Assert.Equal((0, 1), (page.GetProperty("items").GetArrayLength(), page.GetProperty("total").GetInt32()));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/api/v1/runs?limit=0"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/api/v1/runs?limit=100000"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/api/v1/runs?state=dancing"));
        Assert.Equal("completed", (await GetAsync(Url)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task Metrics_OfMoreStepsThanPoints_AreThinnedOutAndCached()
    {
        var series = (await GetAsync(Url + "/metrics?metric=loss&points=4")).EnumerateArray().ToList();
        Assert.Equal(["sft", "grpo"], series.Select(one => one.GetProperty("stage").GetString()));
        Assert.All(series, one => Assert.Equal("loss", one.GetProperty("metric").GetString()));
        var steps = series[0].GetProperty("steps").EnumerateArray().Select(step => step.GetInt32()).ToList();
        Assert.InRange(steps.Count, 2, 4);
        Assert.Equal((1, 12), (steps[0], steps[^1]));

        var answer = await Client.GetAsync(Url + "/metrics", Stop);
        using var again = new HttpRequestMessage(HttpMethod.Get, Url + "/metrics");
        again.Headers.IfNoneMatch.Add(new EntityTagHeaderValue(answer.Headers.ETag!.Tag));
        Assert.Equal(HttpStatusCode.NotModified, (await Client.SendAsync(again, Stop)).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/stages")]
    [InlineData("/checkpoints")]
    [InlineData("/evaluations")]
    [InlineData("/evaluations/grpo?sampled=true&limit=3")]
    public async Task Get_AskedAgainWithItsTag_AnswersThatNothingChanged(string path)
    {
        var answer = await Client.GetAsync(Url + path, Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        using var again = new HttpRequestMessage(HttpMethod.Get, Url + path);
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        using var same = await Client.SendAsync(again, Stop);
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        Assert.Empty(await same.Content.ReadAsByteArrayAsync(Stop));
        using var other = new HttpRequestMessage(HttpMethod.Get, Url + path);
        other.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"0123\""));
        Assert.Equal(HttpStatusCode.OK, (await Client.SendAsync(other, Stop)).StatusCode);
    }

    [Fact]
    public async Task Results_OfARunThatIsDone_AreThoseOfItsFolder()
    {
        var stages = (await GetAsync(Url + "/stages")).EnumerateArray().ToList();
        Assert.Equal(["sft", "grpo"], stages.Select(stage => stage.GetProperty("name").GetString()));
        Assert.All(stages, stage => Assert.Equal("done", stage.GetProperty("state").GetString()));
        var rows = (await GetAsync(Url + "/evaluations")).GetProperty("rows").EnumerateArray().ToList();
        Assert.Equal(["sft", "grpo"], rows.Select(row => row.GetProperty("name").GetString()));
        var accuracy = rows[1].GetProperty("greedy").GetProperty("accuracy").GetDouble();
        var answers = await GetAsync(Url + "/evaluations/grpo?limit=1000");
        Assert.Equal(16, answers.GetProperty("total").GetInt32());
        Assert.Equal(
            accuracy,
            answers.GetProperty("items").EnumerateArray().Average(one => one.GetProperty("right").GetBoolean() ? 1 : 0),
            precision: 9
        );
        Assert.Equal(accuracy, stages[1].GetProperty("accuracy").GetDouble(), precision: 9);
        foreach (var other in new[] { "nowhere", "..%2F..%2Freport" })
            Assert.Equal(HttpStatusCode.NotFound, await StatusAsync($"{Url}/evaluations/{other}"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(Url + "/evaluations/grpo?limit=0"));
    }

    [Fact]
    public async Task Events_InPieces_ComeEachOnce()
    {
        var numbers = new List<long>();
        for (var after = 0L; ; )
        {
            var page = await GetAsync($"{Url}/events?after={after}&limit=7");
            var some = page.GetProperty("events")
                .EnumerateArray()
                .Select(item => item.GetProperty("number").GetInt64())
                .ToList();
            if (some.Count == 0)
                break;
            numbers.AddRange(some);
            after = page.GetProperty("next").GetInt64();
        }
        Assert.Equal(RunEvents.Read(done.Lab.Run(done.Id)).Select(item => item.Number), numbers);
    }

    [Fact]
    public async Task Rollouts_OfAStep_AreThoseOfTheLog()
    {
        var page = await GetAsync(Url + "/rollouts/grpo/2?limit=3");
        Assert.Equal((3, 4), (page.GetProperty("items").GetArrayLength(), page.GetProperty("total").GetInt32()));
        Assert.Equal(
            RolloutLog.Read(done.Lab.Run(done.Id), 2, "grpo").First().Completions[0].Text,
            page.GetProperty("items")[0].GetProperty("completions")[0].GetProperty("text").GetString()
        );
        foreach (var other in new[] { "grpo/99", "nowhere/1", "..%2F..%2Fx/1", "%2E%2E/1" })
            Assert.Equal(HttpStatusCode.NotFound, await StatusAsync($"{Url}/rollouts/{other}"));
        Assert.Contains("name: tiny", await Client.GetStringAsync(Url + "/recipe", Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Checkpoints_PinAndDelete_KeepWhatIsNeeded()
    {
        var names = await NamesAsync();
        Assert.True(names.Count >= 2, string.Join(' ', names));
        var delete = await Client.DeleteAsync($"{Url}/checkpoints/{names[^1]}", Stop);
        Assert.Equal(HttpStatusCode.Conflict, delete.StatusCode);
        Assert.Equal("application/problem+json", delete.Content.Headers.ContentType!.MediaType);
        var free = (await GetAsync(Url + "/checkpoints"))
            .EnumerateArray()
            .First(one => !one.TryGetProperty("endOf", out _))
            .GetProperty("name")
            .GetString()!;
        await Client.PutAsJsonAsync($"{Url}/checkpoints/{free}/pin", new { pinned = true }, Stop);
        Assert.Equal(HttpStatusCode.Conflict, (await Client.DeleteAsync($"{Url}/checkpoints/{free}", Stop)).StatusCode);
        await Client.PutAsJsonAsync($"{Url}/checkpoints/{free}/pin", new { pinned = false }, Stop);
        Assert.Equal(
            HttpStatusCode.NoContent,
            (await Client.DeleteAsync($"{Url}/checkpoints/{free}", Stop)).StatusCode
        );
        Assert.Equal(names.Except([free]), await NamesAsync());
        foreach (var other in new[] { "step-9999999", "..%2Flog.txt" })
            Assert.Equal(
                HttpStatusCode.NotFound,
                (await Client.DeleteAsync($"{Url}/checkpoints/{other}", Stop)).StatusCode
            );
    }

    private async Task<List<string>> NamesAsync() =>
        [
            .. (await GetAsync(Url + "/checkpoints"))
                .EnumerateArray()
                .Select(checkpoint => checkpoint.GetProperty("name").GetString()!),
        ];

    [Theory]
    [Trait("Id", "A-API-1")]
    [InlineData("{}")]
    [InlineData("""{ "recipe": "" }""")]
    [InlineData("""{ "recipe": "name: x" }""")]
    [InlineData("""{ "recipe": "OK", "priority": 1000 }""")]
    [InlineData("""{ "recipe": "OK", "tags": [""] }""")]
    [InlineData("""{ "recipe": "OK", "priority": 1e400 }""")]
    [InlineData("""{ "recipe": "OUTSIDE" }""")]
    [InlineData("""{ "recipe": "ELSEWHERE" }""")]
    public async Task Create_OfWhatIsNoRun_IsRefused(string body)
    {
        string Quoted(string yaml) => JsonSerializer.Serialize(yaml);
        body = body.Replace("\"OK\"", Quoted(LabFolder.Recipe()), StringComparison.Ordinal)
            .Replace(
                "\"OUTSIDE\"",
                Quoted(LabFolder.Recipe().Replace("emoscenes", "../../etc", StringComparison.Ordinal)),
                StringComparison.Ordinal
            )
            .Replace(
                "\"ELSEWHERE\"",
                Quoted(LabFolder.Recipe().Replace("from: none", "from: /etc/model", StringComparison.Ordinal)),
                StringComparison.Ordinal
            );
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        var answer = await Client.PostAsync("/api/v1/runs", content, Stop);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Single(done.Site.Training.All());
    }
}

/// <summary>A tiny run that the site has trained to its end.</summary>
public sealed class FinishedRun : IAsyncLifetime
{
    public LabFolder Lab { get; } = new();

    internal RunSite Site { get; private set; } = null!;

    public string Id { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Site = await RunSite.StartAsync(Lab);
        Id = (await Site.CreateAsync(LabFolder.Recipe(grpoSteps: 7))).Id;
        await Site.WaitForAsync(Id, run => run.State == RunState.Completed);
    }

    public async ValueTask DisposeAsync()
    {
        await Site.DisposeAsync();
        Lab.Dispose();
    }
}
