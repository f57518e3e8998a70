using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>Uploads that break off, imports that are stopped, folders of the server, and what belongs to others.</summary>
[Collection(nameof(DatasetSite))]
public sealed class ImportSourceTests(DatasetSite site)
{
    private const string Api = "/api/v1/datasets";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Id", "A-UP-1")]
    public async Task Upload_BrokenOffInTheMiddleOfAPart_KeepsWhatCameAndGoesOn()
    {
        var zip = Archives.Of([
            .. Enumerable
                .Range(0, 30)
                .Select(i => ($"{(i % 2 == 0 ? "awe" : "fear")}/{i}.png", HostileImportTests.Picture(100 + i))),
        ]);
        using var client = await site.Program("breaks-off", "datasets:read", "datasets:write");
        var id = await UploadRest.Announce(client, zip.Length);
        var half = zip.Length / 2;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));

        using (await BeginPart(client, id, zip.Length, zip[..half]))
        {
            while (await Offset(client, id, deadline.Token) < half)
                await Task.Delay(20, deadline.Token);
        }

        // Until the site has seen that nobody is there any more, the part holds the file.
        HttpStatusCode answer;
        do
        {
            using var rest = await UploadRest.Send(client, id, half, zip[half..]);
            answer = rest.StatusCode;
        } while (answer == HttpStatusCode.Conflict && await Offset(client, id, deadline.Token) == half);
        Assert.Equal(HttpStatusCode.OK, answer);
        var job = await UploadRest.Import(client, id, "broken-off");
        Assert.Equal(30, job.GetProperty("result").GetProperty("imported").GetInt32());
    }

    [Fact]
    [Trait("Id", "A-UP-1")]
    public async Task Cancel_OfARunningAndOfAWaitingImport_KeepsWhatIsCommittedAndNoUpload()
    {
        // Many times as many as are taken while one asks for its cancellation.
        const int Pictures = 60_000;
        var large = Archives.Of([
            .. Enumerable
                .Range(0, Pictures)
                .Select(i => ($"{(i % 2 == 0 ? "awe" : "fear")}/{i:D6}.png", HostileImportTests.Picture(1000 + i))),
        ]);
        using var client = await site.Program("cancels", "datasets:read", "datasets:write");
        var first = await UploadRest.Upload(client, large);
        var second = await UploadRest.Upload(client, Archives.Of(("awe/a.png", HostileImportTests.Picture(1))));
        var running = await UploadRest.Begin(client, $"{Api}/imports", new { upload = first, dataset = "cancelled" });
        var waiting = await UploadRest.Begin(client, $"{Api}/imports", new { upload = second, dataset = "never" });
        await UploadRest.Until(client, running, job => job.GetProperty("done").GetInt64() > 0);

        using var ended = await client.PostAsync($"{Api}/jobs/{waiting}/cancel", content: null, Stop);
        using var stopped = await client.PostAsync($"{Api}/jobs/{running}/cancel", content: null, Stop);

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (ended.StatusCode, stopped.StatusCode));
        Assert.Equal("cancelled", (await UploadRest.Over(client, running)).GetProperty("state").GetString());
        Assert.Equal("cancelled", (await UploadRest.Over(client, waiting)).GetProperty("state").GetString());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.State, "uploads")));
        var sets = (await client.GetFromJsonAsync<JsonElement>($"{Api}?limit=500", Stop))
            .GetProperty("items")
            .EnumerateArray()
            .ToList();
        Assert.DoesNotContain(sets, set => set.GetProperty("name").GetString() == "never");
        var set = sets.Single(set => set.GetProperty("name").GetString() == "cancelled");
        var import = (
            await client.GetFromJsonAsync<JsonElement>($"{Api}/{set.GetProperty("id").GetInt64()}/imports", Stop)
        ).GetProperty("items")[0];
        Assert.Equal("paused", import.GetProperty("state").GetString());
        Assert.Equal(set.GetProperty("samples").GetInt64(), import.GetProperty("imported").GetInt64());
        Assert.InRange(set.GetProperty("samples").GetInt32(), 0, Pictures - 1);
        using var twice = await client.PostAsync($"{Api}/jobs/{running}/cancel", content: null, Stop);
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
    }

    [Fact]
    [Trait("Id", "A-PATH-1")]
    public async Task Sources_OnTheServer_AreWhatLiesInAllowedFoldersAndNothingElse()
    {
        var outside = Directory.CreateDirectory(Path.Combine(site.Allowed, "..", "outside")).FullName;
        await Write(Path.Combine(outside, "awe", "secret.png"), 201);
        var folder = Path.Combine(site.Allowed, "pictures");
        await Write(Path.Combine(folder, "awe", "1.png"), 202);
        await Write(Path.Combine(folder, "fear", "2.png"), 203);
        await Write(Path.Combine(site.Allowed, ".hidden", "awe", "3.png"), 204);
        await File.WriteAllBytesAsync(
            Path.Combine(site.Allowed, "archive.zip"),
            Archives.Of(
                ("awe/4.png", HostileImportTests.Picture(205)),
                ("fear/5.png", HostileImportTests.Picture(206))
            ),
            Stop
        );
        await File.WriteAllTextAsync(Path.Combine(site.Allowed, "notes.txt"), "no source", Stop);
        // Whoever can write there may try to lead out.
        Directory.CreateSymbolicLink(Path.Combine(site.Allowed, "leads-out"), outside);
        File.CreateSymbolicLink(
            Path.Combine(folder, "fear", "leads-out.png"),
            Path.Combine(outside, "awe", "secret.png")
        );
        using var client = site.Client();

        var sources = (await client.GetFromJsonAsync<JsonElement>($"{Api}/sources", Stop)).EnumerateArray().ToList();

        Assert.Equal(
            ["archive.zip", "pictures"],
            sources
                .Where(source => source.GetProperty("kind").GetString() != "version")
                .Select(source => source.GetProperty("name").GetString()!)
                .Order()
        );
        Assert.DoesNotContain(site.Allowed, JsonSerializer.Serialize(sources), StringComparison.Ordinal);
        foreach (
            var path in (string[])
                [
                    outside,
                    Path.Combine(site.Allowed, "leads-out"),
                    $"{site.Allowed}/../outside",
                    $"{site.Allowed}-evil",
                    "/etc",
                ]
        )
        {
            // Neither the path itself nor what its id would be.
            var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..24];
            foreach (var asked in (string[])[path, id])
            {
                using var refused = await client.PostAsJsonAsync(
                    $"{Api}/imports",
                    new { source = asked, dataset = "outside" },
                    Stop
                );
                Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
            }
        }
        foreach (var (name, good) in new[] { ("pictures", 2), ("archive.zip", 2) })
        {
            var id = sources
                .Single(source => source.GetProperty("name").GetString() == name)
                .GetProperty("id")
                .GetString();
            var job = await UploadRest.Over(
                client,
                await UploadRest.Begin(client, $"{Api}/imports", new { source = id, dataset = $"from-{name}" })
            );
            Assert.Equal(good, job.GetProperty("result").GetProperty("imported").GetInt32());
        }
        Assert.True(Directory.Exists(folder), "a source on the server stays");
        Assert.False(
            File.Exists(
                Path.Combine(
                    site.Root,
                    "blobs",
                    Convert.ToHexStringLower(SHA256.HashData(HostileImportTests.Picture(201)))
                )
            )
        );
    }

    [Fact]
    [Trait("Id", "A-IDOR-1")]
    [Trait("Id", "A-CSV-2")]
    public async Task UploadsAndExports_OfOthers_AreNotThere()
    {
        using var owner = await site.Program("owner", "datasets:read", "datasets:write");
        using var other = await site.Program("other", "datasets:read", "datasets:write");
        using var reader = await site.Program("reader", "datasets:read");
        var upload = await UploadRest.Announce(owner, 1000);
        var path = $"{Api}/{site.Dataset}/samples/export?label=awe&review=pending";
        var export = await UploadRest.Over(owner, await UploadRest.Begin(owner, path, new { format = "csv" }));
        var file = $"{Api}/jobs/{export.GetProperty("id").GetInt64()}/file";

        foreach (var stranger in (HttpClient[])[other, reader])
        {
            using var download = await stranger.GetAsync(file, Stop);
            Assert.Equal(HttpStatusCode.NotFound, download.StatusCode);
        }
        using var seen = await other.GetAsync($"{UploadRest.Path}/{upload}", Stop);
        using var added = await UploadRest.Send(other, upload, 0, new byte[10]);
        using var deleted = await other.DeleteAsync($"{UploadRest.Path}/{upload}", Stop);
        using var imported = await other.PostAsJsonAsync($"{Api}/imports", new { upload, dataset = "stolen" }, Stop);
        Assert.All(
            (HttpResponseMessage[])[seen, added, deleted, imported],
            answer => Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode)
        );
        Assert.Equal(0, (await other.GetFromJsonAsync<JsonElement>(UploadRest.Path, Stop)).GetArrayLength());
        using var forbidden = await reader.PostAsJsonAsync(path, new { format = "csv" }, Stop);
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);

        using var own = await owner.GetAsync(file, Stop);
        Assert.Equal("application/zip", own.Content.Headers.ContentType?.MediaType);
        Assert.Equal("attachment", own.Content.Headers.ContentDisposition?.DispositionType);
        using var gone = await owner.DeleteAsync($"{UploadRest.Path}/{upload}", Stop);
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
    }

    private static async Task<long> Offset(HttpClient client, string id, CancellationToken stop) =>
        (await client.GetFromJsonAsync<JsonElement>($"{UploadRest.Path}/{id}", stop)).GetProperty("offset").GetInt64();

    /// <summary>Announces a part and sends some of it; disposing hangs up.</summary>
    private async Task<TcpClient> BeginPart(HttpClient client, string id, int announced, byte[] sent)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(site.Site.Address.Host, site.Site.Address.Port, Stop);
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"PATCH {UploadRest.Path}/{id} HTTP/1.1\r\nHost: {site.Site.Address.Authority}\r\nx-api-key: {client.DefaultRequestHeaders.GetValues("x-api-key").Single()}\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {announced}\r\n\r\n"
        );
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), Stop);
        await stream.WriteAsync(sent, Stop);
        await stream.FlushAsync(Stop);
        return socket;
    }

    private static async Task Write(string path, int number)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, HostileImportTests.Picture(number), Stop);
    }
}
