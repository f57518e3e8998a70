using System.IO.Pipelines;
using System.Net.Sockets;
using CLGRPO.Data.Files;
using CLGRPO.Training.Serving;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Serving;

/// <summary>The inference process's socket, in the test's own process.</summary>
public sealed class ServeHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("clgrpo-serve-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string SocketPath => Path.Combine(_folder, "inference.sock");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task RunAsync_WithNobodyThere_EndsAndTakesTheSocketAway()
    {
        var mode = default(UnixFileMode);
        var host = new ServeHost(SocketPath, CPU, 1, new ServeLimits(), TimeSpan.FromMilliseconds(50));

        await host.RunAsync(() => mode = File.GetUnixFileMode(SocketPath), TextWriter.Null, Stop);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task Request_ThatCannotBe_IsToldWhy()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var ready = new TaskCompletionSource();
        var host = new ServeHost(SocketPath, CPU, 1, new ServeLimits(), TimeSpan.FromMinutes(1));
        var running = host.RunAsync(ready.SetResult, TextWriter.Null, ending.Token);
        await ready.Task;

        var nowhere = await Ask(new ServeRequest { Model = Path.Combine(_folder, "none") });
        var old = await Ask(new ServeRequest { Version = 99 });
        var status = await Ask(new ServeRequest { Do = ServeVerb.Status });

        Assert.Equal((ServeEventType.Error, ServeFault.Model), (nowhere!.Type, nowhere.Fault));
        Assert.Contains("version 99", old!.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (status!.Status!.Running, status.Status.Waiting));
        await ending.CancelAsync();
        await running;
    }

    [Fact]
    public void Take_MoreRoomThanThereIs_KeepsWhatTheCacheHolds()
    {
        using var model = Tiny.Model();
        using var noGrad = no_grad();
        var cache = new ServedCache(model, new ServeLimits());
        cache.Reserve(new CacheSize(Prompts: 1, PromptTokens: 10, Rows: 2, CompletionTokens: 20));
        var (prompt, rows) = cache.Take(rows: 2);
        cache.Held.Layers[1].Keys.fill_(3);
        cache.Held.Layers[1].PromptValues.fill_(4);

        cache.Reserve(new CacheSize(Prompts: 2, PromptTokens: 200, Rows: 4, CompletionTokens: 30));
        var (other, more) = cache.Take(rows: 3);

        Assert.NotEqual(prompt, other);
        Assert.Empty(rows.Intersect(more));
        Assert.Equal(3, Tiny.Floats(cache.Held.Layers[1].Keys.select(0, rows[1]))[0]);
        Assert.Equal(4, Tiny.Floats(cache.Held.Layers[1].PromptValues.select(0, prompt))[0]);
        Assert.False(new ServedCache(model, new ServeLimits { CacheBytes = 10 }).Fits(new CacheSize(1, 10, 1, 10)));
        cache.Clear();
    }

    private async Task<ServeEvent?> Ask(ServeRequest request)
    {
        await using var stream = new NetworkStream(await UnixSocket.ConnectAsync(SocketPath, Stop), ownsSocket: true);
        await ServeWire.SendAsync(stream, request, [], Stop);
        return await ServeWire.NextAsync(PipeReader.Create(stream), Stop);
    }
}
