using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>The REST of uploads, imports and other work on data sets, as a program uses it.</summary>
internal static class UploadRest
{
    public const string Path = "/api/v1/datasets/uploads";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<string> Announce(HttpClient client, long length)
    {
        using var answer = await client.PostAsJsonAsync(Path, new { name = "upload.zip", length }, Stop);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await Json(answer)).GetProperty("id").GetString()!;
    }

    public static async Task<HttpResponseMessage> Send(
        HttpClient client,
        string id,
        long offset,
        byte[] part,
        byte[]? hash = null
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"{Path}/{id}")
        {
            Content = new ByteArrayContent(part),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        request.Headers.Add("Upload-Offset", $"{offset}");
        if (hash is not null)
            request.Headers.Add("Upload-Sha256", Convert.ToBase64String(hash));
        return await client.SendAsync(request, Stop);
    }

    /// <summary>Uploads an archive, imports it, and waits for the end of it.</summary>
    public static async Task<JsonElement> ImportOf(HttpClient client, byte[] zip, string dataset = "hostile") =>
        await Import(client, await Upload(client, zip), dataset);

    public static async Task<string> Upload(HttpClient client, byte[] zip)
    {
        var id = await Announce(client, zip.Length);
        using var sent = await Send(client, id, 0, zip);
        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        return id;
    }

    public static async Task<JsonElement> Import(HttpClient client, string upload, string dataset) =>
        await Over(client, await Begin(client, "/api/v1/datasets/imports", new { upload, dataset }));

    /// <summary>Begins work.</summary>
    /// <returns>Its number.</returns>
    public static async Task<long> Begin(HttpClient client, string path, object body)
    {
        using var begun = await client.PostAsJsonAsync(path, body, Stop);
        Assert.True(begun.StatusCode == HttpStatusCode.Accepted, await begun.Content.ReadAsStringAsync(Stop));
        return (await Json(begun)).GetProperty("id").GetInt64();
    }

    /// <summary>The work once it is over.</summary>
    public static Task<JsonElement> Over(HttpClient client, long job) =>
        Until(client, job, state => state.GetProperty("state").GetString() is "completed" or "failed" or "cancelled");

    public static async Task<JsonElement> Until(HttpClient client, long job, Func<JsonElement, bool> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(Patience);
        while (true)
        {
            var state = await client.GetFromJsonAsync<JsonElement>($"/api/v1/datasets/jobs/{job}", deadline.Token);
            if (condition(state))
                return state;
            await Task.Delay(20, deadline.Token);
        }
    }

    /// <summary>Rows that an import left out: what is wrong by file and line.</summary>
    public static async Task<IReadOnlyList<(string File, long Line, string Reason)>> Problems(
        HttpClient client,
        JsonElement job
    )
    {
        var import = job.GetProperty("result").GetProperty("import").GetInt64();
        var list = await client.GetFromJsonAsync<JsonElement>(
            $"/api/v1/datasets/imports/{import}/problems?limit=1000",
            Stop
        );
        return
        [
            .. list.GetProperty("items")
                .EnumerateArray()
                .Select(row =>
                    (
                        row.GetProperty("file").GetString()!,
                        row.GetProperty("line").GetInt64(),
                        row.GetProperty("reason").GetString()!
                    )
                ),
        ];
    }

    public static async Task<JsonElement> Json(HttpResponseMessage answer) =>
        await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
}
