using System.Buffers.Binary;
using System.Globalization;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Reviews;
using CLGRPO.Web.Tests.Browser;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Reviews;

/// <summary>The real site over a store with pictures and chains of thought to judge; it can be killed and started again.</summary>
internal sealed class ReviewLab : IAsyncDisposable
{
    public const string DatasetName = "emoscenes";
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _settings;
    private readonly ApiKeys _keys;
    private readonly Invitations _invitations;

    private ReviewLab(Dictionary<string, string>? settings)
    {
        _settings = settings ?? new(StringComparer.Ordinal);
        Root = Path.Combine(_folder.Path, "datasets");
        Directory.CreateDirectory(Root);
        Store = StoreFactory.Open(new StoreOptions(Path.Combine(Root, "clgrpo.db")));
        Writes = new ReviewWrites(Store);
        var accounts = new AccountContextFactory(Store);
        var audit = new Audit(Store, TimeProvider.System);
        _keys = new ApiKeys(accounts, audit, TimeProvider.System);
        _invitations = new Invitations(accounts, scopes: null!, audit, TimeProvider.System);
    }

    public StoreFactory Store { get; }
    public ReviewWrites Writes { get; }
    public SiteProcess Site { get; private set; } = null!;
    public long Dataset { get; private set; }
    private string Root { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="pictures">Of EmoScenes, each with a chain of thought of the rule teacher and three votes.</param>
    /// <param name="copies">Records per picture.</param>
    public static async Task<ReviewLab> Open(int pictures, int copies = 1, Dictionary<string, string>? settings = null)
    {
        var lab = new ReviewLab(settings);
        lab.Fill(pictures, copies);
        lab.Site = await SiteProcess.Start(lab._folder.Path, lab._settings);
        await lab.Site.FirstAdminLink; // its making ends all other invitations
        return lab;
    }

    public async Task<ReviewBatch> AddBatch(ReviewBatchPlan plan)
    {
        var (batch, _) = await new ReviewBatches(Writes, TimeProvider.System).Create(Dataset, plan, "lead", Stop);
        return batch;
    }

    /// <summary>A person with an account and a window of their own.</summary>
    public async Task<Visitor> Join(
        IBrowser browser,
        string name,
        string role = Roles.Annotator,
        string theme = "light",
        int width = 1440
    )
    {
        var path = await _invitations.Create(role, 1, "test", Stop);
        var visitor = await Visitor.Open(browser, Site.Address, theme, width);
        await visitor.Join(new Uri(Site.Address, path).ToString(), name, BrowserFixture.Password);
        return visitor;
    }

    /// <summary>A program with a key of its own; it judges as <c>key:name</c>.</summary>
    public async Task<HttpClient> Program(string name, params string[] scopes)
    {
        var key = await _keys.Create(
            name,
            scopes.Length > 0 ? scopes : [ReviewScopes.Read, ReviewScopes.Write],
            1,
            "test",
            Stop
        );
        var client = new HttpClient { BaseAddress = Site.Address };
        client.DefaultRequestHeaders.Add("x-api-key", key.Text);
        return client;
    }

    /// <summary>kill -9, and a start on the same port.</summary>
    public async Task Restart()
    {
        var port = Site.Address.Port;
        await Site.Kill();
        await Site.DisposeAsync();
        Site = await SiteProcess.Start(_folder.Path, _settings, port);
    }

    public async ValueTask DisposeAsync()
    {
        if (Site is not null)
            await Site.DisposeAsync();
        Writes.Dispose();
        Store.Dispose();
        _folder.Dispose();
    }

    private void Fill(int pictures, int copies)
    {
        var version = EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = pictures,
                Validation = 8,
                Test = 8,
            },
            Root
        );
        using var context = Store.CreateDbContext();
        var dataset = new StoredDataset
        {
            Name = DatasetName,
            Question = version.Info.Question,
            Labels = [.. version.Info.Labels],
            Licence = version.Info.Licence,
            Source = "EmoScenes",
            CreatedAt = DateTime.UtcNow,
        };
        context.Add(dataset);
        var values = AddVocabulary(context, version.Info, dataset);
        context.SaveChanges();
        Dataset = dataset.Id;
        context.ChangeTracker.AutoDetectChangesEnabled = false;
        foreach (var (i, sample) in version.Train.Index())
            context.Add(Stored(version, sample, i, copies, values));
        context.SaveChanges();
    }

    private static Dictionary<(string, string), AttributeValue> AddVocabulary(
        StoreContext context,
        DatasetInfo info,
        StoredDataset dataset
    )
    {
        context.SaveChanges();
        var values = info
            .Attributes.SelectMany(
                (attribute, a) =>
                    attribute.Values.Select(
                        (value, v) =>
                            new AttributeValue
                            {
                                DatasetId = dataset.Id,
                                Attribute = attribute.Name,
                                AttributeOrder = a,
                                Value = value,
                                ValueOrder = v,
                            }
                    )
            )
            .ToDictionary(value => (value.Attribute, value.Value!));
        context.AddRange(values.Values);
        return values;
    }

    private StoredSample Stored(
        DatasetVersion version,
        Sample sample,
        int i,
        int copies,
        Dictionary<(string, string), AttributeValue> values
    )
    {
        var (width, height) = SizeOf(version.ImagePath(sample));
        return new StoredSample
        {
            DatasetId = Dataset,
            Key = sample.Id,
            KeyFolded = SampleKeys.Fold(sample.Id),
            Image = sample.Image,
            Width = width,
            Height = height,
            Label = sample.Label,
            Split = Split.Train,
            Attributes =
            [
                .. sample
                    .Attributes.SelectMany(pair => pair.Value.Select(value => (pair.Key, value)))
                    .Where(values.ContainsKey)
                    .Select(pair => new SampleValue { ValueId = values[pair].Id }),
            ],
            Records = [.. Enumerable.Range(0, copies).Select(copy => Record(sample, version.Info, i, copy))],
        };
    }

    private static CotRecord Record(Sample sample, DatasetInfo info, int i, int copy)
    {
        var other = info.Labels[(info.Labels.ToList().IndexOf(sample.Label) + 3) % info.Labels.Count];
        return new CotRecord
        {
            Teacher = "rule",
            Model = "",
            Attempt = copy,
            Completion = sample.Completion!,
            State = CotState.Accepted,
            Agreement = i % 3 == 0 ? 2.0 / 3 : 1,
            CreatedAt = DateTime.UtcNow,
            Votes =
            [
                .. Enumerable
                    .Range(0, 3)
                    .Select(vote => new CotVote
                    {
                        Teacher = string.Create(CultureInfo.InvariantCulture, $"verifier-{vote}"),
                        Model = "",
                        Label = vote == 2 && i % 3 == 0 ? other : sample.Label,
                        Agrees = vote < 2 || i % 3 != 0,
                    }),
            ],
        };
    }

    // The header of a PNG.
    private static (int Width, int Height) SizeOf(string path)
    {
        Span<byte> head = stackalloc byte[24];
        using var file = File.OpenHandle(path);
        RandomAccess.Read(file, head, 0);
        return (BinaryPrimitives.ReadInt32BigEndian(head[16..]), BinaryPrimitives.ReadInt32BigEndian(head[20..]));
    }
}
