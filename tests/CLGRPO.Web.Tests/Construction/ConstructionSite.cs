using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Cot.Construction;
using CLGRPO.Data.Tests.Teachers;
using CLGRPO.Web.Tests.Browser;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Tests.Construction;

/// <summary>A site with a data set that has no texts yet, and teachers that are real servers on this machine.</summary>
public sealed class ConstructionSite(BrowserFixture browsers) : IAsyncLifetime
{
    public const string Dataset = "emoscenes";
    public const int Train = 40;
    public const int Validation = 8;
    public const string Api = "/api/v1/construction";
    private const int Places = 3;

    private readonly TemporaryFolder _folder = new();
    private string _session = "";

    internal SiteProcess Site { get; private set; } = null!;
    internal TeacherStaff Staff { get; private set; } = null!;
    internal StoreFactory Store { get; private set; } = null!;
    private DatasetVersion Version { get; set; } = null!;
    private string Root => Path.Combine(_folder.Path, "datasets");

    public async ValueTask InitializeAsync()
    {
        Version = EmoScenesGenerator.Generate(
            new()
            {
                Train = Train,
                Validation = Validation,
                Test = 8,
            },
            Root
        );
        Staff = new TeacherStaff(Version);
        Store = StoreFactory.Open(new StoreOptions(Path.Combine(Root, "clgrpo.db")));
        await new Importer(Store, Root).Run(
            new ImportRequest(Version.Path, Dataset, "ada") { WithoutTexts = true },
            progress: null,
            CancellationToken.None
        );
        Site = await SiteProcess.Start(_folder.Path, Settings);
        await using var visitor = await Visitor.Open(browsers.Browser, Site.Address);
        await visitor.Join(await Site.FirstAdminLink, BrowserFixture.AdminName, BrowserFixture.Password);
        _session = await visitor.Context.StorageStateAsync();
    }

    private static Dictionary<string, string> Settings =>
        new(StringComparer.Ordinal) { ["Site__ApiRequestsPerMinute"] = "100000" };

    /// <summary>The last sample of the training split.</summary>
    public string LastKey => Version.Train[^1].Id;

    /// <summary>A label that the last sample does not have.</summary>
    public string HardLabel => Version.Info.Labels.First(label => label != Version.Train[^1].Label);

    /// <summary>Samples of the training split.</summary>
    public int CountOf(Func<string, bool> label) => Version.Train.Count(sample => label(sample.Label));

    public Task<Visitor> Admin(string theme = "light", int width = 1440) =>
        Visitor.Open(browsers.Browser, Site.Address, theme, width, _session);

    /// <summary>Kills the site and starts it again at the same address.</summary>
    internal async Task KillAndStart()
    {
        var port = Site.Address.Port;
        await Site.Kill();
        await Site.DisposeAsync();
        Site = await SiteProcess.Start(_folder.Path, Settings, port);
    }

    /// <summary>Asks the API in the name of the admin.</summary>
    internal HttpClient Client()
    {
        var cookies = new CookieContainer();
        using var session = JsonDocument.Parse(_session);
        foreach (var cookie in session.RootElement.GetProperty("cookies").EnumerateArray())
        {
            cookies.Add(
                Site.Address,
                new Cookie(
                    cookie.GetProperty("name").GetString()!,
                    Uri.EscapeDataString(Uri.UnescapeDataString(cookie.GetProperty("value").GetString()!))
                )
            );
        }
        return new HttpClient(new HttpClientHandler { CookieContainer = cookies, AllowAutoRedirect = false })
        {
            BaseAddress = Site.Address,
        };
    }

    /// <summary>A server that answers after a while, as its habits say, and is a teacher of the site.</summary>
    internal async Task Hire(string name, FakeHabits habits, TimeSpan delay)
    {
        await Hire(
            name,
            (request, sample) =>
            {
                var act = habits.Decide(
                    request,
                    sample.Label,
                    Version.Info.Labels,
                    label => CotLedger.Reasoning(request, label)
                );
                Staff.Ledger.Enter(name, request, act);
                return new FakeAct.Late(delay, act);
            }
        );
    }

    /// <summary>A server that does what a script says, and is a teacher of the site.</summary>
    internal async Task Hire(string name, Func<FakeRequest, Sample, FakeAct> script)
    {
        var hired = await Staff.Hire(name, script);
        using var client = Client();
        await Post(client, "origins", new { origin = $"{Staff.Servers[name].Origin}", lab = true }, HttpStatusCode.OK);
        await Post(
            client,
            "teachers",
            new
            {
                name,
                endpoint = hired.Endpoint,
                model = hired.Model,
                concurrency = Places,
                maxImageSide = hired.MaxImageSide,
                promptPrice = 1,
                completionPrice = 2,
            },
            HttpStatusCode.Created
        );
    }

    /// <summary>The built-in rules under a name.</summary>
    internal async Task HireRules(string name, double errors = 0)
    {
        using var client = Client();
        await Post(
            client,
            "teachers",
            new
            {
                name,
                kind = "rule",
                errors,
            },
            HttpStatusCode.Created
        );
    }

    /// <summary>Begins a construction as a program does.</summary>
    /// <returns>Its number.</returns>
    internal async Task<long> Begin(string name, object settings)
    {
        using var client = Client();
        var job = await Post(
            client,
            "jobs",
            new
            {
                name,
                dataset = Dataset,
                settings,
            },
            HttpStatusCode.Created
        );
        return job.GetProperty("id").GetInt64();
    }

    internal static async Task<JsonElement> Post(HttpClient client, string path, object body, HttpStatusCode expected)
    {
        using var answer = await client.PostAsJsonAsync($"{Api}/{path}", body, Stop);
        var text = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(answer.StatusCode == expected, $"{path}: {answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    internal static async Task<JsonElement> Get(HttpClient client, string path) =>
        (await client.GetFromJsonAsync<JsonElement>($"{Api}/{path}", Stop))!;

    /// <summary>Waits until a construction is in a state.</summary>
    internal async Task<ConstructionJob> Until(long job, JobState state)
    {
        ConstructionJob? seen = null;
        await Wait.Until(async () =>
        {
            await using var context = Store.CreateDbContext();
            seen = await context.Jobs.AsNoTracking().SingleAsync(one => one.Id == job, Stop);
            return seen.State == state;
        });
        return seen!;
    }

    /// <summary>No answered question has a second answer in the account, and every answer became a row.</summary>
    internal async Task EveryAnswerIsThereOnce(long job)
    {
        await using var context = Store.CreateDbContext();
        var answered = await context
            .Calls.Where(call => call.JobId == job && call.Outcome == TeacherOutcome.Answered)
            .GroupBy(call => new
            {
                call.SampleId,
                call.Teacher,
                call.Purpose,
                call.Attempt,
            })
            .Select(calls => calls.Count())
            .ToListAsync(Stop);
        Assert.All(answered, count => Assert.Equal(1, count));
        var records = context.Records.Where(record => record.JobId == job);
        Assert.Equal(
            answered.Count,
            await records.CountAsync(record => record.RawReply != null, Stop)
                + await records.SelectMany(record => record.Votes).CountAsync(vote => vote.RawReply != null, Stop)
        );
    }

    /// <summary>What a construction came to, against what the servers' ledger says it must have come to.</summary>
    internal Task Check(long job, ConstructionConfig config) => Staff.Check(Store, job, config);

    public async ValueTask DisposeAsync()
    {
        if (Site is not null)
            await Site.DisposeAsync();
        if (Staff is not null)
            await Staff.DisposeAsync();
        Store?.Dispose();
        _folder.Dispose();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;
}
