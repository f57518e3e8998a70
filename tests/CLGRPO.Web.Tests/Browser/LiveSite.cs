using CLGRPO.Data.Datasets;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Runs;
using CLGRPO.Data.Store;
using CLGRPO.Web.Tests.Runs;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>A site with a small model in GRPO training, which goes on for as long as the tests look at it.</summary>
public sealed class LiveSite(BrowserFixture browser) : IAsyncLifetime
{
    private readonly LabFolder _lab = new();
    private readonly TemporaryFolder _folder = new();
    private SiteProcess _site = null!;

    public Uri Address => _site.Address;

    /// <summary>The run that trains.</summary>
    public string Run { get; private set; } = "";

    public RunDirectory Directory => _lab.Run(Run);

    public string RunsFolder => _lab.Runs;

    public async ValueTask InitializeAsync()
    {
        browser.Furnish(_lab.Datasets, Path.Combine(_folder.Path, "data"));
        await ImportAsync();
        _site = await StartAsync(port: 0);
        await using var visitor = await Visit();
        var made = await Post(visitor, "/api/v1/runs", new { recipe = Recipe() });
        Run = made!.Value.GetProperty("id").GetString()!;
    }

    // The store holds the samples that the run trains on, as after any import.
    private async Task ImportAsync()
    {
        using var store = StoreFactory.Open(new StoreOptions(Path.Combine(_lab.Datasets, "clgrpo.db")));
        var version = DatasetVersion.Find(_lab.Datasets, "emoscenes");
        await new Importer(store, _lab.Datasets).Run(
            new ImportRequest(version, "emoscenes", "ada"),
            progress: null,
            CancellationToken.None
        );
    }

    /// <summary>A browser of its own, the admin signed in.</summary>
    public Task<Visitor> Visit(string theme = "light", int width = 1440) =>
        Visitor.Open(browser.Browser, Address, theme, width, browser.Session);

    /// <summary>Asks the run to do something.</summary>
    public async Task Ask(string action)
    {
        await using var visitor = await Visit();
        await Post(visitor, $"/api/v1/runs/{Run}/control", new { action });
    }

    /// <summary>kill -9, and a new site in its place.</summary>
    public async Task KillAndStartAgain(Func<Task> between)
    {
        var port = Address.Port;
        await _site.Kill();
        await between();
        await _site.DisposeAsync();
        _site = await StartAsync(port);
    }

    public async ValueTask DisposeAsync()
    {
        if (_site is not null)
        {
            if (Run.Length > 0)
            {
                await Ask("abort");
                await Wait.Until(() => RunLock.Writer(Directory) is null);
            }
            await _site.DisposeAsync();
        }
        _lab.Dispose();
        _folder.Dispose();
    }

    private Task<SiteProcess> StartAsync(int port) =>
        SiteProcess.Start(
            _folder.Path,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Site__Runs"] = _lab.Runs,
                ["Site__Datasets"] = _lab.Datasets,
                ["Training__Device"] = "cpu",
                ["Training__Workers"] = "1",
            },
            port
        );

    private async Task<System.Text.Json.JsonElement?> Post(Visitor visitor, string path, object body)
    {
        var answer = await visitor.Context.APIRequest.PostAsync(
            new Uri(Address, path).ToString(),
            new APIRequestContextOptions { DataObject = body }
        );
        Assert.True(answer.Ok, await answer.TextAsync());
        return await answer.JsonAsync();
    }

    // Learns the form in seconds, then samples groups of eight, with an upper bound that the clip meets.
    private static string Recipe() =>
        """
            name: watched
            seed: 5
            dataset: emoscenes
            model:
              preset: nano
              vision: { image_size: 32, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 48 }
              language: { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 96 }
            prompt: { system: "", cot: "Which emotion? Think first.", answer: "Which emotion?" }
            stages:
              - { name: stage-1, kind: sft, from: none, max_steps: 90, batch_size: 16, micro_batch_size: 16, learning_rate: 6e-3, warmup_steps: 5, validate_every: 0, checkpoint_every: 100 }
              - { name: stage-2, kind: grpo, from: stage-1, steps: 12, prompts_per_step: 4, group_size: 8, learning_rate: 1e-3, rewards: [{ name: format }], max_completion_tokens: 48, checkpoint_every: 100, beta: 0.02 }
              - { name: stage-4, kind: grpo, from: stage-2, steps: 20000, prompts_per_step: 8, group_size: 8, mini_batches: 4, num_iterations: 2, learning_rate: 1e-3, epsilon_low: 0.2, epsilon_high: 0.05, rewards: [{ name: format }, { name: accuracy }], max_completion_tokens: 48, checkpoint_every: 20, beta: 0.02 }
            """;
}
