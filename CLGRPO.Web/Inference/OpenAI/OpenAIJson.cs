using System.Text.Encodings.Web;
using System.Text.Json;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>How answers are written: letters as they are, since they go to programs and never into a page.</summary>
internal static class OpenAIJson
{
    public static JsonSerializerOptions Options { get; } =
        new(JsonSerializerOptions.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
