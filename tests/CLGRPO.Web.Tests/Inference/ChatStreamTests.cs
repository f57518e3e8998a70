using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Inference;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Inference;

/// <summary>Streams, many at once, and what happens when one of the two ends goes.</summary>
[Collection(nameof(InferenceSite))]
public sealed class ChatStreamTests(InferenceSite site)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Random words, hundreds of them: what is still running when something happens.</summary>
    private JsonObject Long(params (string, JsonNode?)[] fields) =>
        site.Question([
            ("model", InferenceSite.Endless),
            ("temperature", 1),
            ("n", 8),
            ("max_tokens", 1900),
            ("seed", 1),
            .. fields,
        ]);

    [Fact]
    [Trait("Id", "T3.2")]
    public async Task Stream_OfAnAnswer_HasOpenAIsEvents()
    {
        var events = await Stream(
                site.Question(("stream", true), ("stream_options", JsonNode.Parse("""{"include_usage":true}""")))
            )
            .ToListAsync(Stop);

        Assert.Equal("[DONE]", events[^1]);
        var chunks = events.SkipLast(1).Select(text => JsonDocument.Parse(text).RootElement).ToList();
        Assert.Single(
            chunks
                .Select(chunk => (chunk.GetProperty("id").GetString(), chunk.GetProperty("created").GetInt64()))
                .Distinct()
        );
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString()));
        Assert.Equal("""{"role":"assistant","content":""}""", Choice(chunks[0]).GetProperty("delta").GetRawText());
        Assert.Equal("stop", Choice(chunks[^2]).GetProperty("finish_reason").GetString());
        Assert.Equal(0, chunks[^1].GetProperty("choices").GetArrayLength());
        Assert.True(chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 5);
        var deltas = chunks.Skip(1).SkipLast(2).Select(chunk => Choice(chunk).GetProperty("delta")).ToList();
        Assert.Equal(Texts(deltas, "reasoning"), Texts(deltas, "reasoning_content"));
        var whole = await site.Ask(site.Question());
        var message = Choice(whole).GetProperty("message");
        Assert.Equal(message.GetProperty("reasoning").GetString(), Texts(deltas, "reasoning"));
        Assert.Equal(message.GetProperty("content").GetString(), Texts(deltas, "content"));
        Assert.Contains("<answer>", Texts(deltas, "content"), StringComparison.Ordinal);
        Assert.DoesNotContain(deltas, delta => delta.GetRawText().Contains("think>", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Id", "A-API-3")]
    public async Task Stream_WithoutReasoning_LeaksNothingOfIt()
    {
        var asked = site.Question(
            ("stream", true),
            ("logprobs", true),
            ("top_logprobs", 2),
            ("include_reasoning", false),
            ("stream_options", JsonNode.Parse("""{"include_usage":true}"""))
        );
        var hidden = string.Join('\n', await Stream(asked).ToListAsync(Stop));
        var message = Choice(await site.Ask(site.Question())).GetProperty("message");
        var words = message
            .GetProperty("reasoning")
            .GetString()!
            .Split(' ')
            .Where(word => word.Length > 4 && word.All(char.IsLetter));
        var answer = message.GetProperty("content").GetString()!;

        Assert.DoesNotContain("reasoning", hidden, StringComparison.Ordinal);
        Assert.DoesNotContain("think", hidden, StringComparison.Ordinal);
        Assert.Contains("logprob", hidden, StringComparison.Ordinal);
        Assert.All(
            words.Where(word => !answer.Contains(word, StringComparison.Ordinal)),
            word => Assert.DoesNotContain(word, hidden, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Ask_TwentyAtOnce_WritesWhatEachWritesAlone()
    {
        JsonObject Asked(int seed) =>
            site.Question(("temperature", 1), ("seed", seed), ("n", 1 + (seed % 3)), ("max_tokens", 60));
        var alone = new List<string>();
        for (var seed = 0; seed < 20; seed++)
            alone.Add(Choices(await site.Ask(Asked(seed))));
        var before = await site.WaitForAsync(status => status.Running == 0);

        var together = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(async seed => Choices(await site.Ask(Asked(seed))))
        );

        var after = await site.WaitForAsync(status => status.Running == 0);
        Assert.Equal(alone, together);
        Assert.True(20 < alone.Distinct().Count() + 5);
        // Written together: far fewer steps than tokens.
        Assert.True((after.Tokens - before.Tokens) > 1.5 * (after.Steps - before.Steps), $"{before} → {after}");
    }

    [Fact]
    [Trait("Id", "A-API-2")]
    public async Task Stream_WhoseClientGoes_StopsTheModel()
    {
        var whole = (await site.Ask(Long())).GetProperty("usage").GetProperty("completion_tokens").GetInt64();
        Assert.True(whole > 500, $"{whole} tokens are too few to stop among them.");
        var before = await site.WaitForAsync(status => status.Running == 0);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Stream(Long(("stream", true)), gone.Token).Skip(10))
                await gone.CancelAsync();
        });

        var after = await site.WaitForAsync(status => status.Running == 0);

        Assert.InRange(after.Tokens - before.Tokens, 1, whole / 2);
    }

    [Fact]
    public async Task Stream_WhoseProcessIsKilled_SaysSoAndTheNextIsAnswered()
    {
        var killed = false;
        var events = new List<string>();
        await foreach (var text in Stream(Long(("stream", true))))
        {
            events.Add(text);
            if (killed || events.Count < 20)
                continue;
            killed = true;
            Process.GetProcessById(site.Process.Id!.Value).Kill();
        }

        Assert.Equal("[DONE]", events[^1]);
        var error = JsonDocument.Parse(events[^2]).RootElement.GetProperty("error");
        Assert.Equal(503, error.GetProperty("code").GetInt32());
        Assert.Contains("inference process ended", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var next = Choice(await site.Ask(site.Question())).GetProperty("message").GetProperty("content").GetString();
        Assert.StartsWith("<answer>", next, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-AUTH-4")]
    public async Task Stream_WhoseKeyIsRevoked_EndsWithinFiveSeconds()
    {
        var keys = site.Services.GetRequiredService<ApiKeys>();
        var key = await keys.Create("leaver", [InferenceScopes.Use], 1, "test", Stop);
        // Eight at a time, over and over: longer than the key lives.
        var since = new Stopwatch();
        var ended = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (true)
            {
                await foreach (var _ in Stream(Long(("stream", true)), Stop, key.Key.Id == 0 ? "" : key.Text))
                {
                    if (since.IsRunning)
                        continue;
                    since.Start();
                    await keys.Revoke(key.Key.Id, "test", Stop);
                }
            }
        });

        Assert.True(ended is HttpRequestException or IOException, ended.ToString());
        Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), $"It went on for {since.Elapsed}.");
    }

    [Fact]
    [Trait("Id", "A-API-2")]
    public async Task Ask_BeyondOnesShare_Is429WithRetryAfter()
    {
        await using var small = site.Start("small", ("Inference:PerCaller", "1"), ("Inference:WaitingPerCaller", "1"));
        var key = (
            await small.Services.GetRequiredService<ApiKeys>().Create("many", [InferenceScopes.Use], 1, "t", Stop)
        ).Text;
        using var client = small.CreateClient();
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var answers = Enumerable
            .Range(0, 6)
            .Select(_ => client.PostAsJsonAsync("/v1/chat/completions", Long(), over.Token))
            .ToList();

        var refused = 0;
        while (refused < 4)
        {
            var first = await Task.WhenAny(answers);
            answers.Remove(first);
            using var answer = await first;
            Assert.Equal(429, (int)answer.StatusCode);
            Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero);
            var error = (await answer.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("error");
            Assert.Equal("rate_limit_error", error.GetProperty("type").GetString());
            refused++;
        }
        await over.CancelAsync();
    }

    private static string Choices(JsonElement answer) => answer.GetProperty("choices").GetRawText();

    private static JsonElement Choice(JsonElement answer) => answer.GetProperty("choices")[0];

    private static string Texts(IEnumerable<JsonElement> deltas, string name) =>
        string.Concat(deltas.Select(delta => delta.TryGetProperty(name, out var text) ? text.GetString() : ""));

    private IAsyncEnumerable<string> Stream(JsonObject question) => Stream(question, Stop);

    /// <summary>The events' data.</summary>
    private async IAsyncEnumerable<string> Stream(
        JsonObject question,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop,
        string? key = null
    )
    {
        using var client = site.Client(key ?? site.Key);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(question),
        };
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        answer.EnsureSuccessStatusCode();
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(stop));
        while (await reader.ReadLineAsync(stop) is { } line)
        {
            if (line.Length == 0)
                continue;
            Assert.StartsWith("data: ", line, StringComparison.Ordinal);
            yield return line[6..];
        }
    }
}
