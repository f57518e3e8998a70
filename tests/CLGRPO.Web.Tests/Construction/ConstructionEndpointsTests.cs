using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Construction;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Construction;

/// <summary>Constructions, teachers and prompts as programs use them.</summary>
public sealed class ConstructionEndpointsTests : IAsyncLifetime
{
    private const string Api = ConstructionSite.Api;
    private const string Dataset = "emoscenes";
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplicationFactory<Program> _site;

    public ConstructionEndpointsTests() =>
        _site = new WebApplicationFactory<Program>().WithWebHostBuilder(host => host.UseSite(_folder.Path));

    private string Root => Path.Combine(_folder.Path, "datasets");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var version = EmoScenesGenerator.Generate(
            new()
            {
                Train = 16,
                Validation = 8,
                Test = 8,
            },
            Root
        );
        using var store = StoreFactory.Open(new StoreOptions(Path.Combine(Root, "clgrpo.db")));
        await new Importer(store, Root).Run(
            new ImportRequest(version.Path, Dataset, "ada") { WithoutTexts = true },
            progress: null,
            Stop
        );
    }

    public ValueTask DisposeAsync()
    {
        _site.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Program_FromTeachersToDecisions_OverRest()
    {
        using var admin = await Program(
            "all",
            ConstructionScopes.Read,
            ConstructionScopes.Write,
            ConstructionScopes.TeachersRead,
            ConstructionScopes.TeachersManage
        );
        foreach (var name in (string[])["writer", "judge"])
            await Send(admin, HttpMethod.Post, "teachers", new { name, kind = "rule" }, HttpStatusCode.Created);
        Assert.Equal(2, (await Get(admin, "teachers")).GetProperty("total").GetInt32());
        var check = await Send(admin, HttpMethod.Post, "teachers/writer/check", null, HttpStatusCode.OK);
        Assert.Contains(
            "red",
            check.GetProperty("health").GetProperty("answer").GetString()!,
            StringComparison.Ordinal
        );

        var settings = new { generators = new[] { "writer" }, verifiers = new[] { "judge" } };
        var plan = await Send(
            admin,
            HttpMethod.Post,
            "jobs/plan",
            new { dataset = Dataset, settings },
            HttpStatusCode.OK
        );
        Assert.Equal(24, plan.GetProperty("samples").GetInt32());
        Assert.Equal(48, plan.GetProperty("questions").GetDouble());
        Assert.Equal(0, (await Get(admin, "jobs")).GetProperty("total").GetInt32());

        var begin = new
        {
            name = "rest",
            dataset = Dataset,
            settings,
        };
        var job = (await Send(admin, HttpMethod.Post, "jobs", begin, HttpStatusCode.Created))
            .GetProperty("id")
            .GetInt64();
        await Wait.Until(async () => (await Get(admin, $"jobs/{job}")).GetProperty("state").GetString() == "done");
        var report = await Get(admin, $"jobs/{job}/report");
        Assert.Equal(24, report.GetProperty("report").GetProperty("progress").GetProperty("samples").GetInt32());
        Assert.Equal(8, report.GetProperty("report").GetProperty("classes").GetArrayLength());
        var page = await Get(admin, $"jobs/{job}/decisions?limit=20");
        Assert.Equal(20, page.GetProperty("items").GetArrayLength());
        var next = page.GetProperty("next").GetInt64();
        var rest = await Get(admin, $"jobs/{job}/decisions?limit=20&before={next}");
        Assert.InRange(rest.GetProperty("items").GetArrayLength(), 4, 20);
        var rejected = await Get(admin, $"jobs/{job}/decisions?filter=rejected");
        Assert.All(
            rejected.GetProperty("items").EnumerateArray(),
            one => Assert.Contains(one.GetProperty("outcome").GetString(), (string[])["retry", "rejected"])
        );
        Assert.Equal(0, (await Get(admin, $"jobs/{job}/teachers")).GetArrayLength());

        await Send(admin, HttpMethod.Post, $"jobs/{job}/pause", null, HttpStatusCode.BadRequest);
        await Send(admin, HttpMethod.Post, $"jobs/{job}/resume", new { }, HttpStatusCode.BadRequest);
        await Send(admin, HttpMethod.Post, $"jobs/{job}/cancel", null, HttpStatusCode.BadRequest);
        await Send(admin, HttpMethod.Post, "jobs/999/pause", null, HttpStatusCode.NotFound);
        await Send(admin, HttpMethod.Get, "jobs/999/report", null, HttpStatusCode.NotFound);
        await Send(admin, HttpMethod.Get, $"jobs/{job}/decisions?limit=0", null, HttpStatusCode.BadRequest);
        await Send(admin, HttpMethod.Get, $"jobs/{job}/decisions?filter=some", null, HttpStatusCode.BadRequest);
        await Send(
            admin,
            HttpMethod.Post,
            "jobs",
            new
            {
                name = "bad",
                dataset = Dataset,
                settings = new { generators = new[] { "nobody" }, attempts = 99 },
            },
            HttpStatusCode.BadRequest
        );

        var sample = page.GetProperty("items")[0].GetProperty("sampleId").GetInt64();
        var trial = new
        {
            sample,
            teacher = "writer",
            verifiers = new[] { "judge" },
            first = new { reference = "generate@1" },
            second = new { text = "{question} {labels} {label}" },
        };
        var tried = await Send(admin, HttpMethod.Post, "trials", trial, HttpStatusCode.OK);
        Assert.Equal("draft", tried.GetProperty("second").GetProperty("prompt").GetString());
        Assert.Equal(4, tried.GetProperty("first").GetProperty("checks").GetArrayLength());
    }

    [Fact]
    public async Task Prompts_AddedInVersions_AreNeverChanged()
    {
        using var writer = await Program("prompts", ConstructionScopes.Read, ConstructionScopes.Write);
        var prompt = new
        {
            name = "mine",
            purpose = "generate",
            text = "{question} It is {label}.",
            based = 0,
        };
        await Send(writer, HttpMethod.Post, "prompts", prompt, HttpStatusCode.Created);
        await Send(writer, HttpMethod.Post, "prompts", prompt, HttpStatusCode.BadRequest);
        await Send(
            writer,
            HttpMethod.Post,
            "prompts",
            new
            {
                name = "mine",
                purpose = "generate",
                text = "no label",
                based = 1,
            },
            HttpStatusCode.BadRequest
        );
        Assert.Equal(3, (await Get(writer, "prompts")).GetProperty("total").GetInt32());
        Assert.Equal("mine", (await Get(writer, "prompts/mine/1")).GetProperty("name").GetString());
        await Send(writer, HttpMethod.Get, "prompts/mine/2", null, HttpStatusCode.NotFound);
    }

    [Fact]
    [Trait("Id", "A-SEC-LEAK")]
    public async Task TeacherKey_GivenOnce_ComesOutNowhere()
    {
        const string Key = "sk-very-secret-0123456789";
        using var admin = await Program("keys", ConstructionScopes.TeachersRead, ConstructionScopes.TeachersManage);
        await Send(
            admin,
            HttpMethod.Post,
            "origins",
            new { origin = "https://teacher.example.org" },
            HttpStatusCode.OK
        );
        var asked = new
        {
            name = "keyed",
            endpoint = "https://teacher.example.org/v1",
            model = "m",
            key = Key,
        };
        var added = await Send(admin, HttpMethod.Post, "teachers", asked, HttpStatusCode.Created);
        Assert.True(added.GetProperty("hasKey").GetBoolean());
        Assert.DoesNotContain(Key, added.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, (await Get(admin, "teachers")).GetRawText(), StringComparison.Ordinal);
        var refused = await Send(
            admin,
            HttpMethod.Post,
            "teachers",
            asked with
            {
                name = "other",
                key = Key + " broken in two",
            },
            HttpStatusCode.BadRequest
        );
        Assert.DoesNotContain("sk-very", refused.GetRawText(), StringComparison.Ordinal);

        // Another origin does not get the key.
        await Send(admin, HttpMethod.Post, "origins", new { origin = "https://else.example.org" }, HttpStatusCode.OK);
        var moved = await Send(
            admin,
            HttpMethod.Put,
            "teachers/keyed",
            new { endpoint = "https://else.example.org/v1", model = "m" },
            HttpStatusCode.OK
        );
        Assert.False(moved.GetProperty("hasKey").GetBoolean());
        await Send(admin, HttpMethod.Delete, "teachers/keyed", null, HttpStatusCode.NoContent);
        await Send(admin, HttpMethod.Get, "teachers/keyed", null, HttpStatusCode.NotFound);

        var files = Directory.EnumerateFiles(_folder.Path, "clgrpo.db*", SearchOption.AllDirectories).ToList();
        Assert.NotEmpty(files);
        Assert.All(
            files,
            file =>
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var text = new StreamReader(stream, System.Text.Encoding.Latin1);
                Assert.DoesNotContain(Key, text.ReadToEnd(), StringComparison.Ordinal);
            }
        );
    }

    [Theory]
    [Trait("Id", "A-SSRF-1")]
    [InlineData("http://169.254.169.254/v1")]
    [InlineData("https://[::ffff:169.254.169.254]/v1")]
    [InlineData("https://user@teacher.example.org/v1")]
    [InlineData("https://0x7f000001/v1")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://not-allowed.example.org/v1")]
    public async Task Teacher_AtAnAddressThatIsNotAllowed_IsRefused(string endpoint)
    {
        using var admin = await Program("ssrf", ConstructionScopes.TeachersRead, ConstructionScopes.TeachersManage);
        if (!endpoint.Contains("not-allowed", StringComparison.Ordinal))
            await Send(
                admin,
                HttpMethod.Post,
                "origins",
                new { origin = endpoint, lab = true },
                HttpStatusCode.BadRequest
            );
        await Send(
            admin,
            HttpMethod.Post,
            "teachers",
            new
            {
                name = "far",
                endpoint,
                model = "m",
            },
            HttpStatusCode.BadRequest
        );
        Assert.Equal(0, (await Get(admin, "teachers")).GetProperty("total").GetInt32());
    }

    [Theory]
    [Trait("Id", "A-SSRF-1")]
    [InlineData("")]
    [InlineData("../../etc")]
    [InlineData("run/step-00000001")]
    public async Task Teacher_OfACheckpointThatIsNotThere_IsRefused(string endpoint)
    {
        using var admin = await Program("own", ConstructionScopes.TeachersRead, ConstructionScopes.TeachersManage);

        var problem = await Send(
            admin,
            HttpMethod.Post,
            "teachers",
            new
            {
                name = "own",
                kind = "checkpoint",
                endpoint,
            },
            HttpStatusCode.BadRequest
        );

        Assert.Contains(
            $"no checkpoint '{endpoint}'",
            problem.GetProperty("detail").GetString()!,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Scopes_OfAKey_AreWhatItMay()
    {
        using var reader = await Program("reader", ConstructionScopes.Read);
        using var writer = await Program("writer", ConstructionScopes.Read, ConstructionScopes.Write);
        using var looker = await Program("looker", ConstructionScopes.TeachersRead);
        var begin = new
        {
            name = "n",
            dataset = Dataset,
            settings = new { generators = new[] { "x" } },
        };
        foreach (
            var (client, method, path, body, expected) in ((HttpClient, HttpMethod, string, object?, HttpStatusCode)[])
                [
                    (reader, HttpMethod.Get, "jobs", null, HttpStatusCode.OK),
                    (reader, HttpMethod.Get, "prompts", null, HttpStatusCode.OK),
                    (reader, HttpMethod.Post, "jobs", begin, HttpStatusCode.Forbidden),
                    (reader, HttpMethod.Post, "jobs/plan", begin, HttpStatusCode.Forbidden),
                    (reader, HttpMethod.Post, "jobs/1/cancel", null, HttpStatusCode.Forbidden),
                    (reader, HttpMethod.Post, "trials", new { }, HttpStatusCode.Forbidden),
                    (reader, HttpMethod.Get, "teachers", null, HttpStatusCode.Forbidden),
                    (writer, HttpMethod.Get, "teachers", null, HttpStatusCode.Forbidden),
                    (writer, HttpMethod.Post, "jobs", begin, HttpStatusCode.BadRequest),
                    (looker, HttpMethod.Get, "teachers", null, HttpStatusCode.OK),
                    (looker, HttpMethod.Get, "origins", null, HttpStatusCode.OK),
                    (looker, HttpMethod.Post, "teachers", new { name = "x", kind = "rule" }, HttpStatusCode.Forbidden),
                    (
                        looker,
                        HttpMethod.Post,
                        "origins",
                        new { origin = "https://a.example.org" },
                        HttpStatusCode.Forbidden
                    ),
                    (looker, HttpMethod.Post, "teachers/x/check", null, HttpStatusCode.Forbidden),
                    (looker, HttpMethod.Delete, "teachers/x", null, HttpStatusCode.Forbidden),
                    (looker, HttpMethod.Get, "jobs", null, HttpStatusCode.Forbidden),
                ]
        )
            await Send(client, method, path, body, expected);
    }

    private async Task<HttpClient> Program(string name, params string[] scopes)
    {
        var key = await _site.Services.GetRequiredService<ApiKeys>().Create(name, scopes, days: 1, "test", Stop);
        var client = _site.CreateClient(new() { AllowAutoRedirect = false });
        client.DefaultRequestHeaders.Add("x-api-key", key.Text);
        return client;
    }

    private static Task<JsonElement> Get(HttpClient client, string path) =>
        Send(client, HttpMethod.Get, path, body: null, HttpStatusCode.OK);

    private static async Task<JsonElement> Send(
        HttpClient client,
        HttpMethod method,
        string path,
        object? body,
        HttpStatusCode expected
    )
    {
        using var request = new HttpRequestMessage(method, $"{Api}/{path}");
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var answer = await client.SendAsync(request, Stop);
        var text = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(answer.StatusCode == expected, $"{method} {path}: {answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }
}
