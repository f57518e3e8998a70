using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using CLGRPO.Data.Store;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Store;

public sealed class StoreTextTests
{
    private static readonly string[] Hostile =
    [
        "'; DROP TABLE \"Records\"; --",
        "\" OR 1=1 --",
        "$1 @p0 :p {0} ?",
        @"\'; \\ \x00 \u0000 E'\n'",
        "100%_off[a-z]",
        "\n2026 INFO admin logged in\r\n",
        "👩‍👩‍👧‍👦 𝒶 漢 ا\u202Eب e\u0301 \uFEFF",
        "<script>alert(1)</script>",
        " \t padded \t ",
        "",
        new string('x', 1 << 20),
    ];

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-DB-1")]
    public async Task HostileTexts_ComeBackAsTheyWereAndAreFoundByThemAlone(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var results = await StoreRows.Add(
            store,
            dataset,
            [.. StoreRows.Samples(Hostile.Length).Select((s, i) => s with { Group = Hostile[i] })]
        );
        using (var context = store.Context())
        {
            context.Records.AddRange(Hostile.Select((text, i) => Record(results[i].SampleId, text)));
            context.SaveChanges();
        }

        using var fresh = store.Context();
        foreach (var (text, result) in Hostile.Zip(results))
        {
            var record = fresh.Records.Include(r => r.Sample).Single(r => r.Completion == text);
            Assert.Equal(result.SampleId, record.SampleId);
            Assert.Equal((text, text, text), (record.Completion, record.RawReply, record.Sample!.Group));
            Assert.Equal(["a", text], record.Reasons);
            Assert.Equal(record.Id, fresh.Records.Single(r => r.Sample!.Group == text).Id);
            Assert.Equal(
                Hostile.Count(other => other.Contains(text, StringComparison.Ordinal)),
                fresh.Records.Count(r => r.Completion.Contains(text))
            );
        }
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    [Trait("Id", "A-DB-1")]
    public async Task TextsNoDatabaseHolds_BecomeReplacementCharacters(Database database)
    {
        using var store = new TestStore(database);
        var dataset = StoreRows.AddDataset(store);
        var id = (await StoreRows.Add(store, dataset, [StoreRows.Sample("a") with { Group = "g\0\uDC00" }]))[
            0
        ].SampleId;
        var text = "a\0b\uD83Dc\uDE00d😀\0";
        using (var context = store.Context())
        {
            context.Records.Add(Record(id, text));
            context.SaveChanges();
        }

        using var fresh = store.Context();
        var record = fresh.Records.Include(r => r.Sample).Single(r => r.Completion == text);
        Assert.Equal("a\uFFFDb\uFFFDc\uFFFDd😀\uFFFD", record.Completion);
        Assert.Equal("g\uFFFD\uFFFD", record.Sample!.Group);
    }

    [Fact]
    public void Clean_AnyText_IsUtf8WithoutNulAndKeepsTheRest() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<char[]>(),
                characters =>
                {
                    var text = new string(characters);
                    var cleaned = StoreText.Clean(text);
                    return cleaned.Length == text.Length
                        && !cleaned.Contains('\0', StringComparison.Ordinal)
                        && cleaned == System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(cleaned))
                        && text.Zip(cleaned).All(c => c.First == c.Second || c.First == 0 || char.IsSurrogate(c.First))
                        && StoreText.Clean(cleaned) == cleaned;
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    // Interpolated SQL becomes parameters; raw SQL from EF Core would not.
    [Fact]
    [Trait("Id", "A-DB-1")]
    public void Assembly_CallsNoRawSqlOfEfCore()
    {
        using var file = new PEReader(File.OpenRead(typeof(StoreContext).Assembly.Location));
        var metadata = file.GetMetadataReader();

        var names = metadata
            .MemberReferences.Select(handle => metadata.GetString(metadata.GetMemberReference(handle).Name))
            .ToHashSet(StringComparer.Ordinal);

        Assert.Contains("ExecuteUpdateAsync", names); // it reads what it is meant to
        Assert.DoesNotContain(
            names,
            name => name.Contains("SqlRaw", StringComparison.Ordinal) || name == "SqlQueryRaw"
        );
    }

    private static CotRecord Record(long sampleId, string text) =>
        new()
        {
            SampleId = sampleId,
            Teacher = "t",
            Model = "",
            Completion = text,
            RawReply = text,
            Reasons = ["a", text],
            CreatedAt = StoreRows.Now,
        };
}
