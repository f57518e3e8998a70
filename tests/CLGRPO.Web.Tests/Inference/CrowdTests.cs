using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Data.Files;
using CLGRPO.Data.Store;
using CLGRPO.Training.Serving;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Inference;

namespace CLGRPO.Web.Tests.Inference;

/// <summary>Too much at once for a site that is a process of its own: too many streams, too large a body.</summary>
[Collection(nameof(InferenceSite))]
public sealed class CrowdTests(InferenceSite models) : IAsyncLifetime
{
    private const int Streams = 100; // §7 of the abuse checklist
    private static readonly InferenceOptions Limits = new();
    private readonly TemporaryFolder _folder = new();
    private SiteProcess _site = null!;
    private StoreFactory _store = null!;
    private ApiKeys _keys = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _site = await models.StartProcess(_folder.Path, ("Inference__MaxBodyMiB", "1"));
        _store = StoreFactory.Open(new StoreOptions(Path.Combine(_folder.Path, "clgrpo.db")));
        _keys = new ApiKeys(
            new AccountContextFactory(_store),
            new Audit(_store, TimeProvider.System),
            TimeProvider.System
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    [Trait("Id", "A-API-2")]
    public async Task Stream_HundredOfOneKey_AreHeldToItsShareAndEndWithTheirClients()
    {
        using var greedy = await Client("greedy");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var asked = Enumerable.Range(0, Streams).Select(_ => Ask(greedy, Endless(), over.Token)).ToList();
        var mayStay = Limits.PerCaller + Limits.WaitingPerCaller;
        await Wait.Until(() => asked.Count(one => one.IsCompletedSuccessfully) == Streams - mayStay + Limits.PerCaller);
        using var other = await Client("other");
        using var answer = await Ask(other, models.Question(), Stop);
        var answered = await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
        var during = await Status();

        var begun = asked.Where(one => one.IsCompletedSuccessfully).Select(one => one.Result).ToList();
        var refused = begun.Where(one => one.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        Assert.Equal(Streams - mayStay, refused.Count);
        Assert.All(refused, one => Assert.True(one.Headers.RetryAfter?.Delta > TimeSpan.Zero));
        Assert.Equal("stop", answered.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(Limits.PerCaller, during.Running);

        var model = Process.GetProcessById(ModelOf(_site.Id));
        var before = model.TotalProcessorTime;
        await over.CancelAsync();
        begun.ForEach(one => one.Dispose());
        await Wait.Until(async () => await Status() is { Running: 0, Waiting: 0 });

        model.Refresh();
        // Work, not time: whatever else this machine does, the model did less than a second's.
        Assert.InRange(
            model.TotalProcessorTime - before,
            TimeSpan.Zero,
            TimeSpan.FromSeconds(Environment.ProcessorCount)
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(asked));
    }

    [Fact]
    [Trait("Id", "A-UP-1")]
    public async Task Ask_BodyThatIsTooLargeOrCutOff_IsRefusedAndNoErrorOfTheSite()
    {
        var key = await Key("large");
        var large = new string('a', (1 << 20) + 1);

        var announced = await Answer(key, "Content-Length: 2000000", "");
        var chunked = await Answer(key, "Transfer-Encoding: chunked", $"{large.Length:x}\r\n{large}\r\n");
        var nonsense = await Answer(key, "Transfer-Encoding: chunked", "zz\r\n{}\r\n");
        using (var cutOff = await Begin(key, "Content-Length: 1000", "{\"messages\":["))
            cutOff.Shutdown(SocketShutdown.Both);
        await _site.Terminate();

        Assert.All((string[])[announced, chunked], one => AssertRefused(one, 413, "larger than 1 MiB"));
        AssertRefused(nonsense, 400, "cut off");
        var log = _site.Output;
        Assert.DoesNotContain("fail:", log, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", log, StringComparison.Ordinal);
    }

    private static void AssertRefused(string answer, int status, string why)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        var error = JsonDocument.Parse(answer[answer.IndexOf('{')..(answer.LastIndexOf('}') + 1)]).RootElement;
        Assert.Contains(why, error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("invalid_request_error", error.GetProperty("error").GetProperty("type").GetString());
    }

    private JsonObject Endless() =>
        models.Question(
            ("model", InferenceSite.Endless),
            ("temperature", 1),
            ("max_tokens", 1900),
            ("seed", 1),
            ("stream", true)
        );

    private static async Task<HttpResponseMessage> Ask(HttpClient client, JsonObject question, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(question),
        };
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
    }

    private async Task<string> Key(string client) =>
        (await _keys.Create(client, [InferenceScopes.Use], 1, "test", Stop)).Text;

    private async Task<HttpClient> Client(string name)
    {
        var client = new HttpClient { BaseAddress = _site.Address };
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {await Key(name)}");
        return client;
    }

    private async Task<Socket> Begin(string key, string header, string body)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_site.Address.Host, _site.Address.Port, Stop);
        var head =
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: {_site.Address.Authority}\r\nAuthorization: Bearer {key}\r\n"
            + $"Content-Type: application/json\r\n{header}\r\n\r\n";
        await socket.SendAsync(Encoding.UTF8.GetBytes(head + body), Stop);
        return socket;
    }

    /// <summary>All that comes back until the refusal is whole, or the connection ends.</summary>
    private async Task<string> Answer(string key, string header, string body)
    {
        using var socket = await Begin(key, header, body);
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (!answer.ToString().Contains("}}", StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(buffer, Stop);
            if (read == 0)
                break;
            answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        return answer.ToString();
    }

    private async Task<ServeStatus> Status()
    {
        var path = Path.Combine(_folder.Path, "data", "inference.sock");
        await using var stream = new NetworkStream(await UnixSocket.ConnectAsync(path, Stop), ownsSocket: true);
        await ServeWire.SendAsync(stream, new ServeRequest { Do = ServeVerb.Status }, [], Stop);
        return (await ServeWire.NextAsync(PipeReader.Create(stream), Stop))!.Status!;
    }

    /// <summary>The process in which the site's models compute: its only child.</summary>
    private static int ModelOf(int site) =>
        Directory
            .EnumerateDirectories($"/proc/{site}/task")
            .SelectMany(task =>
                File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)
            )
            .Select(int.Parse)
            .Single();
}
