using System.Text;
using System.Text.Json;
using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class ReviewExportTests
{
    private static CancellationToken Stop => StoreRows.Stop;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-CSV-1")]
    public async Task Write_Csv_IsATableOfWhatStandsAndSafeInASpreadsheet(Database database)
    {
        using var desk = await ReviewDesk.Open(database, 3, new ReviewBatchPlan { Name = "twice", Overlap = 2 });
        var item = await desk.Next("ann");
        var said = desk.Say(Verdict.Edit, "=HYPERLINK(\"http://x\")") with
        {
            Ratings = new Dictionary<string, int> { ["leads"] = 4 },
            Comment = "@SUM(1), two\nlines",
            Guideline = 3,
            Seconds = 2.5,
        };
        await desk.Verdicts.Submit(item, "ann", said, Stop);
        await desk.Next("ben");
        await desk.Judge(item, "ben", Verdict.Reject);
        await desk.Verdicts.Decide(item, "lead", desk.Say(Verdict.Accept), Stop);
        await desk.Judge(await desk.Next("ann"), "ann", Verdict.Accept);
        await desk.Verdicts.Undo(desk.Batch, "ann", Stop);

        var lines = (await Write(desk, ReviewFormat.Csv)).Split("\r\n");

        Assert.Equal(
            "\"item\",\"record\",\"dataset\",\"sample\",\"image\",\"split\",\"label\",\"teacher\",\"model\",\"reviewer\",\"kind\",\"verdict\",\"reason\",\"faithful\",\"leads\",\"fluent\",\"comment\",\"reasoning\",\"edited\",\"guideline\",\"seconds\",\"at\"",
            lines[0]
        );
        Assert.Equal(5, lines.Length); // three stand, and the last line ends
        Assert.Contains("\"ann\",\"judgement\",\"edit\",\"\",\"\",\"4\",\"\",", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"'@SUM(1), two\nlines\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"'=HYPERLINK(\"\"http://x\"\")\",\"3\",\"2.5\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"ben\",\"judgement\",\"reject\",\"circular\"", lines[2], StringComparison.Ordinal);
        Assert.Contains("\"lead\",\"decision\",\"accept\"", lines[3], StringComparison.Ordinal);
    }

    // More items than are read at once.
    [Fact]
    public async Task Write_Jsonl_HoldsEveryReviewOnceItemByItem()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 450);
        var act = new BulkVerdict
        {
            Key = "many",
            Filter = new ReviewFilter(),
            Verdict = Verdict.Accept,
            Expected = 450,
        };
        await desk.Bulk.Judge(desk.Batch, "lead", act, Stop);

        var text = await Write(desk, ReviewFormat.Jsonl);

        var rows = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal(450, rows.Count);
        Assert.Equal(450, rows.Select(row => row.GetProperty("record").GetInt64()).Distinct().Count());
        Assert.Equal(rows.Select(Item).Order(), rows.Select(Item));
        Assert.Equal("bulk", rows[0].GetProperty("kind").GetString());
        Assert.Equal("accept", rows[0].GetProperty("verdict").GetString());
        Assert.Equal("Reasoning 0.", rows[0].GetProperty("reasoning").GetString());
        Assert.Equal(JsonValueKind.Null, rows[0].GetProperty("edited").ValueKind);

        static long Item(JsonElement row) => row.GetProperty("item").GetInt64();
    }

    [Fact]
    public async Task Write_NothingSaid_IsAnEmptyTable()
    {
        using var desk = await ReviewDesk.Open(Database.Sqlite, 1);

        Assert.Equal(2, (await Write(desk, ReviewFormat.Csv)).Split("\r\n").Length);
        Assert.Empty(await Write(desk, ReviewFormat.Jsonl));
    }

    private static async Task<string> Write(ReviewDesk desk, ReviewFormat format)
    {
        using var text = new MemoryStream();
        await ReviewExport.Write(desk.Store.Factory, desk.Batch, format, text, Stop);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
