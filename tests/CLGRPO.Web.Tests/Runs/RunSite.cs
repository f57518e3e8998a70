using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Text.Encodings.Web;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Runs;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Live;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Tests.Runs;

/// <summary>The runs' part of the site on a port of its own, over folders that may outlive it; who asks is said by a header.</summary>
internal sealed class RunSite : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunSite(WebApplication app, HttpClient client) => (_app, Client) = (app, client);

    /// <summary>May do everything with runs.</summary>
    public HttpClient Client { get; }

    public Uri Address => Client.BaseAddress!;

    public TrainingService Training => _app.Services.GetRequiredService<TrainingService>();

    public LiveAudience Audience => _app.Services.GetRequiredService<LiveAudience>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static Task<RunSite> StartAsync(LabFolder lab, params (string Key, string Value)[] settings) =>
        StartAsync(lab, settings, _ => { });

    /// <summary>A site whose processes are started only when a gate opens, as those of a queueing cluster are.</summary>
    public static Task<RunSite> StartHeldAsync(LabFolder lab, Task gate) =>
        StartAsync(
            lab,
            [],
            services =>
            {
                services.AddSingleton<LocalLauncher>();
                services.AddSingleton<ILauncher>(provider => new HeldLauncher(
                    provider.GetRequiredService<LocalLauncher>(),
                    gate
                ));
            }
        );

    private static async Task<RunSite> StartAsync(
        LabFolder lab,
        (string Key, string Value)[] settings,
        Action<IServiceCollection> change
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["Training:RunsPath"] = lab.Runs,
                ["Training:DatasetsPath"] = lab.Datasets,
                ["Training:LookEvery"] = "00:00:00.050",
                ["Training:Device"] = "cpu",
                ["Training:Workers"] = "1",
            }
        );
        builder.Configuration.AddInMemoryCollection(
            settings.Select(pair => new KeyValuePair<string, string?>(pair.Key, pair.Value))
        );
        builder.Services.AddRuns();
        builder.Services.AddSingleton<Audit>();
        builder.Services.AddSingleton(StoreFactory.Open(new StoreOptions(Path.Combine(lab.Datasets, "clgrpo.db"))));
        change(builder.Services);
        builder.Services.AddAuthentication("header").AddScheme<AuthenticationSchemeOptions, ByHeader>("header", null);
        builder
            .Services.AddAuthorizationBuilder()
            .AddPolicy(RunScopes.Read, policy => policy.RequireClaim("scope", RunScopes.Read))
            .AddPolicy(RunScopes.Write, policy => policy.RequireClaim("scope", RunScopes.Write));
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapRunsAndHub();
        await app.StartAsync(Stop);
        return new RunSite(app, ClientOf(app, $"{RunScopes.Read} {RunScopes.Write}"));
    }

    /// <summary>A client with these scopes; without any, nobody.</summary>
    public HttpClient As(string scopes) => ClientOf(_app, scopes);

    /// <summary>What the audit says was done to a run, oldest first.</summary>
    public async Task<IReadOnlyList<string>> DeedsAsync(string run)
    {
        var filter = new AuditFilter { Text = $"run:{run}", Who = "tester" };
        var page = await _app.Services.GetRequiredService<Audit>().Find(filter, 0, 100, Stop);
        return [.. page.Items.Reverse().Select(entry => entry.Action)];
    }

    public IReadOnlyList<Endpoint> Endpoints => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints;

    /// <summary>Waits until a run is as it should be.</summary>
    public async Task<RunSummary> WaitForAsync(
        string id,
        Func<RunSummary, bool> holds,
        [CallerArgumentExpression(nameof(holds))] string what = ""
    )
    {
        RunSummary? run = null;
        await Wait.Until(() => (run = Training.Find(id)) is not null && holds(run), what);
        return run!;
    }

    public async Task<RunSummary> CreateAsync(string recipe, int priority = 0)
    {
        var answer = await Client.PostAsJsonAsync("/api/v1/runs", new { recipe, priority }, Stop);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Stop));
        var id = answer.Headers.Location!.ToString().Split('/')[^1];
        return Training.Find(id)!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private static HttpClient ClientOf(WebApplication app, string scopes)
    {
        var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        client.DefaultRequestHeaders.Add(ByHeader.Name, scopes);
        return client;
    }

    private sealed class HeldLauncher(LocalLauncher launcher, Task gate) : ILauncher
    {
        public int Slots => launcher.Slots;

        public async Task<int> Launch(RunDirectory run, int slot)
        {
            await gate;
            return await launcher.Launch(run, slot);
        }

        public void Kill(RunOwner owner) => launcher.Kill(owner);
    }

    private sealed class ByHeader(
        IOptionsMonitor<AuthenticationSchemeOptions> options,
        ILoggerFactory logger,
        UrlEncoder encoder
    ) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        public const string Name = "X-Test-Scopes";

        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            var given = Request.Headers[Name].ToString();
            if (given.Length == 0)
                given = Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);
            if (given.Length == 0)
                return Task.FromResult(AuthenticateResult.NoResult());
            var claims = given
                .Split(' ')
                .Select(scope => new Claim("scope", scope))
                .Append(new Claim(ClaimTypes.Name, "tester"));
            var user = new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme.Name));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(user, Scheme.Name)));
        }
    }
}

/// <summary>Folders of data sets and runs, with a data set in it.</summary>
public sealed class LabFolder : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"clgrpo-web-{Guid.NewGuid():N}");

    public LabFolder()
    {
        Directory.CreateDirectory(Runs);
        EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = 64,
                Validation = 16,
                Test = 16,
            },
            Datasets
        );
    }

    public string Runs => Path.Combine(_path, "runs");

    public string Datasets => Path.Combine(_path, "datasets");

    /// <summary>A recipe of a fine-tuning stage and a GRPO stage, seconds long.</summary>
    public static string Recipe(int sftSteps = 12, int grpoSteps = 4) =>
        $$"""
            name: tiny
            seed: 3
            dataset: emoscenes
            model:
              preset: nano
              vision: { image_size: 32, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 48 }
              language: { hidden_size: 48, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 64 }
            prompt: { system: "", cot: "Which emotion? Think first.", answer: "Which emotion?" }
            stages:
              - { name: sft, kind: sft, from: none, completion: answer, max_steps: {{sftSteps}}, batch_size: 8, micro_batch_size: 4, learning_rate: 1e-2, warmup_steps: 2, validate_every: 0, checkpoint_every: 5 }
              - { name: grpo, kind: grpo, from: sft, completion: answer, steps: {{grpoSteps}}, prompts_per_step: 4, group_size: 4, mini_batches: 2, num_iterations: 2, learning_rate: 1e-3, max_completion_tokens: 12, checkpoint_every: 5, beta: 0 }
            """;

    /// <summary>All four stages of the method, seconds long each.</summary>
    public static string FourStages(int steps = 6, double epsilonHigh = 0.05) =>
        $$"""
            name: four
            seed: 3
            dataset: emoscenes
            model:
              preset: nano
              vision: { image_size: 32, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 48 }
              language: { hidden_size: 48, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 64 }
            prompt: { system: "", cot: "Which emotion? Think first.", answer: "Which emotion?" }
            stages:
              - { name: baseline, kind: sft, from: none, completion: answer, max_steps: 6, batch_size: 8, micro_batch_size: 4, learning_rate: 1e-2, validate_every: 3, checkpoint_every: 3 }
              - { name: stage-1, kind: sft, from: none, max_steps: 8, batch_size: 8, micro_batch_size: 4, learning_rate: 1e-2, validate_every: 4, checkpoint_every: 4 }
              - { name: stage-2, kind: grpo, from: stage-1, rewards: [{ name: format }], steps: {{steps}}, prompts_per_step: 4, group_size: 4, mini_batches: 2, num_iterations: 2, learning_rate: 1e-3, max_completion_tokens: 16, checkpoint_every: 2, beta: 0.04 }
              - { name: stage-3, kind: grpo, from: stage-2, rewards: [{ name: format }, { name: accuracy }], steps: {{steps}}, prompts_per_step: 4, group_size: 4, mini_batches: 2, num_iterations: 2, learning_rate: 1e-3, max_completion_tokens: 16, checkpoint_every: 2, beta: 0.04 }
              - { name: stage-4, kind: grpo, from: stage-3, rewards: [{ name: format }, { name: accuracy }], steps: {{steps}}, prompts_per_step: 4, group_size: 4, mini_batches: 2, num_iterations: 2, learning_rate: 1e-3, max_completion_tokens: 16, checkpoint_every: 2, beta: 0.04, epsilon_low: 0.2, epsilon_high: {{epsilonHigh}} }
            """;

    /// <summary>Processes that train here.</summary>
    public IReadOnlyList<Process> Trainers() =>
        [
            .. Directory
                .EnumerateDirectories(Runs)
                .Where(RunDirectory.Exists)
                .Select(path => RunLock.Writer(RunDirectory.Open(path)))
                .OfType<RunOwner>()
                .Select(owner => Process.GetProcessById(owner.ProcessId)),
        ];

    public RunDirectory Run(string id) => RunDirectory.Open(Path.Combine(Runs, id));

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
