using System.Collections.Concurrent;
using System.Net;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Teachers.Network;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CLGRPO.Data.Tests.Teachers;

/// <summary>A server on this machine that speaks OpenAI's wire format and behaves as a script says.</summary>
internal sealed class FakeTeacherServer : IAsyncDisposable
{
    public const string Model = "fake-vl-7b";
    private readonly WebApplication _app;
    private readonly Func<FakeRequest, FakeAct> _script;
    private readonly ConcurrentQueue<FakeRequest> _requests = new();
    private readonly ConcurrentDictionary<string, int> _tries = new(StringComparer.Ordinal);
    private readonly string? _key;
    private readonly bool _keepsRequests;
    private readonly ConcurrentQueue<long> _arrivals = new();
    private int _open;
    private int _mostOpen;

    private FakeTeacherServer(WebApplication app, Func<FakeRequest, FakeAct> script, string? key, bool keepsRequests) =>
        (_app, _script, _key, _keepsRequests) = (app, script, key, keepsRequests);

    /// <summary>All chat requests, in the order of their arrival.</summary>
    public IReadOnlyCollection<FakeRequest> Requests => _requests;

    /// <summary>When each chat request arrived, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> has it.</summary>
    public IReadOnlyCollection<long> Arrivals => _arrivals;

    /// <summary>Most requests that were open at one time.</summary>
    public int MostOpen => Volatile.Read(ref _mostOpen);

    /// <summary>Such as <c>http://127.0.0.1:41234/v1</c>.</summary>
    public string Endpoint =>
        $"{_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()}/v1";

    public Origin Origin => TeacherEndpoint.Parse(Endpoint).Origin;

    /// <param name="script">Called for each request that is a good one.</param>
    /// <param name="key">The API key that requests must bear; null for none.</param>
    /// <param name="keepsRequests">Whether <see cref="Requests"/> fills; memory grows with it.</param>
    public static async Task<FakeTeacherServer> Start(
        Func<FakeRequest, FakeAct> script,
        string? key = null,
        bool keepsRequests = true
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MinResponseDataRate = null;
        });
        var app = builder.Build();
        var server = new FakeTeacherServer(app, script, key, keepsRequests);
        app.MapPost("/v1/chat/completions", server.Answer);
        await app.StartAsync();
        return server;
    }

    /// <summary>A fake that does the same with every request.</summary>
    public static Task<FakeTeacherServer> Start(FakeAct act, string? key = null) => Start(_ => act, key);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task Answer(HttpContext context)
    {
        var open = Interlocked.Increment(ref _open);
        InterlockedMax(ref _mostOpen, open);
        try
        {
            var request = await Read(context);
            if (request is null)
            {
                await FakeReply.Send(context, new FakeAct.Error(400), request: null);
                return;
            }
            var question = DatasetHash.Of(System.Text.Encoding.UTF8.GetBytes(request.Question));
            request = request with { Try = _tries.AddOrUpdate(question, 0, (_, before) => before + 1) };
            _arrivals.Enqueue(System.Diagnostics.Stopwatch.GetTimestamp());
            if (_keepsRequests)
                _requests.Enqueue(request);
            var act =
                _key is not null && request.Authorization != $"Bearer {_key}" ? new FakeAct.Error(401)
                : request.Model != Model ? new FakeAct.Error(404)
                : _script(request);
            await FakeReply.Send(context, act, request);
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private static async Task<FakeRequest?> Read(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var json = await reader.ReadToEndAsync(context.RequestAborted);
        try
        {
            return FakeRequest.Read(json, context.Request.Headers.Authorization.FirstOrDefault());
        }
        catch (Exception e)
            when (e
                    is FormatException
                        or KeyNotFoundException
                        or System.Text.Json.JsonException
                        or InvalidOperationException
            )
        {
            return null;
        }
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            if (Interlocked.CompareExchange(ref most, value, seen) == seen)
            {
                return;
            }
        }
    }
}
