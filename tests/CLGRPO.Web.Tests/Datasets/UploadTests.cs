using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>Uploads as programs and strangers send them: parts, breaks, lies.</summary>
[Collection(nameof(DatasetSite))]
public sealed class UploadTests(DatasetSite site)
{
    private const string Uploads = UploadRest.Path;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "A-UP-1")]
    public async Task Upload_CutOffAndSiteRestarted_GoesOnWhereItWas()
    {
        var version = DatasetVersion.Open(VersionFolders.List(site.Root).Last(one => one.Name == "emoscenes").Path);
        var (zip, good) = Archives.WithBadRows(version, 24);
        string id;
        using (var client = site.Client())
        {
            id = await UploadRest.Announce(client, zip.Length);
            using var first = await UploadRest.Send(client, id, 0, zip[..5000]);
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            using var wrongPlace = await UploadRest.Send(client, id, 1, zip[1..100]);
            Assert.Equal(HttpStatusCode.Conflict, wrongPlace.StatusCode);
            Assert.Equal(5000, (await UploadRest.Json(wrongPlace)).GetProperty("offset").GetInt64());
            using var damaged = await UploadRest.Send(client, id, 5000, zip[5000..6000], new byte[32]);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, damaged.StatusCode);
            using var early = await client.PostAsJsonAsync(
                "/api/v1/datasets/imports",
                new { upload = id, dataset = "early" },
                Stop
            );
            Assert.Equal(HttpStatusCode.Conflict, early.StatusCode);
        }

        await site.Restart(kill: true);

        using var after = site.Client();
        var here = await after.GetFromJsonAsync<JsonElement>($"{Uploads}/{id}", Stop);
        Assert.Equal(5000, here.GetProperty("offset").GetInt64());
        using var rest = await UploadRest.Send(after, id, 5000, zip[5000..], SHA256.HashData(zip.AsSpan(5000)));
        Assert.Equal(zip.Length, (await UploadRest.Json(rest)).GetProperty("offset").GetInt64());
        var job = await UploadRest.Import(after, id, "resumed");
        Assert.Equal("completed", job.GetProperty("state").GetString());
        Assert.Equal(good, job.GetProperty("result").GetProperty("imported").GetInt32());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.State, "uploads")));
    }

    [Theory]
    [Trait("Id", "A-UP-1")]
    [InlineData(0, HttpStatusCode.BadRequest)]
    [InlineData((32 << 20) + 1, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(long.MaxValue, HttpStatusCode.RequestEntityTooLarge)]
    public async Task Upload_OfAnImpossibleSize_IsRefusedBeforeAByte(long length, HttpStatusCode expected)
    {
        using var client = site.Client();
        using var answer = await client.PostAsJsonAsync(Uploads, new { name = "a.zip", length }, Stop);
        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    [Trait("Id", "A-UP-2")]
    public async Task Upload_OfWhatIsNoZip_IsRefusedAndGone()
    {
        using var client = site.Client();
        foreach (
            var bytes in (byte[][])
                ["MZ\x90 not a zip"u8.ToArray(), "<html>"u8.ToArray(), [0x89, 0x50, 0x4E, 0x47, 13, 10]]
        )
        {
            var id = await UploadRest.Announce(client, bytes.Length);
            using var answer = await UploadRest.Send(client, id, 0, bytes);
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
            using var gone = await client.GetAsync($"{Uploads}/{id}", Stop);
            Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        }
    }

    [Fact]
    [Trait("Id", "A-UP-1")]
    public async Task Upload_OfMoreThanAnnounced_IsTakenBack()
    {
        using var client = site.Client();
        var zip = Archives.Of(("awe/a.png", new byte[100]));
        var id = await UploadRest.Announce(client, 50);
        using var answer = await UploadRest.Send(client, id, 0, zip);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        var here = await client.GetFromJsonAsync<JsonElement>($"{Uploads}/{id}", Stop);
        Assert.Equal(0, here.GetProperty("offset").GetInt64());
        using var deleted = await client.DeleteAsync($"{Uploads}/{id}", Stop);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    [Theory]
    [Trait("Id", "A-ZIP-1")]
    [InlineData("../../evil.png", "lead out")]
    [InlineData("/etc/evil.png", "lead out")]
    [InlineData("..\\evil.png", "lead out")]
    [InlineData("C:/evil.png", "lead out")]
    public async Task Import_OfNamesThatLeadOut_FailsAndLeavesNothing(string name, string expected)
    {
        using var client = site.Client();
        var job = await UploadRest.ImportOf(client, Archives.Of((name, new byte[10]), ("awe/a.png", new byte[10])));
        Assert.Equal("failed", job.GetProperty("state").GetString());
        Assert.Contains(expected, job.GetProperty("failure").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(site.State, job.GetRawText(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.State, "uploads")));
    }

    [Fact]
    [Trait("Id", "A-ZIP-2")]
    public async Task Import_OfAZipBomb_FailsAndLeavesNothing()
    {
        using var client = site.Client();
        var job = await UploadRest.ImportOf(client, Archives.Bomb());
        Assert.Equal("failed", job.GetProperty("state").GetString());
        Assert.Contains("inflates", job.GetProperty("failure").GetString(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.State, "uploads")));
    }

    [Theory]
    [Trait("Id", "A-PATH-1")]
    [InlineData("../../etc/passwd")]
    [InlineData("%2e%2e%2f")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    [InlineData("CON")]
    public async Task Ids_OfNothing_AreNotFound(string id)
    {
        using var client = site.Client();
        using var upload = await client.GetAsync($"{Uploads}/{Uri.EscapeDataString(id)}", Stop);
        Assert.Equal(HttpStatusCode.NotFound, upload.StatusCode);
        using var picture = await client.GetAsync($"/api/v1/datasets/images/{Uri.EscapeDataString(id)}", Stop);
        Assert.Equal(HttpStatusCode.NotFound, picture.StatusCode);
        using var import = await client.PostAsJsonAsync("/api/v1/datasets/imports", new { source = id }, Stop);
        Assert.Equal(HttpStatusCode.NotFound, import.StatusCode);
    }

    [Theory]
    [Trait("Id", "A-IDOR-3")]
    [InlineData("filter=User.PasswordHash")]
    [InlineData("split=everything")]
    [InlineData("range=brightness:NaN..1")]
    [InlineData("attribute=nothing")]
    [InlineData("limit=100000")]
    public async Task Samples_OfAFilterThatIsNone_AreRefused(string query)
    {
        using var client = site.Client();
        using var answer = await client.GetAsync($"/api/v1/datasets/{site.Dataset}/samples?{query}", Stop);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    [Trait("Id", "A-XSS-4")]
    public async Task Picture_AskedFor_IsOnlyAPicture()
    {
        using var client = site.Client();
        var list = await client.GetFromJsonAsync<JsonElement>($"/api/v1/datasets/{site.Dataset}/samples?limit=2", Stop);
        var hash = list.GetProperty("items")[0].GetProperty("image").GetString();
        using var answer = await client.GetAsync($"/api/v1/datasets/images/{hash}/thumbnail", Stop);
        Assert.Equal("image/png", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(
            "default-src 'none'; sandbox",
            string.Join("", answer.Headers.GetValues("Content-Security-Policy"))
        );
        Assert.Equal("nosniff", string.Join("", answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.True(answer.Headers.CacheControl!.Private);
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/datasets/images/{hash}/thumbnail");
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        using var same = await client.SendAsync(again, Stop);
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        var next = await client.GetFromJsonAsync<JsonElement>(
            $"/api/v1/datasets/{site.Dataset}/samples?limit=2&after={list.GetProperty("next").GetInt64()}",
            Stop
        );
        Assert.NotEqual(
            list.GetProperty("items")[1].GetProperty("id").GetInt64(),
            next.GetProperty("items")[0].GetProperty("id").GetInt64()
        );
    }
}
