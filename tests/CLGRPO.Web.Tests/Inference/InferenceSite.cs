using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Training.Serving;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Inference;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Inference;

/// <summary>One site and one model for all tests of inference.</summary>
[CollectionDefinition(nameof(InferenceSite))]
public sealed class InferenceTests : ICollectionFixture<InferenceSite>;

/// <summary>The whole site on a port, over a run of a tiny model that was trained for seconds to reason and answer.</summary>
public sealed class InferenceSite : IAsyncLifetime
{
    public const string Run = "asked";
    public const string Checkpoint = "step-0000120";

    /// <summary>A run whose model has learnt nothing, so writes on and on.</summary>
    public const string Endless = "endless";

    private static string Recipe(int steps, int layers) =>
        $$"""
            name: asked
            seed: 3
            dataset: emoscenes
            model:
              preset: nano
              vision: { image_size: 32, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 48 }
              language: { hidden_size: 64, num_hidden_layers: {{layers}}, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 96 }
            prompt: { system: "", cot: "Which emotion? Think first.", answer: "Which emotion?" }
            stages:
              - { name: sft, kind: sft, from: none, completion: cot, max_steps: {{steps}}, batch_size: 16, micro_batch_size: 16, learning_rate: 1e-2, warmup_steps: 0, validate_every: 0, checkpoint_every: 60 }
            """;

    private readonly TemporaryFolder _folder = new();
    private WebApplicationFactory<Program> _site = null!;

    public Uri Address { get; private set; } = null!;

    /// <summary>A key that may ask models.</summary>
    public string Key { get; private set; } = "";

    /// <summary>A key that may do something else.</summary>
    public string OtherKey { get; private set; } = "";

    public string ImagePath { get; private set; } = "";

    public string CheckpointPath => Path.Combine(_folder.Path, "runs", Run, "checkpoints", Checkpoint);

    public WebApplicationFactory<Program> Site => _site;

    public IServiceProvider Services => _site.Services;

    internal InferenceService Inference => Services.GetRequiredService<InferenceService>();

    internal InferenceProcess Process => Services.GetRequiredService<InferenceProcess>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var datasets = Path.Combine(_folder.Path, "datasets");
        EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = 256,
                Validation = 16,
                Test = 16,
            },
            datasets
        );
        ImagePath = Directory.EnumerateFiles(Path.Combine(datasets, "blobs")).Order(StringComparer.Ordinal).First();
        await Train(Run, Recipe(steps: 120, layers: 2), datasets);
        await Train(Endless, Recipe(steps: 1, layers: 32), datasets); // deep: a step takes its time
        Directory.CreateSymbolicLink(
            Path.Combine(Directory.CreateDirectory(Path.Combine(_folder.Path, "models")).FullName, "copy"),
            CheckpointPath
        );
        _site = Start("data");
        Address = _site.CreateClient().BaseAddress!;
        var keys = Services.GetRequiredService<ApiKeys>();
        Key = (await keys.Create("tests", [InferenceScopes.Use], 1, "test", Stop)).Text;
        OtherKey = (await keys.Create("others", [Scopes.DatasetsRead], 1, "test", Stop)).Text;
    }

    /// <summary>Another site over the same run.</summary>
    public WebApplicationFactory<Program> Start(string state, params (string Key, string Value)[] settings)
    {
        var site = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseSite(
                    Path.Combine(_folder.Path, "datasets"),
                    Path.Combine(_folder.Path, "runs"),
                    Path.Combine(_folder.Path, state)
                )
                .UseSetting("urls", "http://127.0.0.1:0")
                .UseSetting("Site:Database", Path.Combine(_folder.Path, $"{state}.db"))
                .UseSetting("Site:ApiRequestsPerMinute", "100000")
                .UseSetting("Training:ModelsPath", Path.Combine(_folder.Path, "models"))
                .UseSetting("Training:Device", "cpu");
            foreach (var (key, value) in settings)
                host.UseSetting(key, value);
        });
        site.UseKestrel(0);
        site.StartServer();
        return site;
    }

    /// <summary>Another site over the same runs, as a process of its own.</summary>
    internal Task<SiteProcess> StartProcess(string folder, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Site__Datasets"] = Path.Combine(_folder.Path, "datasets"),
            ["Site__Database"] = Path.Combine(folder, "clgrpo.db"),
            ["Site__Runs"] = Path.Combine(_folder.Path, "runs"),
            ["Site__ApiRequestsPerMinute"] = "100000",
            ["Training__Device"] = "cpu",
        };
        foreach (var (name, value) in settings)
            all[name] = value;
        return SiteProcess.Start(folder, all);
    }

    private async Task Train(string run, string recipe, string datasets)
    {
        var path = Path.Combine(_folder.Path, $"{run}.yaml");
        await File.WriteAllTextAsync(path, recipe, Stop);
        var folder = Path.Combine(_folder.Path, "runs", run);
        await Clgrpo(["train", path, "--run", folder, "--datasets", datasets, "--workers", "1"]);
    }

    /// <summary>What the command line prints.</summary>
    public static async Task<string> Clgrpo(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "CLGRPO.Training.dll"), .. arguments]
        )
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = System.Diagnostics.Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(Stop);
        var output = await process.StandardOutput.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop);
        Assert.True(process.ExitCode == 0, await errors);
        return output.TrimEnd('\n');
    }

    public HttpClient Client(string? key)
    {
        var client = new HttpClient { BaseAddress = Address };
        if (key is not null)
            client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        return client;
    }

    /// <summary>The usual question, with other fields where they are given.</summary>
    public JsonObject Question(params (string Name, JsonNode? Value)[] fields)
    {
        var question = new JsonObject
        {
            ["model"] = Run,
            ["temperature"] = 0,
            ["messages"] = new JsonArray(
                new JsonObject
                {
                    ["role"] = "user",
                    ["content"] = new JsonArray(
                        new JsonObject
                        {
                            ["type"] = "image_url",
                            ["image_url"] = new JsonObject { ["url"] = DataUrl() },
                        },
                        new JsonObject { ["type"] = "text", ["text"] = "Which emotion? Think first." }
                    ),
                }
            ),
        };
        foreach (var (name, value) in fields)
            question[name] = value;
        return question;
    }

    public string DataUrl() => $"data:image/png;base64,{Convert.ToBase64String(File.ReadAllBytes(ImagePath))}";

    public async Task<JsonElement> Ask(JsonObject question)
    {
        using var client = Client(Key);
        using var answer = await client.PostAsJsonAsync("/v1/chat/completions", question, Stop);
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
        Assert.True(answer.IsSuccessStatusCode, json.ToString());
        return json;
    }

    /// <summary>Waits until the inference process is as it should be.</summary>
    public async Task<ServeStatus> WaitForAsync(
        Func<ServeStatus, bool> holds,
        [CallerArgumentExpression(nameof(holds))] string what = ""
    )
    {
        ServeStatus? status = null;
        await Wait.Until(async () => (status = await Inference.StatusAsync(Stop)) is not null && holds(status), what);
        return status!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_site is not null)
            await _site.DisposeAsync();
        _folder.Dispose();
    }
}
