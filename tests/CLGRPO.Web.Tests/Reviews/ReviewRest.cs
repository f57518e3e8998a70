using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace CLGRPO.Web.Tests.Reviews;

/// <summary>The REST of the reviews, as a program uses it.</summary>
internal static class ReviewRest
{
    /// <summary>The next item; null where there is none.</summary>
    public static async Task<long?> Next(HttpClient client, long batch, CancellationToken stop)
    {
        using var answer = await client.PostAsync($"/api/v1/reviews/batches/{batch}/next", content: null, stop);
        var body = await Body(answer, HttpStatusCode.OK, stop);
        return body.GetProperty("items") is { } items && items.GetArrayLength() > 0
            ? items[0].GetProperty("itemId").GetInt64()
            : null;
    }

    /// <summary>Judges an item.</summary>
    /// <returns>The receipt.</returns>
    public static async Task<JsonElement> Judge(HttpClient client, long item, object said, CancellationToken stop)
    {
        using var answer = await client.PostAsJsonAsync($"/api/v1/reviews/items/{item}/verdict", said, stop);
        return await Body(answer, HttpStatusCode.OK, stop);
    }

    /// <summary>Saves a first draft.</summary>
    public static async Task<JsonElement> Save(HttpClient client, long item, string text, CancellationToken stop)
    {
        using var answer = await client.PutAsJsonAsync(
            $"/api/v1/reviews/items/{item}/draft",
            new { text, version = 0 },
            stop
        );
        return await Body(answer, HttpStatusCode.OK, stop);
    }

    /// <summary>Keeps an item for another whole lease.</summary>
    public static async Task<JsonElement> Renew(HttpClient client, long item, CancellationToken stop)
    {
        using var answer = await client.PostAsync($"/api/v1/reviews/items/{item}/lease", content: null, stop);
        return await Body(answer, HttpStatusCode.OK, stop);
    }

    public static async Task<JsonElement> Body(
        HttpResponseMessage answer,
        HttpStatusCode expected,
        CancellationToken stop
    )
    {
        var text = await answer.Content.ReadAsStringAsync(stop);
        Assert.True(answer.StatusCode == expected, $"{answer.RequestMessage!.RequestUri}: {answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}
