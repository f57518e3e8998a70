using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>An import whose every text wants to be code; each page of the data set shows it as text.</summary>
[Collection(nameof(DatasetSite))]
public sealed class HostileTexts(DatasetSite site)
{
    private const string Script = "<script>window.hit=1</script>";
    private const string Picture = "\"><img src=x onerror=window.hit=1>";
    private const string Breaking = "</div></main><!-- <style>*{display:none}</style>";
    private const string Reasoning =
        "<think>right \u202Etfel\u202C \u200Bzero \u001b[31mred </think></section><svg onload=window.hit=1></svg> {{7*7}}</think><answer> awe</answer>";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "A-XSS-1")]
    [Trait("Id", "A-XSS-3")]
    public async Task Pages_OfADatasetOfHostileTexts_ShowThemAsText()
    {
        using var client = site.Client();
        var dataset = await Import(client);
        var list = await client.GetFromJsonAsync<JsonElement>($"/api/v1/datasets/{dataset}/samples", Stop);
        var sample = list.GetProperty("items")[0].GetProperty("id").GetInt64();
        var imports = await client.GetFromJsonAsync<JsonElement>($"/api/v1/datasets/{dataset}/imports", Stop);
        var import = imports.GetProperty("items")[0].GetProperty("id").GetInt64();
        await using var visitor = await site.Admin();
        var page = visitor.Page;
        (string Path, string Text)[] pages =
        [
            ("/datasets", "hostile-texts"),
            ($"/datasets/{dataset}", Script),
            (
                $"/datasets/{dataset}?label={Uri.EscapeDataString(Script)}&text={Uri.EscapeDataString(Picture)}",
                "No picture fits"
            ),
            ($"/datasets/{dataset}/statistics", Breaking),
            ($"/datasets/{dataset}/splits", Script),
            ($"/datasets/{dataset}/versions", Script),
            ($"/datasets/{dataset}/import?report={import}", "must be 1 to 256 letters"),
            ($"/datasets/{dataset}/samples/{sample}", Breaking),
        ];
        var wide = new List<string>();
        foreach (var (path, text) in pages)
        {
            await visitor.Go(path);
            await Expect(page.Locator("main")).ToContainTextAsync(text);
            await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            Assert.True(await page.EvaluateAsync<bool>("() => window.hit === undefined"), path);
            Assert.Equal(
                0,
                await page.Locator("main :is(script, iframe, style, img[src=x], svg[onload])").CountAsync()
            );
            Assert.True(await page.Locator("main h1").First.IsVisibleAsync(), path);
            if (await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth > innerWidth"))
                wide.Add(path);
        }
        Assert.Empty(wide); // nothing scrolls sideways
        Assert.Empty(visitor.Errors);
    }

    private static async Task<long> Import(HttpClient client)
    {
        string Row(string id, int picture, string label, string? completion = null) =>
            JsonSerializer.Serialize(
                new
                {
                    id,
                    image = $"{picture}.png",
                    label,
                    attributes = new Dictionary<string, string[]>(StringComparer.Ordinal)
                    {
                        [Breaking] = [Picture],
                        ["scene"] = [Script],
                    },
                    completion,
                    teacher = completion is null ? null : Picture,
                    group = Script,
                    split = "train",
                }
            );
        var rows = string.Join(
            '\n',
            Row("one", 1, Script, Reasoning),
            Row("two", 2, Picture, Reasoning),
            Row("three", 3, new string('w', 200)),
            Row(Script, 4, Script)
        );
        var upload = await UploadRest.Upload(
            client,
            Archives.Of([
                ("rows.jsonl", Encoding.UTF8.GetBytes(rows)),
                .. Enumerable.Range(1, 4).Select(i => ($"{i}.png", HostileImportTests.Picture(300 + i))),
            ])
        );
        var job = await UploadRest.Over(
            client,
            await UploadRest.Begin(
                client,
                "/api/v1/datasets/imports",
                new
                {
                    upload,
                    dataset = "hostile-texts",
                    question = Picture,
                    licence = Script,
                }
            )
        );
        Assert.Equal(3, job.GetProperty("result").GetProperty("imported").GetInt32());
        return job.GetProperty("datasetId").GetInt64();
    }
}
