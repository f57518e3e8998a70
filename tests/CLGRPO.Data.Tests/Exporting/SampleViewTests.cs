using System.Text.Json;
using CLGRPO.Data.Browsing;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Exporting;
using CLGRPO.Data.Files;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Browsing;
using CLGRPO.Data.Tests.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Exporting;

public sealed class SampleViewTests
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-CSV-2")]
    public async Task Write_AView_HoldsWhatFitsWithTheTextThatFreezingTakesFirst(Database database)
    {
        using var browsed = await Open(database);
        var target = browsed.Store.In("out");
        var filter = new SampleFilter { Splits = [Split.Train, Split.Test, null] };

        await Write(browsed, filter, SampleOrder.Newest, ExportFormat.Jsonl, target);

        Assert.Equal(
            ["dataset.json", "samples.jsonl"],
            Directory.EnumerateFiles(target).Select(file => Path.GetFileName(file)!).Order()
        );
        var rows = (await File.ReadAllLinesAsync(Path.Combine(target, "samples.jsonl"), Stop))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal(["a7", "a6", "a5", "a3", "a2", "a1"], rows.Select(row => Text(row, "id")));
        Assert.Equal(["train", null, "test", "train", "train", "train"], rows.Select(row => Text(row, "split")));
        // What no reviewer has seen says so.
        Assert.Equal([null, null, null, "accepted", "edited", "pending"], rows.Select(row => Text(row, "review")));
        Assert.Equal([null, null, "g", null, "g", null], rows.Select(row => Text(row, "group")));
        Assert.Equal([null, null, null, "t2", "t1 (edited)", "t1"], rows.Select(row => Text(row, "teacher")));
        Assert.Equal("better", Text(rows[4], "completion"));
        Assert.Equal("[]", rows[1].GetProperty("attributes").GetProperty("scene").GetRawText());
        Assert.False(rows[0].GetProperty("attributes").TryGetProperty("scene", out _));
        var info = DatasetJson.ReadInfo(await File.ReadAllBytesAsync(Path.Combine(target, "dataset.json"), Stop), []);
        Assert.Equal(new SplitCounts(4, 0, 1), info!.Counts);
    }

    [Fact]
    public async Task Write_SameViewOfBothDatabases_SameBytes()
    {
        using var sqlite = await Open(Database.Sqlite);
        using var postgres = await Open(Database.Postgres);
        foreach (var format in Enum.GetValues<ExportFormat>())
        {
            var (one, other) = (sqlite.Store.In($"{format}"), postgres.Store.In($"{format}"));
            await Write(sqlite, new(), SampleOrder.Imported, format, one);
            await Write(postgres, new(), SampleOrder.Imported, format, other);
            Assert.All(
                Directory.EnumerateFiles(one),
                file =>
                    Assert.Equal(
                        File.ReadAllBytes(file),
                        File.ReadAllBytes(Path.Combine(other, Path.GetFileName(file)))
                    )
            );
        }
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-CSV-1")]
    public async Task Write_ViewWithPictures_ComesBackByAnImport(Database database)
    {
        using var browsed = await Open(database);
        var target = browsed.Store.In("out");
        await Write(browsed, new(), SampleOrder.Imported, ExportFormat.Jsonl, target, images: true);
        using var back = new TestStore(Database.Sqlite);

        var import = await new Importer(back.Factory, back.Root).Run(
            new ImportRequest(target, "back", "test"),
            progress: null,
            Stop
        );

        Assert.Equal((7, 0, 0), (import.Imported, import.Duplicates, import.Problems));
        await using var context = back.Context();
        var samples = await context
            .Samples.Include(s => s.Records)
            .Include(s => s.Attributes)
            .OrderBy(s => s.Key)
            .ToListAsync(Stop);
        Assert.Equal(
            [Split.Train, Split.Train, Split.Train, Split.Validation, Split.Test, null, Split.Train],
            samples.Select(s => s.Split)
        );
        // What looks like a formula is the same text as before.
        Assert.Equal("<think>Sunny SEA, =1+1</think><answer>joy</answer>", samples[0].Records.Single().Completion);
        Assert.Equal([2, 2, 1, 2, 1, 1, 0], samples.Select(s => s.Attributes.Count));
    }

    [Theory]
    [Trait("Id", "A-CSV-1")]
    [InlineData("=1+1", "\"'=1+1\"")]
    [InlineData("+1", "\"'+1\"")]
    [InlineData("-1", "\"'-1\"")]
    [InlineData("@SUM(A1)", "\"'@SUM(A1)\"")]
    [InlineData("\t=1", "\"'\t=1\"")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData("＝1", "\"'＝1\"")]
    [InlineData("＋1", "\"'＋1\"")]
    [InlineData("－1", "\"'－1\"")]
    [InlineData("＠1", "\"'＠1\"")]
    [InlineData("a;b\tc,d", "\"a;b\tc,d\"")]
    [InlineData("say \"hi\",\r\n=2", "\"say \"\"hi\"\",\r\n=2\"")]
    [InlineData("{\"a\": 1}", "\"{\"\"a\"\": 1}\"")]
    [InlineData("", "\"\"")]
    public void Cell_OfATable_IsNeverAFormula(string text, string expected) =>
        Assert.Equal(expected, CsvWriter.Cell(text));

    [Fact]
    [Trait("Id", "A-CSV-1")]
    public async Task Write_AsCsv_QuotesEveryCellAndTellsSplitAndReview()
    {
        using var browsed = await Open(Database.Sqlite);
        var target = browsed.Store.In("out");

        await Write(
            browsed,
            new() { Labels = ["joy"], Splits = [Split.Train] },
            SampleOrder.Imported,
            ExportFormat.Csv,
            target
        );

        var lines = await File.ReadAllLinesAsync(Path.Combine(target, "samples.csv"), Stop);
        Assert.Equal(
            "\"id\",\"image\",\"label\",\"split\",\"review\",\"scene\",\"brightness\",\"completion\",\"teacher\"",
            lines[0]
        );
        Assert.Equal(3, lines.Length);
        Assert.Contains(
            "\"train\",\"pending\",\"beach\",\"0.1\",\"<think>Sunny SEA, =1+1</think><answer>joy</answer>\",\"t1\"",
            lines[1],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Open_NothingOfThatName_Throws()
    {
        using var browsed = await Open(Database.Sqlite);
        await Assert.ThrowsAsync<KeyNotFoundException>(() =>
            SampleView.Open(browsed.Store.Factory, browsed.Store.Root, 99, new(), SampleOrder.Imported, "", Stop)
        );
    }

    private static string? Text(JsonElement row, string name) =>
        row.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static async Task Write(
        BrowsedStore browsed,
        SampleFilter filter,
        SampleOrder order,
        ExportFormat format,
        string target,
        bool images = false
    )
    {
        await using var view = await SampleView.Open(
            browsed.Store.Factory,
            browsed.Store.Root,
            browsed.Dataset,
            filter,
            order,
            "words",
            Stop
        );
        await DatasetExport.Write(view.Source, format, target, images, Stop);
    }

    private static async Task<BrowsedStore> Open(Database database)
    {
        var browsed = await BrowsedStore.Open(database);
        browsed.PutPictures([.. browsed.Ids.Keys]);
        return browsed;
    }
}
