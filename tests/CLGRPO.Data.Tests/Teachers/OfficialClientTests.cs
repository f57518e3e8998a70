using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using CLGRPO.Data.Files;
using OpenAI;
using OpenAI.Chat;

namespace CLGRPO.Data.Tests.Teachers;

/// <summary>The official clients understand the fake servers: what our client is tested against is the real format.</summary>
public sealed class OfficialClientTests : IDisposable
{
    private const string Key = "sk-fake";
    private static readonly NpmPackage NodeClient = new(
        "openai",
        "7.55.0",
        "0dfe04d620754817721c04511c6425731f1bf132699e4fe9377ca966a14a6971"
    );
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task DotNetClient_WholeAnswer_IsUnderstood()
    {
        await using var server = await FakeTeacherServer.Start(TeacherTesting.Good, Key);

        ChatCompletion completion = await Client(server)
            .CompleteChatAsync([Question()], new ChatCompletionOptions { IncludeLogProbabilities = true }, Stop);

        Assert.Equal("<answer>contentment</answer>", completion.Content.Single().Text);
        Assert.Equal(ChatFinishReason.Stop, completion.FinishReason);
        Assert.Equal((100, 6), (completion.Usage.InputTokenCount, completion.Usage.OutputTokenCount));
        Assert.Equal(FakeTeacherServer.Model, completion.Model);
        Assert.Equal("A", completion.ContentTokenLogProbabilities.Single().Token);
        Assert.Equal("image/png", Assert.Single(server.Requests).MediaType);
    }

    [Fact]
    public async Task DotNetClient_Stream_IsUnderstood()
    {
        await using var server = await FakeTeacherServer.Start(TeacherTesting.Good, Key);
        var (text, finish, usage) = ("", (ChatFinishReason?)null, (ChatTokenUsage?)null);

        await foreach (var update in Client(server).CompleteChatStreamingAsync([Question()], cancellationToken: Stop))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish = update.FinishReason ?? finish;
            usage = update.Usage ?? usage;
        }

        Assert.Equal(("<answer>contentment</answer>", ChatFinishReason.Stop), (text, finish));
        Assert.Equal((100, 6), (usage!.InputTokenCount, usage.OutputTokenCount));
    }

    [Theory]
    [InlineData(401, "sk-other")]
    [InlineData(404, Key)]
    public async Task DotNetClient_Refused_SeesTheStatus(int status, string key)
    {
        await using var server = await FakeTeacherServer.Start(TeacherTesting.Good, Key);
        var client = Client(server, key, status == 404 ? "no-such-model" : FakeTeacherServer.Model);

        var error = await Assert.ThrowsAsync<ClientResultException>(() =>
            client.CompleteChatAsync([Question()], null, Stop)
        );

        Assert.Equal(status, error.Status);
    }

    [Fact]
    public async Task NodeClient_WholeAnswerStreamAndErrors_AreUnderstood()
    {
        await using var server = await FakeTeacherServer.Start(
            request =>
                request.Text == "limit me"
                    ? new FakeAct.Error(429, "1")
                    : TeacherTesting.Good with
                    {
                        Key = ReasoningKey.Both,
                    },
            Key
        );
        await InstallNodeClient();
        var script = _folder.File("ask.mjs", System.Text.Encoding.UTF8.GetBytes(Script));

        var told = JsonDocument.Parse(await Node(script, server.Endpoint)).RootElement;

        var whole = told.GetProperty("whole");
        Assert.Equal("<answer>contentment</answer>", whole.GetProperty("content").GetString());
        Assert.Equal(" a dog in the sun.", whole.GetProperty("reasoning").GetString());
        Assert.Equal(" a dog in the sun.", whole.GetProperty("reasoning_content").GetString());
        var stream = told.GetProperty("stream");
        Assert.Equal("<answer>contentment</answer>", stream.GetProperty("content").GetString());
        Assert.Equal(" a dog in the sun.", stream.GetProperty("reasoning").GetString());
        Assert.Equal(106, stream.GetProperty("tokens").GetInt32());
        Assert.Equal("RateLimitError 429 1", told.GetProperty("limited").GetString());
        Assert.Equal("AuthenticationError 401", told.GetProperty("stranger").GetString());
    }

    private const string Script = """
        import OpenAI from 'openai';
        const baseURL = process.argv[2];
        const client = new OpenAI({ baseURL, apiKey: 'sk-fake', maxRetries: 0 });
        const ask = text => ({ model: 'fake-vl-7b', messages: [{ role: 'system', content: 'Look.' }, { role: 'user', content: [
          { type: 'text', text },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } } ] }] });
        const whole = (await client.chat.completions.create(ask('what?'))).choices[0].message;
        const stream = { content: '', reasoning: '', tokens: 0 };
        for await (const chunk of await client.chat.completions.create(
          { ...ask('what?'), stream: true, stream_options: { include_usage: true } })) {
          stream.content += chunk.choices[0]?.delta.content ?? '';
          stream.reasoning += chunk.choices[0]?.delta.reasoning ?? '';
          stream.tokens = chunk.usage?.total_tokens ?? stream.tokens;
        }
        const limited = await client.chat.completions.create(ask('limit me')).catch(
          e => `${e.constructor.name} ${e.status} ${e.headers.get('retry-after')}`);
        const stranger = await new OpenAI({ baseURL, apiKey: 'sk-other', maxRetries: 0 }).chat.completions.create(ask('what?'))
          .catch(e => `${e.constructor.name} ${e.status}`);
        console.log(JSON.stringify({ whole, stream, limited, stranger }));
        """;

    private async Task InstallNodeClient()
    {
        var modules = _folder.In("node_modules");
        Directory.CreateDirectory(modules);
        await using var file = File.OpenRead(NodeClient.Fetch(NpmPackage.DefaultCache));
        await using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        await TarFile.ExtractToDirectoryAsync(unzipped, modules, overwriteFiles: false, Stop);
        Directory.Move(Path.Combine(modules, "package"), Path.Combine(modules, "openai"));
    }

    private static async Task<string> Node(string script, string endpoint)
    {
        var start = new ProcessStartInfo("node")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { script, endpoint },
        };
        using var node = Process.Start(start)!;
        var errors = node.StandardError.ReadToEndAsync(Stop);
        var output = await node.StandardOutput.ReadToEndAsync(Stop);
        await node.WaitForExitAsync(Stop);
        Assert.True(node.ExitCode == 0, await errors);
        return output;
    }

    private static ChatClient Client(
        FakeTeacherServer server,
        string key = Key,
        string model = FakeTeacherServer.Model
    ) =>
        new(
            model,
            new ApiKeyCredential(key),
            new OpenAIClientOptions
            {
                Endpoint = new Uri(server.Endpoint),
                RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            }
        );

    private UserChatMessage Question() =>
        new(
            ChatMessageContentPart.CreateTextPart("What does it show?"),
            ChatMessageContentPart.CreateImagePart(
                BinaryData.FromBytes(File.ReadAllBytes(TeacherTesting.Picture(_folder))),
                "image/png"
            )
        );
}
