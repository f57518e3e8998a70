using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Inference;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Inference;

/// <summary>One model and one machine for many: who is slow, greedy or unlucky takes nothing from the others.</summary>
[Collection(nameof(InferenceSite))]
public sealed class InferenceSharingTests(InferenceSite site)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Minutes of work.</summary>
    private JsonObject Endless() =>
        site.Question(
            ("model", InferenceSite.Endless),
            ("temperature", 1),
            ("n", 8),
            ("max_tokens", 1900),
            ("logprobs", true),
            ("top_logprobs", 20),
            ("stream", true)
        );

    [Fact]
    [Trait("Id", "A-SLOW-1")]
    public async Task Stream_WhoseReaderNeverReads_IsCutOffAndHoldsUpNobody()
    {
        await using var hasty = site.Start("hasty", ("Inference:ReadSeconds", "2"));
        var turns = hasty.Services.GetRequiredService<InferenceTurns>();
        var address = hasty.CreateClient().BaseAddress!;
        using var stuck = await Begin(address, await Key(hasty, "stuck"), Endless().ToJsonString());
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(TimeSpan.FromSeconds(60)); // §7 of the abuse checklist
        await Wait.Until(() => turns.Load.Running == 1);

        Assert.Equal("stop", await Ask(hasty, await Key(hasty, "other")));

        await Wait.Until(() => turns.Load.Running == 0);
        await Wait.Until(async () => (await Status(hasty)).Running == 0);
        // What was sent before is still to be read; then the connection is at its end, [DONE] or not.
        var left = new byte[1 << 16];
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (await stuck.ReceiveAsync(left, patience.Token) > 0) { }
            throw new EndOfStreamException();
        });
        Assert.False(patience.IsCancellationRequested);
    }

    [Fact]
    [Trait("Id", "A-SLOW-1")]
    public async Task Request_WhoseBodyDrips_IsRefusedAndGivesItsPlaceBack()
    {
        var turns = site.Services.GetRequiredService<InferenceTurns>();
        var body = site.Question().ToJsonString();
        using var slow = await Begin(site.Address, site.Key, body, send: body.Length / 2);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(TimeSpan.FromSeconds(60));

        var answer = new StringBuilder();
        var buffer = new byte[4096];
        for (var read = 1; read > 0; answer.Append(Encoding.UTF8.GetString(buffer, 0, read)))
            read = await slow.ReceiveAsync(buffer, patience.Token);

        Assert.StartsWith("HTTP/1.1 408 ", answer.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "{\"error\":{\"message\":\"The request did not arrive in time.\"",
            answer.ToString(),
            StringComparison.Ordinal
        );
        await Wait.Until(() => turns.Load == (0, 0));
    }

    [Fact]
    [Trait("Id", "A-SLOW-1")]
    public async Task Ask_WhileAnotherKeySendsManyBodiesSlowly_IsAnsweredMeanwhile()
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var body = "{\"x\":\"" + new string('a', 20 << 20) + "\"}";
        var slow = new List<Socket>();
        for (var i = 0; i < 16; i++)
            slow.Add(await Begin(site.Address, site.Key, body, send: 100));
        var dripping = Drip(slow, body, over.Token);

        Assert.Equal("stop", await Ask(site.Site, await Key(site.Site, "beside-slow")));

        Assert.All(slow, one => Assert.Equal(0, one.Available)); // none is refused yet, all are still at it
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dripping);
        slow.ForEach(one => one.Dispose());
        var turns = site.Services.GetRequiredService<InferenceTurns>();
        await Wait.Until(() => turns.Load == (0, 0));
    }

    /// <summary>Faster than what the server calls dead, and no end to it.</summary>
    private static async Task Drip(List<Socket> sockets, string body, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var at = 100; await timer.WaitForNextTickAsync(stop); at += 1000)
        {
            foreach (var socket in sockets)
                await socket.SendAsync(Encoding.UTF8.GetBytes(body.Substring(at, 1000)), stop);
        }
    }

    [Fact]
    [Trait("Id", "A-API-2")]
    public async Task Ask_WhileAnotherKeyAsksForAllItMay_IsAnsweredMeanwhile()
    {
        await using var fair = site.Start("fair", ("Inference:AtOnce", "3"), ("Inference:PerCaller", "2"));
        var turns = fair.Services.GetRequiredService<InferenceTurns>();
        using var greedy = fair.CreateClient();
        greedy.DefaultRequestHeaders.Add("Authorization", $"Bearer {await Key(fair, "greedy")}");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var asking = Enumerable
            .Range(0, 6)
            .Select(async _ =>
            {
                using var answer = await greedy.PostAsJsonAsync("/v1/chat/completions", Endless(), over.Token);
            })
            .ToList();
        await Wait.Until(() => turns.Load == (2, 4));

        Assert.Equal("stop", await Ask(fair, await Key(fair, "other")));

        Assert.Equal((2, 4), turns.Load);
        await over.CancelAsync();
        await Task.WhenAll(asking.Select(one => Assert.ThrowsAnyAsync<OperationCanceledException>(() => one)));
        await Wait.Until(() => turns.Load == (0, 0));
        await Wait.Until(async () => (await Status(fair)).Running == 0);
    }

    [Fact]
    [Trait("Id", "A-API-2")]
    public async Task Process_ThatAnswers_GivesWayToTraining()
    {
        await site.Ask(site.Question());

        Assert.Equal(Math.Min(19, await Niceness("self") + 10), await Niceness($"{site.Process.Id}"));

        // The 19th field of /proc/PID/stat, the second being a name in brackets.
        static async Task<int> Niceness(string process)
        {
            var stat = await File.ReadAllTextAsync($"/proc/{process}/stat", Stop);
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    [Trait("Id", "A-OPS-2")]
    public async Task Ask_RunWhoseNewestCheckpointIsDamaged_IsAnsweredByTheOneBefore()
    {
        var runs = Path.GetFullPath(Path.Combine(site.CheckpointPath, "..", "..", ".."));
        Copy(Path.Combine(runs, InferenceSite.Run), Path.Combine(runs, "fading"));
        File.Delete(Path.Combine(runs, "fading", "checkpoints", InferenceSite.Checkpoint, "model.safetensors"));
        await using var fading = site.Start("fading");
        using var client = fading.CreateClient();
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {await Key(fading, "tests")}");
        using var answer = await client.PostAsJsonAsync(
            "/v1/chat/completions",
            site.Question(("model", "fading")),
            Stop
        );

        var before = await site.Ask(site.Question(("model", $"{InferenceSite.Run}/step-0000060")));
        Assert.Equal(Message(before), Message(await answer.Content.ReadFromJsonAsync<JsonElement>(Stop)));
        using var refused = await client.PostAsJsonAsync(
            "/v1/chat/completions",
            site.Question(("model", $"fading/{InferenceSite.Checkpoint}")),
            Stop
        );
        Assert.Equal(503, (int)refused.StatusCode);
        var error = (await refused.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("error");
        Assert.Equal("model", error.GetProperty("param").GetString());
        Assert.DoesNotContain(runs, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_BeyondTheRateOrFromAnotherOrigin_IsRefusedInOpenAIsWords()
    {
        await using var limited = site.Start("limited", ("Site:ApiRequestsPerMinute", "2"));
        using var client = limited.CreateClient();
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {await Key(limited, "often")}");
        using var foreign = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(site.Question()),
        };
        foreign.Headers.Add("Origin", "https://evil.test");

        using var refused = await client.SendAsync(foreign, Stop);
        using var first = await client.GetAsync("/v1/models", Stop);
        using var second = await client.GetAsync("/v1/models", Stop);
        using var third = await client.GetAsync("/v1/models", Stop);

        Assert.Equal([403, 200, 200, 429], new[] { refused, first, second, third }.Select(one => (int)one.StatusCode));
        Assert.True(third.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal("permission_error", await TypeOf(refused));
        Assert.Equal("rate_limit_error", await TypeOf(third));
    }

    private static async Task<string?> TypeOf(HttpResponseMessage refused) =>
        (await refused.Content.ReadFromJsonAsync<JsonElement>(Stop))
            .GetProperty("error")
            .GetProperty("type")
            .GetString();

    /// <returns>The finish reason of a short answer.</returns>
    private async Task<string?> Ask(WebApplicationFactory<Program> where, string key)
    {
        using var client = where.CreateClient();
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        using var answer = await client.PostAsJsonAsync("/v1/chat/completions", site.Question(), Stop);
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
        Assert.True(answer.IsSuccessStatusCode, json.ToString());
        return json.GetProperty("choices")[0].GetProperty("finish_reason").GetString();
    }

    /// <summary>A connection that has asked and reads nothing.</summary>
    /// <param name="send">Characters of the body that are sent; all where none is said.</param>
    private static async Task<Socket> Begin(Uri address, string key, string body, int? send = null)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(address.Host, address.Port, Stop);
        var head =
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {key}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n";
        await socket.SendAsync(Encoding.UTF8.GetBytes(head + body[..(send ?? body.Length)]), Stop);
        return socket;
    }

    private static string Message(JsonElement answer) =>
        answer.GetProperty("choices")[0].GetProperty("message").GetRawText();

    private static async Task<string> Key(WebApplicationFactory<Program> where, string client) =>
        (
            await where.Services.GetRequiredService<ApiKeys>().Create(client, [InferenceScopes.Use], 1, "test", Stop)
        ).Text;

    private static async Task<CLGRPO.Training.Serving.ServeStatus> Status(WebApplicationFactory<Program> where) =>
        (await where.Services.GetRequiredService<InferenceService>().StatusAsync(Stop))!;

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
