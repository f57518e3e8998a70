using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Recipes;
using CLGRPO.Web.Tests.Runs;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Recipes;

/// <summary>The REST of recipes over the whole site.</summary>
public sealed class RecipeEndpointsTests : IDisposable
{
    private readonly LabFolder _lab = new();
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplicationFactory<Program> _site;

    public RecipeEndpointsTests() =>
        _site = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
            host.UseSite(_lab.Datasets, _lab.Runs, Path.Combine(_folder.Path, "data"))
                .UseSetting("Training:Device", "cpu")
        );

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Save_VersionAfterVersion_KeepsEachWithWhoAndWhen()
    {
        using var client = await Client(RecipeScopes.Read, RecipeScopes.Write);
        var first = await Save(client, LabFolder.Recipe(), expected: 0);
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Assert.Equal("/api/v1/recipes/tiny?version=1", first.Headers.Location!.PathAndQuery);
        Assert.Equal(1, (await Save(client, LabFolder.Recipe(), expected: 1)).Version()); // the same once more
        Assert.Equal(2, (await Save(client, LabFolder.Recipe(sftSteps: 20), expected: 1)).Version());

        // Somebody who knew of version 1 alone does not pass over version 2.
        var late = await Save(client, LabFolder.Recipe(sftSteps: 30), expected: 1);
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        Assert.Contains("saved version 2", await late.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.Equal(
            HttpStatusCode.Conflict,
            (await Save(client, LabFolder.Recipe(sftSteps: 30), expected: 0)).StatusCode
        );

        var versions = await Get(client, "/api/v1/recipes/tiny/versions");
        Assert.Equal([2, 1], versions.EnumerateArray().Select(one => one.GetProperty("version").GetInt32()));
        Assert.All(versions.EnumerateArray(), one => Assert.Equal("key:tester", one.GetProperty("by").GetString()));
        var old = await Get(client, "/api/v1/recipes/tiny?version=1");
        Assert.Equal(LabFolder.Recipe(), old.GetProperty("recipe").GetString());
        Assert.Equal(1, (await Get(client, "/api/v1/recipes?search=TIN&limit=1")).GetProperty("total").GetInt32());
        Assert.Equal(
            ["0001.json", "0001.yaml", "0002.json", "0002.yaml"],
            Directory.GetFiles(Path.Combine(_folder.Path, "data", "recipes", "tiny")).Select(Path.GetFileName).Order()
        );

        var changes = await (
            await client.PostAsJsonAsync(
                "/api/v1/recipes/diff",
                new { before = "recipe:tiny@1", after = "recipe:tiny" },
                Stop
            )
        ).Content.ReadFromJsonAsync<JsonElement>(Stop);
        var change = Assert.Single(changes.EnumerateArray());
        Assert.Equal("sft.max_steps", change.GetProperty("setting").GetString());
        Assert.Equal(("12", "20"), (change.GetProperty("before").GetString(), change.GetProperty("after").GetString()));
    }

    [Fact]
    public async Task Validate_WrongRecipe_NamesLinePathAndFix()
    {
        using var client = await Client(RecipeScopes.Read);
        var verdict = await Post(
            client,
            "validate",
            new { recipe = LabFolder.Recipe().Replace("group_size: 4", "group_size: 1", StringComparison.Ordinal) }
        );
        Assert.False(verdict.GetProperty("valid").GetBoolean());
        var error = Assert.Single(verdict.GetProperty("errors").EnumerateArray());
        Assert.Equal("stages[1].group_size", error.GetProperty("path").GetString());
        Assert.Equal(11, error.GetProperty("line").GetInt32());
        Assert.Equal("Set group_size to 2", error.GetProperty("fixes")[0].GetProperty("label").GetString());

        var right = await Post(client, "validate", new { recipe = LabFolder.Recipe() });
        Assert.True(right.GetProperty("valid").GetBoolean());
        Assert.Equal(0, right.GetProperty("obstacles").GetArrayLength());
        Assert.Equal(64, right.GetProperty("hash").GetString()!.Length);
    }

    [Fact]
    public async Task Plan_OnASmallGpu_SaysWhatToChange()
    {
        using var client = await Client(RecipeScopes.Read);
        var here = await Post(client, "plan", new { recipe = LabFolder.Recipe() });
        Assert.True(here.GetProperty("fits").GetBoolean());
        Assert.Equal(2, here.GetProperty("plan").GetProperty("stages").GetArrayLength());

        var large = LabFolder
            .Recipe()
            .Replace(
                "batch_size: 8, micro_batch_size: 4",
                "batch_size: 4096, micro_batch_size: 4096",
                StringComparison.Ordinal
            )
            .Replace("hidden_size: 48", "hidden_size: 2048", StringComparison.Ordinal)
            .Replace("intermediate_size: 64", "intermediate_size: 8192", StringComparison.Ordinal);
        var small = await Post(client, "plan", new { recipe = large, gpuGB = 1 });
        Assert.False(small.GetProperty("fits").GetBoolean());
        Assert.Contains(
            small.GetProperty("fixes")[0].GetProperty("fixes").EnumerateArray(),
            fix =>
                fix.GetProperty("changes")
                    .EnumerateArray()
                    .Any(change => change.GetProperty("path").GetString() == "stages[0].micro_batch_size")
        );

        var missing = LabFolder.Recipe().Replace("dataset: emoscenes", "dataset: nothing", StringComparison.Ordinal);
        var answer = await client.PostAsJsonAsync("/api/v1/recipes/plan", new { recipe = missing }, Stop);
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Contains("No dataset 'nothing'", await answer.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-API-1")]
    public async Task Requests_OutOfPlace_AreRefused()
    {
        using var client = await Client(RecipeScopes.Read, RecipeScopes.Write);
        foreach (var name in (string[])["..%2F..%2Fetc", "%2E%2E", "nobody", "presets%2Fnano-demo"])
            Assert.Equal(
                HttpStatusCode.NotFound,
                (await client.GetAsync($"/api/v1/recipes/{name}/versions", Stop)).StatusCode
            );
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await client.GetAsync("/api/v1/recipes/presets/..%2Fnano-demo", Stop)).StatusCode
        );
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync("/api/v1/recipes?limit=0", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await Save(client, "name: [", expected: null)).StatusCode);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (
                await Save(
                    client,
                    LabFolder.Recipe().Replace("name: tiny", "name: ../x", StringComparison.Ordinal),
                    expected: null
                )
            ).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.Conflict,
            (
                await Save(
                    client,
                    LabFolder.Recipe().Replace("name: tiny", "name: presets", StringComparison.Ordinal),
                    expected: null
                )
            ).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (
                await client.PostAsJsonAsync(
                    "/api/v1/recipes/diff",
                    new { before = "run:none", after = "preset:nano-demo" },
                    Stop
                )
            ).StatusCode
        );
        using var reader = await Client(RecipeScopes.Read);
        Assert.Equal(HttpStatusCode.Forbidden, (await Save(reader, LabFolder.Recipe(), expected: null)).StatusCode);
        using var other = await Client(Scopes.DatasetsRead);
        Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync("/api/v1/recipes", Stop)).StatusCode);
    }

    [Fact]
    public async Task PresetsAndSettings_AreThere()
    {
        using var client = await Client(RecipeScopes.Read);
        var presets = await Get(client, "/api/v1/recipes/presets");
        Assert.Contains(presets.EnumerateArray(), preset => preset.GetProperty("name").GetString() == "nano-demo");
        Assert.All(presets.EnumerateArray(), preset => Assert.NotEqual("", preset.GetProperty("text").GetString()));
        Assert.Contains(
            "name: nano-demo",
            await client.GetStringAsync("/api/v1/recipes/presets/nano-demo", Stop),
            StringComparison.Ordinal
        );
        var settings = await Get(client, "/api/v1/recipes/settings");
        var high = settings
            .EnumerateArray()
            .Single(setting => setting.GetProperty("path").GetString() == "stages[].epsilon_high");
        Assert.Equal("0.2", high.GetProperty("default").GetString());
    }

    public void Dispose()
    {
        _site.Dispose();
        _folder.Dispose();
        _lab.Dispose();
    }

    private static Task<HttpResponseMessage> Save(HttpClient client, string recipe, int? expected) =>
        client.PostAsJsonAsync(
            "/api/v1/recipes",
            new
            {
                recipe,
                expected,
                note = "why",
            },
            Stop
        );

    private static Task<JsonElement> Get(HttpClient client, string url) =>
        client.GetFromJsonAsync<JsonElement>(url, Stop);

    private static async Task<JsonElement> Post(HttpClient client, string what, object body)
    {
        using var answer = await client.PostAsJsonAsync($"/api/v1/recipes/{what}", body, Stop);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Stop));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    private async Task<HttpClient> Client(params string[] scopes)
    {
        var client = _site.CreateClient(new() { AllowAutoRedirect = false });
        var key = await _site
            .Services.GetRequiredService<ApiKeys>()
            .Create(scopes.Length > 1 ? "tester" : "reader", scopes, days: 1, "test", Stop);
        client.DefaultRequestHeaders.Add("x-api-key", key.Text);
        return client;
    }
}

internal static class Answers
{
    public static int Version(this HttpResponseMessage answer) =>
        int.Parse(answer.Headers.Location!.PathAndQuery.Split('=')[^1]);
}
