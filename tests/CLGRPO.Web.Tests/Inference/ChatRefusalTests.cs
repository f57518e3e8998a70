using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CLGRPO.Web.Tests.Inference;

/// <summary>What <c>/v1</c> refuses, and how it says so.</summary>
[Collection(nameof(InferenceSite))]
public sealed class ChatRefusalTests(InferenceSite site)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [Trait("Id", "A-API-1")]
    [InlineData("n", "0", "n")]
    [InlineData("n", "9", "n")]
    [InlineData("n", "1.5", "n")]
    [InlineData("n", "\"2\"", "n")]
    [InlineData("temperature", "-1", "temperature")]
    [InlineData("temperature", "1e400", "temperature")]
    [InlineData("temperature", "\"hot\"", "temperature")]
    [InlineData("temperature", "NaN", null)]
    [InlineData("top_p", "0", "top_p")]
    [InlineData("top_p", "1.1", "top_p")]
    [InlineData("seed", "99999999999999999999", "seed")]
    [InlineData("max_tokens", "0", "max_completion_tokens")]
    [InlineData("max_completion_tokens", "-1", "max_completion_tokens")]
    [InlineData("max_completion_tokens", "999999", "max_completion_tokens")]
    [InlineData("top_logprobs", "3", "top_logprobs")]
    [InlineData("top_logprobs", "21", "top_logprobs")]
    [InlineData("stop", "[\"\"]", "stop")]
    [InlineData("stop", "7", "stop")]
    [InlineData("stop", "[1,2,3]", "stop")]
    [InlineData("reasoning_effort", "\"extreme\"", "reasoning_effort")]
    [InlineData("chat_template", "\"{{ messages }}\"", "chat_template")]
    [InlineData("chat_template_kwargs", "{\"other\":1}", "chat_template_kwargs")]
    [InlineData("stream", "\"yes\"", "stream")]
    [InlineData("stream_options", "{\"include_usage\":1}", "stream_options.include_usage")]
    [InlineData("model", "5", "model")]
    [InlineData("messages", "[]", "messages")]
    [InlineData("messages", "\"hello\"", "messages")]
    [InlineData("messages", "[{\"role\":\"pirate\",\"content\":\"x\"}]", "messages")]
    [InlineData("messages", "[{\"role\":\"user\",\"content\":7}]", "messages")]
    [InlineData("messages", "[{\"role\":\"user\",\"content\":[{\"type\":\"video\"}]}]", "messages")]
    [InlineData("messages", "[{\"role\":\"assistant\",\"content\":\"x\"}]", "messages")]
    [InlineData("messages", "[{\"role\":\"user\",\"content\":\"\\ud800\"}]", null)]
    public async Task Ask_ImpossibleField_Is400AndNamesIt(string field, string value, string? parameter)
    {
        var question = site.Question();
        question.Remove(field);
        question.Remove("max_tokens");
        var body = question.ToJsonString()[..^1] + $",\"{field}\":{value}}}";

        var (status, error) = await Send(body);

        Assert.True(status == HttpStatusCode.BadRequest, error.ToString());
        if (parameter is not null && parameter != "max_completion_tokens")
            Assert.Equal(parameter, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(400, error.GetProperty("code").GetInt32());
        AssertOwnWords(error);
    }

    [Theory]
    [Trait("Id", "A-API-1")]
    [InlineData("", 400)]
    [InlineData("[]", 400)]
    [InlineData("{\"messages\":", 400)]
    [InlineData("{\"n\":1,\"n\":2,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 400)]
    public async Task Ask_BodyThatIsNone_Is400(string body, int status)
    {
        var (answered, error) = await Send(body);

        Assert.Equal(status, (int)answered);
        AssertOwnWords(error);
    }

    [Fact]
    [Trait("Id", "A-API-1")]
    public async Task Ask_NestedDeep_Is400()
    {
        var (status, error) = await Send("{\"x\":" + new string('[', 200_000));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        AssertOwnWords(error);
    }

    [Theory]
    [Trait("Id", "A-SSRF-2")]
    [InlineData("http://127.0.0.1:1/picture.png")]
    [InlineData("https://example.com/picture.png")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("//127.0.0.1/x")]
    [InlineData("")]
    public async Task Ask_RemoteImage_IsRefused(string url)
    {
        var (status, error) = await Send(WithImage(url).ToJsonString());

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("data URLs alone", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Id", "A-IMG-1")]
    [InlineData("data:image/png,plain")]
    [InlineData("data:image/png;base64,%%%")]
    [InlineData("data:image/png;base64,aGVsbG8=")]
    [InlineData("data:image/svg+xml;base64,PHN2Zy8+")]
    [InlineData("data:image/png;base64,iVBORw0KGgo=")]
    public async Task Ask_WithoutAPicture_Is400(string url)
    {
        var (status, error) = await Send(WithImage(url).ToJsonString());

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("messages", error.GetProperty("param").GetString());
        AssertOwnWords(error);
    }

    [Theory]
    [Trait("Id", "A-IMG-1")]
    [InlineData(50_000, 50_000)]
    [InlineData(1, 8_000_000)]
    public async Task Ask_PictureThatClaimsTooMuch_Is400BeforeItIsDecoded(int width, int height)
    {
        var (status, error) = await Send(WithImage("data:image/png;base64," + PngOf(width, height)).ToJsonString());

        Assert.Equal(HttpStatusCode.BadRequest, status);
        AssertOwnWords(error);
    }

    [Fact]
    [Trait("Id", "A-UP-1")]
    public async Task Ask_LargeImageOrBody_Is413()
    {
        var image = "data:image/png;base64," + Convert.ToBase64String(new byte[(10 << 20) + 3]);
        var (ofImage, imageError) = await Send(WithImage(image).ToJsonString());
        var (ofBody, bodyError) = await Send("{\"x\":\"" + new string('a', 33 << 20) + "\"}");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, ofImage);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, ofBody);
        AssertOwnWords(imageError);
        AssertOwnWords(bodyError);
    }

    [Fact]
    public async Task Ask_NineImages_Is400()
    {
        var question = site.Question();
        var content = question["messages"]![0]!["content"]!.AsArray();
        for (var i = 0; i < 8; i++)
            content.Insert(0, content[0]!.DeepClone());
        var (status, _) = await Send(question.ToJsonString());

        Assert.Equal(HttpStatusCode.BadRequest, status);
    }

    [Theory]
    [Trait("Id", "A-AUTH-1")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/v1/models/asked")]
    [InlineData("POST", "/v1/chat/completions")]
    [InlineData("GET", "/v1/nothing")]
    public async Task Request_WithoutAKey_Is401InOpenAIsWords(string method, string path)
    {
        var (answer, error) = await Send(null, method, path);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("authentication_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("GET", "/v1/models", null, 403, "permission_error")]
    [InlineData("GET", "/v1/nothing", "key", 404, "not_found_error")]
    [InlineData("GET", "/v1/models/..%2F..%2Fetc", "key", 404, "not_found_error")]
    [InlineData("GET", "/v1/models/asked%2F..%2Fasked", "key", 404, "not_found_error")]
    [InlineData("GET", "/v1/models/models%2F..", "key", 404, "not_found_error")]
    [InlineData("PUT", "/v1/models", "key", 404, "not_found_error")]
    [InlineData("POST", "/v1/chat/completions", "key", 415, "invalid_request_error")]
    public async Task Request_Refused_IsInOpenAIsWords(string method, string path, string? key, int status, string type)
    {
        var (answer, error) = await Send(key is null ? site.OtherKey : site.Key, method, path);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(type, error.GetProperty("type").GetString());
        Assert.Equal(status, error.GetProperty("code").GetInt32());
        Assert.False(string.IsNullOrWhiteSpace(error.GetProperty("message").GetString()));
    }

    [Theory]
    [InlineData("../../../etc")]
    [InlineData("asked/../asked")]
    [InlineData("asked/step-9999999")]
    [InlineData("models/../runs/asked")]
    [InlineData("/tmp")]
    public async Task Ask_ModelThatIsNone_Is404(string model)
    {
        var (status, error) = await Send(site.Question(("model", model)).ToJsonString());

        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("model", error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task Ask_WithStopAndUnknownFields_EndsBeforeTheStop()
    {
        var answer = await site.Ask(
            site.Question(("stop", new JsonArray("</think>", "never")), ("user", "someone"), ("store", true))
        );

        var choice = answer.GetProperty("choices")[0];
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal("</think>", choice.GetProperty("stop_reason").GetString());
        Assert.Equal("", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.EndsWith(
            ".",
            choice.GetProperty("message").GetProperty("reasoning").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Ask_WithAFewTokens_IsCutAtTheLimit()
    {
        var answer = await site.Ask(site.Question(("max_completion_tokens", 5)));

        Assert.Equal("length", answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(5, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Ask_NotToThink_BeginsWithTheAnswer()
    {
        var answer = await site.Ask(
            site.Question(("chat_template_kwargs", JsonNode.Parse("""{"enable_thinking":false}""")))
        );

        var message = answer.GetProperty("choices")[0].GetProperty("message");
        Assert.StartsWith("<answer>", message.GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.False(message.TryGetProperty("reasoning", out _));
    }

    private static void AssertOwnWords(JsonElement error)
    {
        var message = error.GetProperty("message").GetString()!;
        Assert.DoesNotContain("Exception", message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("/tmp", message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 10, 400);
    }

    private JsonObject WithImage(string url)
    {
        var question = site.Question();
        question["messages"]![0]!["content"]![0]!["image_url"]!["url"] = url;
        return question;
    }

    /// <summary>A PNG of a header alone.</summary>
    private static string PngOf(int width, int height)
    {
        var header = new byte[13];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header, width);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        byte[] typed = [.. "IHDR"u8, .. header];
        var crc = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(crc, Crc(typed));
        return Convert.ToBase64String([0x89, .. "PNG\r\n\x1a\n"u8, 0, 0, 0, 13, .. typed, .. crc]);
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }

    private async Task<(HttpStatusCode Status, JsonElement Error)> Send(string body)
    {
        using var client = site.Client(site.Key);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.ExpectContinue = body.Length > 1 << 20; // so that a refusal is read, not run into
        using var answer = await client.SendAsync(request, Stop);
        return (answer.StatusCode, await ErrorOf(answer));
    }

    private async Task<(HttpResponseMessage Answer, JsonElement Error)> Send(string? key, string method, string path)
    {
        using var client = site.Client(key);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        var answer = await client.SendAsync(request, Stop);
        return (answer, await ErrorOf(answer));
    }

    private static async Task<JsonElement> ErrorOf(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(text.StartsWith("{\"error\":", StringComparison.Ordinal), $"{answer.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement.GetProperty("error");
    }
}
