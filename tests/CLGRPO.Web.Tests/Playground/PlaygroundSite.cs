using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Web.Tests.Browser;
using CLGRPO.Web.Tests.Inference;

namespace CLGRPO.Web.Tests.Playground;

/// <summary>One site for all journeys through the playground.</summary>
[CollectionDefinition(nameof(PlaygroundSite))]
public sealed class PlaygroundTests : ICollectionFixture<PlaygroundSite>;

/// <summary>The real site over two runs: one with a baseline and a stage 4, trained for seconds; one that writes on and on.</summary>
public sealed class PlaygroundSite(BrowserFixture browser) : IAsyncLifetime
{
    public const string Run = "asked";
    public const string Endless = "endless";

    private static readonly string[] Stages =
    [
        "{ name: baseline, kind: sft, from: none, completion: answer, max_steps: 40, batch_size: 16, micro_batch_size: 16, learning_rate: 1e-2, warmup_steps: 0, validate_every: 0, checkpoint_every: 40 }",
        "{ name: stage-4, kind: sft, from: none, completion: cot, max_steps: 140, batch_size: 16, micro_batch_size: 16, learning_rate: 1e-2, warmup_steps: 0, validate_every: 0, checkpoint_every: 140 }",
    ];

    /// <summary>A run that goes on until it is stopped and leaves no checkpoint.</summary>
    public static readonly string LongRecipe = Recipe(
        "long",
        layers: 2,
        "{ name: sft, kind: sft, from: none, completion: cot, max_steps: 100000, batch_size: 16, micro_batch_size: 16, learning_rate: 1e-4, warmup_steps: 0, validate_every: 0, checkpoint_every: 100000 }"
    );

    private readonly TemporaryFolder _folder = new();
    private SiteProcess _site = null!;
    private string _session = "";

    public Uri Address => _site.Address;

    /// <summary>A picture such as the models were trained on.</summary>
    public string PicturePath { get; private set; } = "";

    private string Datasets => Path.Combine(_folder.Path, "datasets");

    private string Runs => Path.Combine(_folder.Path, "runs");

    public async ValueTask InitializeAsync()
    {
        var version = EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = 256,
                Validation = 24,
                Test = 16,
            },
            Datasets
        );
        using (var store = StoreFactory.Open(new StoreOptions(Path.Combine(Datasets, "clgrpo.db"))))
        {
            await new Importer(store, Datasets).Run(
                new ImportRequest(version.Path, "emoscenes", "ada"),
                progress: null,
                CancellationToken.None
            );
        }
        PicturePath = Directory.EnumerateFiles(Path.Combine(Datasets, "blobs")).Order(StringComparer.Ordinal).First();
        await Train(
            Endless,
            layers: 32,
            "{ name: sft, kind: sft, from: none, completion: cot, max_steps: 1, batch_size: 16, micro_batch_size: 16, learning_rate: 1e-2, warmup_steps: 0, validate_every: 0, checkpoint_every: 1 }"
        );
        await Train(Run, layers: 2, Stages);
        _site = await SiteProcess.Start(
            _folder.Path,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Site__Runs"] = Runs,
                ["Site__Datasets"] = Datasets,
                ["Training__Device"] = "cpu",
            }
        );
        await using var visitor = await Visitor.Open(browser.Browser, Address);
        await visitor.Join(await _site.FirstAdminLink, BrowserFixture.AdminName, BrowserFixture.Password);
        _session = await visitor.Context.StorageStateAsync();
    }

    /// <summary>A browser of its own, the admin signed in.</summary>
    public Task<Visitor> Visit(string theme = "light", int width = 1440) =>
        Visitor.Open(browser.Browser, Address, theme, width, _session);

    /// <summary>A browser of its own, nobody signed in.</summary>
    public Task<Visitor> Stranger() => Visitor.Open(browser.Browser, Address);

    public async ValueTask DisposeAsync()
    {
        if (_site is not null)
            await _site.DisposeAsync();
        _folder.Dispose();
    }

    private async Task Train(string run, int layers, params string[] stages)
    {
        var path = Path.Combine(_folder.Path, $"{run}.yaml");
        await File.WriteAllTextAsync(path, Recipe(run, layers, stages));
        var folder = Path.Combine(Runs, run);
        await InferenceSite.Clgrpo(["train", path, "--run", folder, "--datasets", Datasets, "--workers", "1"]);
    }

    private static string Recipe(string name, int layers, params string[] stages) =>
        $$"""
            name: {{name}}
            seed: 3
            dataset: emoscenes
            model:
              preset: nano
              vision: { image_size: 32, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 48 }
              language: { hidden_size: 64, num_hidden_layers: {{layers}}, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 96 }
            prompt: { system: "", cot: "Which emotion? Think first.", answer: "Which emotion?" }
            stages:
              - {{string.Join("\n  - ", stages)}}

            """;
}
