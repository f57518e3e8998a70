using System.Diagnostics;
using System.Globalization;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Store;

public sealed class SampleBatchWriterTests(ITestOutputHelper output)
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Add_Sample_IsThereWithEverything(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var sample = StoreRows.Sample("a", Attributes(("scene", ["city"]), ("object", []))) with
        {
            Split = Split.Validation,
            Group = "family 👪",
            Completion = "<think>t</think><answer>joy</answer>",
            Teacher = "someone",
        };

        var results = await StoreRows.Add(store, dataset, [sample]);

        using var context = store.Context();
        var stored = context
            .Samples.Include(s => s.Records)
            .Include(s => s.Attributes)
                .ThenInclude(a => a.Value)
            .Single();
        Assert.Equal(new AddResult(AddOutcome.Added, stored.Id, null), Assert.Single(results));
        Assert.Equal(("a", "A", sample.Image), (stored.Key, stored.KeyFolded, stored.Image));
        Assert.Equal((64, 48, sample.Label), (stored.Width, stored.Height, stored.Label));
        Assert.Equal((Split.Validation, "family 👪"), (stored.Split, stored.Group));
        Assert.Equal(
            [("object", null), ("scene", "city")],
            stored.Attributes.Select(a => (a.Value!.Attribute, a.Value.Value)).Order()
        );
        var record = Assert.Single(stored.Records);
        Assert.Equal((sample.Completion, "someone"), (record.Completion, record.Teacher));
        Assert.Equal((CotState.Accepted, ReviewState.Pending), (record.State, record.Review));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-DATA-2")]
    public async Task Add_Clashes_ChangeNothingAndAreReported(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var import = StoreRows.AddImport(store, dataset);
        await using var writer = await Writer(store, dataset, import);
        var first = await writer.Add([StoreRows.Sample("a"), StoreRows.Sample("b")], [], 2, Stop);

        var results = await writer.Add(
            [
                StoreRows.Sample("a"),
                StoreRows.Sample("B") with
                {
                    File = "x.csv",
                    Line = 4,
                },
                StoreRows.Sample("c") with
                {
                    Image = StoreRows.ImageOf("a"),
                    File = "x.csv",
                    Line = 5,
                },
                StoreRows.Sample("d"),
                StoreRows.Sample("D") with
                {
                    File = "x.csv",
                    Line = 7,
                },
            ],
            [new("x.csv", 8, "no label")],
            cursor: 8,
            Stop
        );

        Assert.Equal(
            [AddOutcome.AlreadyThere, AddOutcome.SameKey, AddOutcome.SameImage, AddOutcome.Added, AddOutcome.SameKey],
            results.Select(result => result.Outcome)
        );
        Assert.Equal(["a", "b", "a", null, "d"], results.Select(result => result.Existing));
        Assert.Equal(first[0].SampleId, results[2].SampleId);
        using var context = store.Context();
        Assert.Equal(["a", "b", "d"], context.Samples.Select(sample => sample.Key).Order());
        var stored = context.Imports.Single();
        Assert.Equal((8L, 3L, 2L, 3L), (stored.Cursor, stored.Imported, stored.Duplicates, stored.Problems));
        Assert.Equal([4L, 5L, 7L, 8L], context.ImportProblems.Select(problem => problem.Line).Order());
        Assert.Contains(
            "already there as 'a'",
            context.ImportProblems.Single(problem => problem.Line == 5).Reason,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Add_SampleThatBreaksARule_AddsNothingOfTheBatch(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        await using var writer = await Writer(store, dataset, importId: null);
        var good = StoreRows.Sample("good");
        NewSample[] bad =
        [
            good with
            {
                Key = "../b",
            },
            good with
            {
                Key = "",
            },
            good with
            {
                Image = "ABC",
            },
            good with
            {
                Label = "'; DROP TABLE \"Samples\"; --",
            },
            good with
            {
                Completion = "text",
            },
            good with
            {
                Attributes = Attributes(("scene", ["moon"])),
            },
            good with
            {
                Attributes = Attributes(("weather", [])),
            },
        ];

        foreach (var sample in bad)
            await Assert.ThrowsAsync<ArgumentException>(() => writer.Add([StoreRows.Sample("a"), sample], [], 2, Stop));

        using var context = store.Context();
        Assert.Empty(context.Samples);
        Assert.Equal(AddOutcome.Added, (await writer.Add([good], [], 1, Stop))[0].Outcome);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Open_VocabularyTwice_AppendsOnlyWhatIsNew(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        await using (await Writer(store, dataset, importId: null)) { }

        await using (
            await SampleBatchWriter.Open(
                store.Factory,
                TimeProvider.System,
                dataset,
                importId: null,
                [new("weather", ["rain"]), new("scene", ["moon", "city"])],
                Stop
            )
        ) { }

        using var context = store.Context();
        var values = context
            .AttributeValues.Where(value => value.Value != null)
            .OrderBy(value => value.AttributeOrder)
            .ThenBy(value => value.ValueOrder)
            .Select(value => value.Attribute + "=" + value.Value);
        Assert.Equal(
            ["scene=beach", "scene=city", "scene=moon", "object=cat", "object=dog", "object=tree", "weather=rain"],
            values
        );
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Add_ByTwoWritersAtOnce_EverySampleOnce(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var samples = StoreRows.Samples(400);

        async Task<int> AddAll(IEnumerable<NewSample> order)
        {
            await using var writer = await Writer(store, dataset, importId: null);
            var count = 0;
            foreach (var batch in order.Chunk(40))
                count += (await writer.Add(batch, [], 0, Stop)).Count(result => result.Outcome == AddOutcome.Added);
            return count;
        }
        var added = await Task.WhenAll(
            Task.Run(() => AddAll(samples), Stop),
            Task.Run(() => AddAll(samples.Reverse()), Stop)
        );

        using var context = store.Context();
        Assert.Equal(400, context.Samples.Count());
        Assert.Equal(400, added.Sum());
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Add_Many_IsFast(Database database)
    {
        const int Count = 20_000;
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var vocabulary = Enumerable
            .Range(0, 8)
            .Select(a => new AttributeVocabulary($"a{a}", [.. Enumerable.Range(0, 20).Select(v => $"v{v}")]))
            .ToList();
        var samples = Enumerable.Range(0, Count).Select(i => WithAttributes(vocabulary, i)).ToList();
        await using var writer = await SampleBatchWriter.Open(
            store.Factory,
            TimeProvider.System,
            dataset,
            importId: null,
            vocabulary,
            Stop
        );

        var clock = Stopwatch.StartNew();
        foreach (var batch in samples.Chunk(5_000))
            await writer.Add(batch, [], 0, Stop);
        var rate = Count / clock.Elapsed.TotalSeconds;
        var plain = await PlainRate(store, samples.Take(1_000));

        output.WriteLine($"{database}: {rate:N0} samples/s with 8 attributes each; by EF Core alone {plain:N0}");
        Assert.True(rate > 2 * plain, $"{rate:N0} samples/s, by EF Core alone {plain:N0}");
    }

    /// <summary>The same rows through the context, in a data set of their own.</summary>
    private static async Task<double> PlainRate(TestStore store, IEnumerable<NewSample> samples)
    {
        var dataset = StoreRows.AddDataset(store, "plain");
        await using var context = store.Context();
        var values = Enumerable
            .Range(0, 8)
            .Select(a => new AttributeValue
            {
                DatasetId = dataset,
                Attribute = $"a{a}",
                Value = "v",
            })
            .ToList();
        context.AttributeValues.AddRange(values);
        await context.SaveChangesAsync(Stop);
        var rows = samples
            .Select(sample => new StoredSample
            {
                DatasetId = dataset,
                Key = sample.Key,
                KeyFolded = SampleKeys.Fold(sample.Key),
                Image = sample.Image,
                Label = sample.Label,
                Attributes = [.. values.Select(value => new SampleValue { ValueId = value.Id })],
            })
            .ToList();
        var clock = Stopwatch.StartNew();
        context.Samples.AddRange(rows);
        await context.SaveChangesAsync(Stop);
        return rows.Count / clock.Elapsed.TotalSeconds;
    }

    private static NewSample WithAttributes(List<AttributeVocabulary> vocabulary, int i) =>
        StoreRows.Sample(
            i.ToString("D6", CultureInfo.InvariantCulture),
            vocabulary.ToDictionary(
                attribute => attribute.Name,
                attribute => (IReadOnlyList<string>)[attribute.Values[i % attribute.Values.Count]],
                StringComparer.Ordinal
            )
        );

    private static Task<SampleBatchWriter> Writer(TestStore store, long dataset, long? importId) =>
        SampleBatchWriter.Open(store.Factory, TimeProvider.System, dataset, importId, StoreRows.Vocabulary, Stop);

    private static Dictionary<string, IReadOnlyList<string>> Attributes(
        params (string Name, IReadOnlyList<string> Values)[] attributes
    ) => attributes.ToDictionary(attribute => attribute.Name, attribute => attribute.Values, StringComparer.Ordinal);
}
