using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CLGRPO.Data.Tests.Images;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>Archives of strangers over the real site: what cannot be taken is named by file and line, and nothing of it stays.</summary>
[Collection(nameof(DatasetSite))]
public sealed class HostileImportTests(DatasetSite site)
{
    private const int Most = 5000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "A-IMG-1")]
    public async Task Import_OfPictureBombs_NamesEachAndTakesTheRest()
    {
        var cut = Picture(3)[..60];
        var damaged = Picture(4);
        damaged[^20] ^= 1;
        (string Name, byte[] Bytes, string Reason)[] bombs =
        [
            ("awe/1-tall.png", TestPng.Claim(1, 8_000_000), "1×8000000 pixels; at most 8192"),
            ("awe/2-square.png", TestPng.Claim(50_000, 50_000), "50000×50000 pixels"),
            ("awe/3-many.png", TestPng.Claim(8000, 4000), "at most 25000000 in all"),
            ("awe/4-thin.png", TestPng.Claim(510, 10), "at most 50 times the other"),
            ("awe/5-negative.png", TestPng.Claim(-1, -1), ""),
            (
                "awe/6-frames.png",
                TestPng.Make(1, 1, new byte[3], TestPng.Chunk("acTL", [0, 0, 39, 16, 0, 0, 0, 0])),
                ""
            ),
            ("awe/7-cut.png", cut, "damaged"),
            ("awe/8-damaged.png", damaged, "damaged"),
            ("fear/9-bitmap.png", [.. "BM"u8, .. new byte[33]], "not a PNG, JPEG or WebP"),
            ("fear/10-drawing.png", "<svg xmlns='http://www.w3.org/2000/svg'/>"u8.ToArray(), "not a PNG, JPEG or WebP"),
            ("fear/11-empty.png", [], ""),
        ];
        // Text that would inflate to a hundred megabytes is no part of the pixels: it is never looked at.
        var inflating = TestPng.Make(
            2,
            1,
            [1, 2, 3, 4, 5, 6],
            TestPng.Chunk("zTXt", [.. "n\0\0"u8, .. TestPng.Compress(new byte[100 << 20])])
        );
        var zip = Archives.Of([
            .. bombs.Select(bomb => (bomb.Name, bomb.Bytes)),
            ("awe/good.png", Picture(1)),
            ("fear/good.png", Picture(2)),
            ("fear/inflating.png", inflating),
        ]);
        using var client = site.Client();
        var before = PeakMemory();

        var job = await UploadRest.ImportOf(client, zip, "bombs");

        Assert.True(PeakMemory() - before < 200 << 20, $"It took {(PeakMemory() - before) >> 20} MiB.");
        Assert.Equal(3, job.GetProperty("result").GetProperty("imported").GetInt32());
        var problems = await UploadRest.Problems(client, job);
        Assert.Equal(bombs.Select(bomb => bomb.Name).Order(), problems.Select(problem => problem.File).Order());
        foreach (var (name, bytes, reason) in bombs)
        {
            var said = problems.Single(problem => problem.File == name).Reason;
            Assert.Contains(reason, said, StringComparison.Ordinal);
            Assert.DoesNotMatch("(?i)vips|libpng|spng|Exception", said);
            Assert.False(
                File.Exists(Path.Combine(site.Root, "blobs", Convert.ToHexStringLower(SHA256.HashData(bytes)))),
                name
            );
        }
        RequireNothingUploaded();
    }

    [Theory]
    [Trait("Id", "A-ZIP-1")]
    [Trait("Id", "A-ZIP-2")]
    [InlineData("link", "'awe/a.png' is no regular file")]
    [InlineData("twice", "two entries named 'AWE/A.png'")]
    [InlineData("encrypted", "'awe/a.png' is encrypted")]
    [InlineData("bomb", "'awe/zeros.png' inflates more than 100 times")]
    [InlineData("cut", "is no zip archive that can be read")]
    public async Task Import_OfAnArchiveThatLies_FailsWithTheEntryAndLeavesNothing(string kind, string reason)
    {
        using var client = site.Client();

        var job = await UploadRest.ImportOf(client, Lying(kind), $"lying-{kind}");

        Assert.Equal("failed", job.GetProperty("state").GetString());
        Assert.Contains(reason, job.GetProperty("failure").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(site.State, job.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain($"lying-{kind}", await Datasets(client));
        RequireNothingUploaded();
    }

    [Theory]
    [Trait("Id", "A-ZIP-2")]
    [InlineData(-1, "damaged or cut short")]
    [InlineData(1, "not as long as the archive says")]
    public async Task Import_OfAnEntryOfAnotherLengthThanItSays_NamesItAndTakesTheRest(int more, string reason)
    {
        using var client = site.Client();
        var picture = Picture(11);
        var zip = Archives.Of(("awe/good.png", Picture(12 + more)), ("fear/lies.png", picture));
        // Where the directory says how long the last entry is.
        var directory = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BitConverter.TryWriteBytes(zip.AsSpan(directory + 24), picture.Length + more);

        var job = await UploadRest.ImportOf(client, zip, $"lies-{more + 1}");

        Assert.Equal(1, job.GetProperty("result").GetProperty("imported").GetInt32());
        var (file, _, said) = Assert.Single(await UploadRest.Problems(client, job));
        Assert.Equal("fear/lies.png", file);
        Assert.Contains(reason, said, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-DATA-2")]
    [Trait("Id", "A-XSS-3")]
    [Trait("Id", "A-PATH-1")]
    public async Task Import_OfOversizedAndEvilTexts_NamesEachRowAndTakesTheRest()
    {
        string Row(
            string id,
            int picture,
            string label = "awe",
            object? attributes = null,
            string? completion = null,
            string? image = null
        ) =>
            JsonSerializer.Serialize(
                new
                {
                    id,
                    image = image ?? $"images/{picture}.png",
                    label,
                    attributes = attributes ?? new { scene = new[] { "beach" } },
                    completion,
                    teacher = completion is null ? null : "t",
                }
            );
        var random = new byte[1 << 20];
        new Random(1).NextBytes(random); // what compresses well would be refused as a bomb
        (string Line, string Reason)[] rows =
        [
            (Row("one", 1), ""),
            (Row(new string('x', 257), 2), "must be 1 to 256 letters"),
            (Row("../../etc/passwd", 3), "must be 1 to 256 letters"),
            (Row("ONE", 4), "the id 'ONE' is already used by 'one'"),
            (Row("label", 5, label: new string('y', 5000)), "the label 'yyy"),
            (Row("text", 6, completion: new string('z', 70_000)), "has 70000 characters; at most 65536"),
            (Row("value", 7, attributes: new { scene = new[] { new string('v', 300) } }), "unknown value"),
            (Row("line", 8, completion: Convert.ToBase64String(random)), "more than 1048576 characters"),
            ($"{{\"id\":\"deep\",\"x\":{new string('[', 100)}{new string(']', 100)}}}", "not valid JSON"),
            ("{\"id\":\"twice\",\"label\":\"awe\",\"label\":\"fear\",\"image\":\"images/9.png\"}", "not valid JSON"),
            ("\u0000\u202E not json", "not valid JSON"),
            (Row("path", 10, image: "../../../etc/passwd"), "is missing"),
            (Row("missing", 11, image: "images/nowhere.png"), "is missing"),
            (Row("two", 12, label: "fear"), ""),
        ];
        var zip = Archives.Of([
            ("rows.jsonl", Encoding.UTF8.GetBytes(string.Join('\n', rows.Select(row => row.Line)))),
            .. Enumerable.Range(1, 12).Select(i => ($"images/{i}.png", Picture(20 + i))),
        ]);
        using var client = site.Client();

        var job = await UploadRest.ImportOf(client, zip, "evil-texts");

        Assert.True(job.GetProperty("state").GetString() == "completed", job.GetRawText());
        Assert.Equal(2, job.GetProperty("result").GetProperty("imported").GetInt32());
        var problems = await UploadRest.Problems(client, job);
        var expected = rows.Index().Where(row => row.Item.Reason.Length > 0).ToList();
        Assert.Equal(expected.Select(row => row.Index + 1L), problems.Select(problem => problem.Line).Order());
        foreach (var (index, (_, reason)) in expected)
        {
            var problem = problems.Single(row => row.Line == index + 1);
            Assert.Equal("rows.jsonl", problem.File);
            Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
            Assert.True(problem.Reason.Length < 1000, "a report is to be read");
        }
        RequireNothingUploaded();
    }

    [Fact]
    [Trait("Id", "A-XSS-3")]
    public async Task Import_OfATableWithFreeText_IsRefusedAsAWholeAndLeavesNothing()
    {
        using var client = site.Client();
        var caption = new StringBuilder("path,label,caption\n");
        for (var i = 0; i <= Most; i++)
            caption.Append(CultureInfo.InvariantCulture, $"{i}.png,{(i % 2 == 0 ? "awe" : "fear")},text number {i}\n");
        var unclosed =
            $"path,label\n1.png,awe\n2.png,\"fear\n{Convert.ToHexString(RandomNumberGenerator.GetBytes(600_000))}";

        var many = await UploadRest.ImportOf(
            client,
            Archives.Of(("rows.csv", Encoding.UTF8.GetBytes(caption.ToString()))),
            "captions"
        );
        var open = await UploadRest.ImportOf(
            client,
            Archives.Of(("rows.csv", Encoding.UTF8.GetBytes(unclosed))),
            "unclosed"
        );

        Assert.Contains(
            $"'caption' has more than {Most} different values",
            many.GetProperty("failure").GetString(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "rows.csv: a cell of the row that begins on line 3",
            open.GetProperty("failure").GetString(),
            StringComparison.Ordinal
        );
        var there = await Datasets(client);
        Assert.DoesNotContain("captions", there);
        Assert.DoesNotContain("unclosed", there);
        RequireNothingUploaded();
    }

    private static byte[] Lying(string kind)
    {
        if (kind == "bomb")
            return Archives.Bomb();
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var name in kind == "twice" ? (string[])["awe/a.png", "AWE/A.png"] : ["awe/a.png", "fear/b.png"])
            {
                var entry = archive.CreateEntry(name);
                if (kind == "link" && name == "awe/a.png")
                    entry.ExternalAttributes = 0xA1FF << 16;
                using var stream = entry.Open();
                stream.Write(Picture(10));
            }
        }
        var bytes = memory.ToArray();
        if (kind == "encrypted")
            bytes[bytes.AsSpan().IndexOf("PK\u0001\u0002"u8) + 8] |= 1;
        return kind == "cut" ? bytes[..^30] : bytes;
    }

    /// <summary>A small picture, another for each number.</summary>
    internal static byte[] Picture(int number) =>
        TestPng.Make(
            4,
            4,
            [.. Enumerable.Range(0, 48).Select(i => (byte)((i * 5) + number))],
            TestPng.Chunk("tEXt", Encoding.ASCII.GetBytes($"n\0{number}"))
        );

    private static async Task<IReadOnlyList<string>> Datasets(HttpClient client) =>
        [
            .. (await client.GetFromJsonAsync<JsonElement>("/api/v1/datasets?limit=500", Stop))
                .GetProperty("items")
                .EnumerateArray()
                .Select(set => set.GetProperty("name").GetString()!),
        ];

    private void RequireNothingUploaded() =>
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.State, "uploads")));

    /// <summary>The most that the site ever held, bytes.</summary>
    private long PeakMemory() =>
        long.Parse(
            File.ReadLines($"/proc/{site.Site.Id}/status")
                .First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) << 10;
}
