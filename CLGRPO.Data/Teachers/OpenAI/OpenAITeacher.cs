using CLGRPO.Data.Images;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>A teacher behind an OpenAI-compatible endpoint: vLLM, SGLang, llama.cpp, Ollama, a cloud.</summary>
internal sealed class OpenAITeacher(StoredTeacher settings, ChatClient client) : ITeacher, IDisposable
{
    public StoredTeacher Settings { get; } = settings;

    /// <exception cref="ImageException">The sample's image is damaged.</exception>
    public async Task<TeacherReply> Ask(TeacherQuestion question, CancellationToken stop)
    {
        var reply = await Send(question, logprobs: false, stop);
        return new TeacherReply(
            reply.Reasoning,
            reply.Content,
            reply.Truncated,
            reply.PromptTokens ?? 0,
            reply.CompletionTokens ?? 0,
            reply.Raw
        );
    }

    /// <summary>Asks for all that the endpoint can tell.</summary>
    public Task<ChatReply> Send(TeacherQuestion question, bool logprobs, CancellationToken stop) =>
        client.Send(
            new ChatRequest(
                Settings.Model,
                question.System,
                question.Text,
                TeacherImage.Read(question.ImagePath, Settings.MaxImageSide),
                Settings.MaxCompletionTokens,
                Settings.Temperature,
                Settings.TopP,
                question.Seed,
                logprobs
            ),
            stop
        );

    public void Dispose() => client.Dispose();
}
