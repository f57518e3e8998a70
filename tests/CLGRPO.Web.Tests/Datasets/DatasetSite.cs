using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Web.Tests.Browser;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Verdict = CLGRPO.Data.Store.Verdict;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>Tests of the data sets share a site; each leaves the data set of the others as it was.</summary>
[CollectionDefinition(nameof(DatasetSite))]
public sealed class DatasetSiteCollection : ICollectionFixture<DatasetSite>;

/// <summary>
/// A site with a data set: EmoScenes, made small, of which one sample has been through everything that can happen to one; and a second
/// version that is only a folder.
/// </summary>
public sealed class DatasetSite(BrowserFixture browsers) : IAsyncLifetime
{
    public const int Train = 160;
    public const int Validation = 24;
    public const int Test = 32;
    public const int Samples = Train + Validation + Test;

    private readonly TemporaryFolder _folder = new();
    private string _session = "";

    internal SiteProcess Site { get; private set; } = null!;

    /// <summary>A folder of the server that people may import from.</summary>
    public string Allowed => Directory.CreateDirectory(Path.Combine(_folder.Path, "allowed")).FullName;

    public string Root => Path.Combine(_folder.Path, "datasets");
    public string State => Path.Combine(_folder.Path, "data");

    /// <summary>The data set of the store.</summary>
    public long Dataset { get; private set; }

    /// <summary>The sample with a history.</summary>
    public long Storied { get; private set; }

    public async ValueTask InitializeAsync()
    {
        var version = EmoScenesGenerator.Generate(
            new()
            {
                Train = Train,
                Validation = Validation,
                Test = Test,
            },
            Root
        );
        EmoScenesGenerator.Generate(
            new()
            {
                Name = "onlyfolder",
                Seed = 7,
                Train = 16,
                Validation = 8,
                Test = 8,
            },
            Root
        );
        using (var store = StoreFactory.Open(new StoreOptions(Path.Combine(Root, "clgrpo.db"))))
        {
            var import = await new Importer(store, Root).Run(
                new ImportRequest(version.Path, "emoscenes", "ada"),
                progress: null,
                CancellationToken.None
            );
            Dataset = import.DatasetId;
            Storied = await History(store);
        }
        Site = await SiteProcess.Start(_folder.Path, Settings);
        await using var visitor = await Visitor.Open(browsers.Browser, Site.Address);
        await visitor.Join(await Site.FirstAdminLink, BrowserFixture.AdminName, BrowserFixture.Password);
        _session = await visitor.Context.StorageStateAsync();
    }

    private Dictionary<string, string> Settings =>
        new(StringComparer.Ordinal)
        {
            ["Data__ImportFolders__0"] = Allowed,
            ["Data__KeepFreeMiB"] = "1",
            ["Data__MaxUploadMiB"] = "32",
            ["Site__ApiRequestsPerMinute"] = "100000",
        };

    public Task<Visitor> Admin(string theme = "light", int width = 1440) =>
        Visitor.Open(browsers.Browser, Site.Address, theme, width, _session);

    /// <summary>Stops the site and starts it again at the same address.</summary>
    internal async Task Restart(bool kill)
    {
        var port = Site.Address.Port;
        if (kill)
            await Site.Kill();
        else
            await Site.Terminate();
        await Site.DisposeAsync();
        Site = await SiteProcess.Start(_folder.Path, Settings, port);
    }

    /// <summary>Asks the API in the name of the admin.</summary>
    public HttpClient Client()
    {
        var cookies = new System.Net.CookieContainer();
        using var session = JsonDocument.Parse(_session);
        foreach (var cookie in session.RootElement.GetProperty("cookies").EnumerateArray())
        {
            cookies.Add(
                Site.Address,
                new System.Net.Cookie(
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

    /// <summary>Asks the API with a key of its own: somebody else than the admin.</summary>
    public async Task<HttpClient> Program(string name, params string[] scopes)
    {
        using var admin = Client();
        using var answer = await admin.PostAsJsonAsync("/api/v1/keys", new { client = name, scopes });
        answer.EnsureSuccessStatusCode();
        var key = await answer.Content.ReadFromJsonAsync<JsonElement>();
        var client = new HttpClient { BaseAddress = Site.Address };
        client.DefaultRequestHeaders.Add("x-api-key", key.GetProperty("text").GetString());
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        if (Site is not null)
            await Site.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<long> History(StoreFactory store)
    {
        await using var context = store.CreateDbContext();
        var sample = await context.Samples.Include(s => s.Records).OrderBy(s => s.Id).Skip(3).FirstAsync();
        var at = DateTime.UtcNow.AddDays(-1);
        var job = new ConstructionJob
        {
            DatasetId = sample.DatasetId,
            Name = "cot-0001",
            Config = "{}",
            State = JobState.Completed,
            CreatedBy = "ada",
            CreatedAt = at,
        };
        context.Add(job);
        await context.SaveChangesAsync();
        var rejected = new CotRecord
        {
            SampleId = sample.Id,
            JobId = job.Id,
            Attempt = 0,
            Teacher = "teacher-8b",
            Model = "8b-chat",
            PromptTokens = 1388,
            CompletionTokens = 52,
            Cost = 0.0004,
            Seconds = 1.1,
            RawReply = "{\"content\": \"<script>alert(1)</script>\"}",
            Completion = "<think>the label says sadness, which fits.</think><answer> sadness</answer>",
            State = CotState.Rejected,
            Reasons = ["leaks_label"],
            CreatedAt = at,
        };
        var edited = new CotRecord
        {
            SampleId = sample.Id,
            JobId = job.Id,
            Attempt = 1,
            Teacher = "teacher-26b",
            Model = "26b-instruct",
            PromptTokens = 1412,
            CompletionTokens = 74,
            Cost = 0.0021,
            Seconds = 3.4,
            RawReply = "{}",
            Completion =
                $"<think>a person alone in the rain, while the city looks modern. the light is cold.</think><answer> {sample.Label}</answer>",
            State = CotState.Accepted,
            Agreement = 2.0 / 3,
            Review = ReviewState.Edited,
            CreatedAt = at.AddMinutes(2),
            Votes =
            [
                Vote("teacher-8b", sample.Label, agrees: true, at),
                Vote("teacher-14b", sample.Label, agrees: true, at),
                Vote("teacher-7b", "fear", agrees: false, at),
            ],
        };
        context.AddRange(rejected, edited);
        await context.SaveChangesAsync();
        context.Add(
            new Review
            {
                RecordId = edited.Id,
                Reviewer = "otto",
                Verdict = Verdict.Edit,
                EditedCompletion =
                    $"<think>a person alone in heavy rain, head lowered. the light is cold.</think><answer> {sample.Label}</answer>",
                Ratings = """{"faithful": 4, "leads to label": 5, "fluent": 5}""",
                Comment = "The arms decide it, not the rain.",
                CreatedAt = at.AddHours(1),
            }
        );
        var others = await context.Records.Where(r => r.SampleId != sample.Id).OrderBy(r => r.Id).Take(4).ToListAsync();
        ReviewState[] states = [ReviewState.Accepted, ReviewState.Rejected, ReviewState.Flagged, ReviewState.Accepted];
        for (var i = 0; i < others.Count; i++)
            others[i].Review = states[i];
        await context.SaveChangesAsync();
        return sample.Id;
    }

    private static CotVote Vote(string teacher, string label, bool agrees, DateTime at) =>
        new()
        {
            Teacher = teacher,
            Model = teacher,
            Label = label,
            Agrees = agrees,
            Seconds = 1.2,
            CreatedAt = at,
        };
}
