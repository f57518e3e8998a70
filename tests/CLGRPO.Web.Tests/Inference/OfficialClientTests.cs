using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using CLGRPO.Data.Files;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;

namespace CLGRPO.Web.Tests.Inference;

/// <summary>The official clients of OpenAI against the whole site and a trained model.</summary>
[Trait("Id", "T3.1")]
[Collection(nameof(InferenceSite))]
public sealed class OfficialClientTests(InferenceSite site) : IDisposable
{
    private const string Prompt = "Which emotion? Think first.";
    private static readonly NpmPackage NodePackage = new(
        "openai",
        "7.55.0",
        "0dfe04d620754817721c04511c6425731f1bf132699e4fe9377ca966a14a6971"
    );
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task DotNetClient_WholeAnswer_IsWhatTheCommandLineWrites()
    {
        ChatCompletion completion = await Client()
            .CompleteChatAsync(
                [Question()],
                new ChatCompletionOptions
                {
                    Temperature = 0,
                    IncludeLogProbabilities = true,
                    TopLogProbabilityCount = 3,
                },
                Stop
            );

        var written = await Generate();
        Assert.Equal(written.Split("</think>")[1], completion.Content.Single().Text);
        Assert.Equal(ChatFinishReason.Stop, completion.FinishReason);
        Assert.Equal(InferenceSite.Run, completion.Model);
        Assert.Equal(completion.Usage.OutputTokenCount, completion.ContentTokenLogProbabilities.Count);
        Assert.InRange(
            completion.Usage.OutputTokenDetails.ReasoningTokenCount,
            5,
            completion.Usage.OutputTokenCount - 3
        );
        Assert.All(completion.ContentTokenLogProbabilities, token => Assert.Equal(3, token.TopLogProbabilities.Count));
        Assert.All(
            completion.ContentTokenLogProbabilities,
            token => Assert.Equal(token.LogProbability, token.TopLogProbabilities[0].LogProbability, 1e-4)
        );
        var bytes = completion.ContentTokenLogProbabilities.SelectMany(token => token.Utf8Bytes!.Value.ToArray());
        Assert.Equal(written, System.Text.Encoding.UTF8.GetString(bytes.ToArray()));
    }

    [Fact]
    public async Task DotNetClient_Stream_IsWhatTheCommandLineWrites()
    {
        var (text, finish, usage) = ("", (ChatFinishReason?)null, (ChatTokenUsage?)null);
        var updates = Client()
            .CompleteChatStreamingAsync([Question()], new ChatCompletionOptions { Temperature = 0 }, Stop);
        await foreach (var update in updates)
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish = update.FinishReason ?? finish;
            usage = update.Usage ?? usage;
        }

        Assert.Equal(((await Generate()).Split("</think>")[1], ChatFinishReason.Stop), (text, finish));
        Assert.Equal(usage!.InputTokenCount + usage.OutputTokenCount, usage.TotalTokenCount);
    }

    [Fact]
    public async Task DotNetClient_Models_AreListedAndFoundByName()
    {
        var client = new OpenAIModelClient(new ApiKeyCredential(site.Key), Options());
        var all = (await client.GetModelsAsync(Stop)).Value.Select(model => model.Id).ToList();

        Assert.Equal(
            ["asked", $"asked/{InferenceSite.Checkpoint}", "asked/step-0000060"],
            all.Where(id => id.StartsWith("asked", StringComparison.Ordinal))
        );
        Assert.Equal("models/copy", all[^1]);
        foreach (var id in all)
            Assert.Equal(id, (await client.GetModelAsync(id, Stop)).Value.Id);
    }

    [Theory]
    [InlineData(401, "clg_strange", InferenceSite.Run)]
    [InlineData(404, null, "no-such-model")]
    public async Task DotNetClient_Refused_SeesTheStatus(int status, string? key, string model)
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(() =>
            Client(key, model).CompleteChatAsync([Question()], null, Stop)
        );

        Assert.Equal(status, error.Status);
    }

    [Fact]
    public async Task NodeClient_Everything_IsUnderstood()
    {
        await InstallNodeClient();
        var script = Path.Combine(_folder.Path, "ask.mjs");
        await File.WriteAllTextAsync(script, Script, Stop);

        var told = JsonDocument.Parse(await Node(script)).RootElement;

        var written = (await Generate()).Split("</think>");
        var whole = told.GetProperty("whole");
        Assert.Equal(written[1], whole.GetProperty("content").GetString());
        Assert.Equal(written[0], "<think>" + whole.GetProperty("reasoning").GetString());
        Assert.Equal(written[0], "<think>" + whole.GetProperty("reasoning_content").GetString());
        Assert.Equal("assistant", whole.GetProperty("role").GetString());
        var stream = told.GetProperty("stream");
        Assert.Equal(written[1], stream.GetProperty("content").GetString());
        Assert.Equal(written[0], "<think>" + stream.GetProperty("reasoning").GetString());
        Assert.Equal(told.GetProperty("usage").GetRawText(), stream.GetProperty("usage").GetRawText());
        Assert.Equal(["stop", "stop"], told.GetProperty("finish").EnumerateArray().Select(one => one.GetString()));
        Assert.Equal(2, told.GetProperty("many").EnumerateArray().Select(one => one.GetString()).Distinct().Count());
        Assert.Equal(told.GetProperty("many").GetRawText(), told.GetProperty("again").GetRawText());
        Assert.Equal("asked/step-0000120", told.GetProperty("model").GetString());
        Assert.Contains("models/copy", told.GetProperty("models").EnumerateArray().Select(one => one.GetString()));
        Assert.Equal("AuthenticationError 401", told.GetProperty("stranger").GetString());
        Assert.Equal("NotFoundError 404 model", told.GetProperty("nobody").GetString());
        Assert.Equal("BadRequestError 400 n", told.GetProperty("greedy").GetString());
    }

    private const string Script = """
        import OpenAI from 'openai';
        import fs from 'node:fs';
        const [, , baseURL, apiKey, image] = process.argv;
        const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
        const url = 'data:image/png;base64,' + fs.readFileSync(image).toString('base64');
        const question = { model: 'asked', temperature: 0, messages: [{ role: 'user', content: [
          { type: 'image_url', image_url: { url } }, { type: 'text', text: 'Which emotion? Think first.' } ] }] };
        const create = more => client.chat.completions.create({ ...question, ...more });
        const answer = await create({});
        const stream = { content: '', reasoning: '', usage: null };
        const finish = [answer.choices[0].finish_reason];
        for await (const chunk of await create({ stream: true, stream_options: { include_usage: true } })) {
          stream.content += chunk.choices[0]?.delta.content ?? '';
          stream.reasoning += chunk.choices[0]?.delta.reasoning ?? '';
          stream.usage = chunk.usage ?? stream.usage;
          if (chunk.choices[0]?.finish_reason) finish.push(chunk.choices[0].finish_reason);
        }
        const texts = async () => (await create({ n: 2, temperature: 1, seed: 7 })).choices.map(
          one => one.message.reasoning + '|' + one.message.content);
        const fault = promise => promise.then(() => 'none', e => `${e.constructor.name} ${e.status} ${e.param ?? ''}`.trim());
        const models = [];
        for await (const model of client.models.list()) models.push(model.id);
        console.log(JSON.stringify({
          whole: answer.choices[0].message, usage: answer.usage, stream, finish, models,
          many: await texts(), again: await texts(),
          model: (await client.models.retrieve('asked/step-0000120')).id,
          stranger: await fault(new OpenAI({ baseURL, apiKey: 'clg_no', maxRetries: 0 }).models.list()),
          nobody: await fault(create({ model: 'nobody' })),
          greedy: await fault(create({ n: 9 })),
        }));
        """;

    private Task<string> Generate() =>
        InferenceSite.Clgrpo([
            "generate",
            "--model",
            site.CheckpointPath,
            "--image",
            site.ImagePath,
            "--prompt",
            Prompt,
        ]);

    private async Task InstallNodeClient()
    {
        var modules = Path.Combine(_folder.Path, "node_modules");
        Directory.CreateDirectory(modules);
        await using var file = File.OpenRead(NodePackage.Fetch(NpmPackage.DefaultCache));
        await using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        await TarFile.ExtractToDirectoryAsync(unzipped, modules, overwriteFiles: false, Stop);
        Directory.Move(Path.Combine(modules, "package"), Path.Combine(modules, "openai"));
    }

    private async Task<string> Node(string script)
    {
        var start = new ProcessStartInfo("node", [script, $"{site.Address}v1", site.Key, site.ImagePath])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        var errors = node.StandardError.ReadToEndAsync(Stop);
        var output = await node.StandardOutput.ReadToEndAsync(Stop);
        await node.WaitForExitAsync(Stop);
        Assert.True(node.ExitCode == 0, await errors);
        return output;
    }

    private OpenAIClientOptions Options() =>
        new() { Endpoint = new Uri(site.Address, "v1"), RetryPolicy = new ClientRetryPolicy(maxRetries: 0) };

    private ChatClient Client(string? key = null, string model = InferenceSite.Run) =>
        new(model, new ApiKeyCredential(key ?? site.Key), Options());

    private UserChatMessage Question() =>
        new(
            ChatMessageContentPart.CreateImagePart(
                BinaryData.FromBytes(File.ReadAllBytes(site.ImagePath)),
                "image/png"
            ),
            ChatMessageContentPart.CreateTextPart(Prompt)
        );
}
