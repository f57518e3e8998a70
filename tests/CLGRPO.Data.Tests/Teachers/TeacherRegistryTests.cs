using System.Text;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Keys;
using CLGRPO.Data.Tests.Store;
using Microsoft.EntityFrameworkCore;
using static CLGRPO.Data.Tests.Teachers.TeacherTesting;

namespace CLGRPO.Data.Tests.Teachers;

public sealed class TeacherRegistryTests : IDisposable
{
    private const string Canary = "sk-canary-4711";
    private readonly TestStore _store = new(Database.Sqlite);
    private readonly TemporaryFolder _folder = new();
    private readonly TeacherRegistry _registry;

    public TeacherRegistryTests() => _registry = new(_store.Factory, OpenKeys);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Add_AllowedEndpointWithKey_SendsTheKey()
    {
        await using var server = await FakeTeacherServer.Start(Good, Canary);
        await AddAt(server, new Secret(Canary));

        await Ask();

        Assert.Equal($"Bearer {Canary}", Assert.Single(server.Requests).Authorization);
    }

    // Whoever may edit the endpoint must not be able to send the key to a server of their own.
    [Fact]
    [Trait("Id", "A-SSRF-4")]
    public async Task Change_OtherPort_NextCallHasNoKey()
    {
        await using var server = await FakeTeacherServer.Start(Good, Canary);
        await using var other = await FakeTeacherServer.Start(Good);
        await AddAt(server, new Secret(Canary));
        await _registry.Allow(other.Endpoint, lab: true, "ada", Stop);

        var isCleared = await _registry.Change(
            "fake",
            teacher => teacher.Endpoint = other.Endpoint,
            key: null,
            "eve",
            Stop
        );
        await Ask();

        Assert.True(isCleared);
        Assert.Null(Assert.Single(other.Requests).Authorization);
        Assert.Null((await _registry.Get("fake", Stop)).SealedKey);
        // Changing it back does not bring the key back.
        Assert.False(
            await _registry.Change("fake", teacher => teacher.Endpoint = server.Endpoint, key: null, "eve", Stop)
        );
        await Assert.ThrowsAsync<TeacherException>(Ask);
    }

    // The database itself was edited: the sealed key stays, and opens for its own origin alone.
    [Fact]
    [Trait("Id", "A-SSRF-4")]
    public async Task Create_EndpointEditedInTheDatabase_KeyDoesNotOpen()
    {
        await using var server = await FakeTeacherServer.Start(Good, Canary);
        await using var other = await FakeTeacherServer.Start(Good);
        await AddAt(server, new Secret(Canary));
        await _registry.Allow(other.Endpoint, lab: true, "ada", Stop);
        await using (var context = _store.Context())
        {
            (await context.Teachers.SingleAsync(Stop)).Endpoint = other.Endpoint;
            await context.SaveChangesAsync(Stop);
        }

        await Assert.ThrowsAsync<InvalidDataException>(Ask);

        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task Change_PathOrLimits_KeepsTheKey()
    {
        await using var server = await FakeTeacherServer.Start(Good, Canary);
        await AddAt(server, new Secret(Canary));

        Assert.False(await _registry.Change("fake", teacher => teacher.Concurrency = 2, key: null, "ada", Stop));
        await Ask();

        Assert.Equal(2, (await _registry.Get("fake", Stop)).Concurrency);
    }

    [Fact]
    [Trait("Id", "A-SSRF-1")]
    public async Task Add_OriginNotAllowed_IsRefused()
    {
        var error = await Assert.ThrowsAsync<TeacherException>(() =>
            _registry.Add(Settings("https://api.example.org/v1"), key: null, "ada", Stop)
        );

        Assert.Equal(TeacherFault.Forbidden, error.Fault);
        Assert.Empty(await _registry.List(Stop));
    }

    [Fact]
    [Trait("Id", "A-SSRF-1")]
    public async Task Disallow_Origin_ItsTeachersAreNotAsked()
    {
        await using var server = await FakeTeacherServer.Start(Good);
        await AddAt(server, key: null);

        Assert.True(await _registry.Disallow(server.Endpoint, "ada", Stop));
        await Assert.ThrowsAsync<TeacherException>(Ask);

        Assert.False(await _registry.Disallow(server.Endpoint, "ada", Stop));
        Assert.Empty(server.Requests);
    }

    [Theory]
    [Trait("Id", "A-SSRF-1")]
    [InlineData("http://api.example.org")] // not the lab
    [InlineData("https://169.254.169.254")]
    [InlineData("https://metadata.google.internal")]
    [InlineData("https://api.example.org:22")]
    public async Task Allow_WhatIsNeverAllowed_IsRefused(string url)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _registry.Allow(url, lab: false, "ada", Stop));

        await using var context = _store.Context();
        Assert.Empty(await context.AllowedOrigins.ToListAsync(Stop));
    }

    [Fact]
    public async Task Add_SettingsOutOfRange_NamesThemAll()
    {
        var teacher = Settings("", TeacherKind.Rule);
        (teacher.Model, teacher.Concurrency, teacher.Temperature, teacher.Budget) = ("", 0, 3, double.NaN);

        var error = await Assert.ThrowsAsync<ArgumentException>(() => _registry.Add(teacher, key: null, "ada", Stop));

        Assert.Contains("concurrency = 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("temperature = 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("budget = NaN", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changes_AllOfThem_AreInTheAudit()
    {
        await using var server = await FakeTeacherServer.Start(Good);
        await AddAt(server, new Secret(Canary));
        await _registry.Change("fake", teacher => teacher.Enabled = false, key: null, "eve", Stop);
        await _registry.Remove("fake", "bob", Stop);
        await _registry.Disallow(server.Endpoint, "bob", Stop);

        await using var context = _store.Context();
        Assert.Equal(
            [
                "ada teacher.allow",
                "ada teacher.add",
                "eve teacher.change",
                "bob teacher.remove",
                "bob teacher.disallow",
            ],
            (await context.Audit.OrderBy(entry => entry.Id).ToListAsync(Stop)).Select(entry =>
                $"{entry.Actor} {entry.Action}"
            )
        );
    }

    // The key goes through every path, good and bad; nothing that is written or thrown holds it, in any of its forms.
    [Fact]
    [Trait("Id", "A-SEC-LEAK")]
    public async Task Key_AfterEveryPath_IsNowhere()
    {
        FakeAct[] acts =
        [
            Good,
            new FakeAct.Error(401, Message: Canary),
            new FakeAct.Error(500, Message: $"Authorization: Bearer {Canary}"),
            new FakeAct.Cut(),
            new FakeAct.Body("text/html", "<html>"),
            new FakeAct.Body("text/event-stream", "data: {\n\n"),
            new FakeAct.Redirect("http://169.254.169.254/"),
            new FakeAct.GzipBomb(),
        ];
        var next = -1;
        await using var server = await FakeTeacherServer.Start(_ => acts[++next], Canary);
        await AddAt(server, new Secret(Canary));
        var log = new CallList();
        var said = new StringBuilder();
        using (var desk = new TeacherDesk(await Create(), log, new TeacherDeskConfig { MaxTries = 1 }))
        {
            foreach (var act in acts)
            {
                try
                {
                    var answer = await desk.Ask(Question(Picture(_folder)), new TeacherErrand(1, 0), Stop);
                    said.Append(answer);
                }
                catch (TeacherException fault)
                {
                    said.Append(fault);
                }
            }
        }
        said.Append(System.Text.Json.JsonSerializer.Serialize(log.Calls));
        said.Append(System.Text.Json.JsonSerializer.Serialize(await _registry.List(Stop)));

        Assert.Equal(acts.Length, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.Equal($"Bearer {Canary}", request.Authorization));
        Assert.DoesNotContain("canary", said.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Convert.ToBase64String(Encoding.ASCII.GetBytes(Canary))[..12],
            said.ToString(),
            StringComparison.Ordinal
        );
        foreach (
            var file in Directory.EnumerateFiles(
                Path.GetDirectoryName(_store.Options.Connection)!,
                "*",
                SearchOption.AllDirectories
            )
        )
        {
            await using var stream = new FileStream(
                file,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes, Stop);
            Assert.True(bytes.AsSpan().IndexOf("canary"u8) < 0, file);
        }
    }

    private async Task AddAt(FakeTeacherServer server, Secret? key)
    {
        await _registry.Allow(server.Endpoint, lab: true, "ada", Stop);
        await _registry.Add(Settings(server), key, "ada", Stop);
    }

    private async Task<ITeacher> Create() =>
        new TeacherFactory(await _registry.AllowedOrigins(Stop), OpenKeys).Create(await _registry.Get("fake", Stop));

    private async Task Ask()
    {
        var teacher = await Create();
        using var owner = (IDisposable)teacher;
        await teacher.Ask(Question(Picture(_folder)), Stop);
    }

    private SecretBox OpenKeys() => SecretBox.Open(_folder.In("clgrpo.key"));
}
