using System.Text.Encodings.Web;
using System.Text.Json;
using CLGRPO.Data.Images;

namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>A question with an image, as it is sent.</summary>
/// <param name="System">Empty for none.</param>
/// <param name="Seed">Sent as its lower 31 bits, which every server takes.</param>
/// <param name="Logprobs">Ask for log-probabilities.</param>
/// <param name="Stream">Let the answer come in pieces: a stall is seen early.</param>
internal sealed record ChatRequest(
    string Model,
    string System,
    string Text,
    TeacherImage Image,
    int MaxCompletionTokens,
    double Temperature,
    double TopP,
    long Seed,
    bool Logprobs = false,
    bool Stream = true
)
{
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream(Image.Bytes.Length * 4 / 3 + 4096);
        // Relaxed: base64 is full of '+', which the strict encoder makes six characters of.
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            json.WriteString("model", Model);
            WriteMessages(json);
            json.WriteNumber("max_completion_tokens", MaxCompletionTokens);
            json.WriteNumber("temperature", Temperature);
            json.WriteNumber("top_p", TopP);
            json.WriteNumber("seed", Seed & int.MaxValue);
            json.WriteBoolean("stream", Stream);
            if (Stream)
            {
                json.WriteStartObject("stream_options");
                json.WriteBoolean("include_usage", value: true);
                json.WriteEndObject();
            }
            if (Logprobs)
            {
                json.WriteBoolean("logprobs", value: true);
            }
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private void WriteMessages(Utf8JsonWriter json)
    {
        json.WriteStartArray("messages");
        if (System.Length > 0)
        {
            json.WriteStartObject();
            json.WriteString("role", "system");
            json.WriteString("content", System);
            json.WriteEndObject();
        }
        json.WriteStartObject();
        json.WriteString("role", "user");
        json.WriteStartArray("content");
        json.WriteStartObject();
        json.WriteString("type", "image_url");
        json.WriteStartObject("image_url");
        json.WriteString("url", Image.ToDataUrl());
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject();
        json.WriteString("type", "text");
        json.WriteString("text", Text);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
