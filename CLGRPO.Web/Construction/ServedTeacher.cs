using System.Security.Claims;
using System.Text;
using CLGRPO.Data.Images;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Web.Inference;

namespace CLGRPO.Web.Construction;

/// <summary>
/// A checkpoint of our own as a teacher, asked through the same process as the playground. A checkpoint of a run is asked what it was trained
/// to answer; to judge a reasoning, it goes on where the reasoning ends and gives the answer. Any other model is asked the construction's
/// prompts.
/// </summary>
internal sealed class ServedTeacher(StoredTeacher settings, InferenceService inference, InferenceModels models)
    : ITeacher
{
    private const string TooLong = "max_completion_tokens";

    // All teachers are one caller: a construction does not crowd out people.
    private static readonly ClaimsPrincipal Caller = new(
        new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "construction")])
    );

    public StoredTeacher Settings => settings;

    public async Task<TeacherReply> Ask(TeacherQuestion question, CancellationToken stop)
    {
        try
        {
            var model =
                models.Find(settings.Endpoint)
                ?? throw new TeacherException(
                    TeacherFault.Forbidden,
                    $"Teacher '{settings.Name}' is the checkpoint '{settings.Endpoint}', and the site has none of that name; choose another one for it."
                );
            var asked = Request(question, model, await File.ReadAllBytesAsync(question.ImagePath, stop));
            try
            {
                return await Answer(asked, stop);
            }
            catch (InferenceException fault) when (fault.Parameter == TooLong)
            {
                return await Answer(asked with { MaxTokens = null }, stop); // what fits is less
            }
        }
        catch (InferenceException fault)
        {
            throw new TeacherException(
                fault.Fault switch
                {
                    InferenceFault.Busy => TeacherFault.RateLimited,
                    InferenceFault.Late => TeacherFault.Timeout,
                    InferenceFault.Failed => TeacherFault.ServerError,
                    InferenceFault.NoModel => TeacherFault.Forbidden,
                    _ => TeacherFault.Refused,
                },
                fault.Message
            );
        }
        catch (Exception fault) when (fault is IOException or ImageException)
        {
            throw new TeacherException(TeacherFault.Refused, $"The picture cannot be read: {fault.Message}");
        }
    }

    private InferenceRequest Request(TeacherQuestion question, InferenceModel model, byte[] picture)
    {
        var image = new InferenceImage(picture);
        var isTrained = model.Run is not null;
        return new InferenceRequest
        {
            Model = model.Id,
            Messages =
                isTrained ? [new("user", [image])]
                : question.System.Length == 0 ? [new("user", [image, new InferenceText(question.Text)])]
                :
                [
                    new("system", [new InferenceText(question.System)]),
                    new("user", [image, new InferenceText(question.Text)]),
                ],
            Reasoning = isTrained ? question.Reasoning : null,
            MaxTokens = settings.MaxCompletionTokens,
            Temperature = settings.Temperature,
            TopP = settings.TopP,
            Seed = question.Seed,
        };
    }

    private async Task<TeacherReply> Answer(InferenceRequest asked, CancellationToken stop)
    {
        var (reasoning, content) = (new StringBuilder(), new StringBuilder());
        var promptTokens = 0;
        InferenceFinished? end = null;
        using var place = inference.Enter(Caller);
        await foreach (var told in inference.AskAsync(asked, place, stop))
        {
            switch (told)
            {
                case InferenceStarted started:
                    promptTokens = started.PromptTokens;
                    break;
                case InferenceDelta delta:
                    reasoning.Append(delta.Reasoning);
                    content.Append(delta.Content);
                    break;
                case InferenceFinished finished:
                    end = finished;
                    break;
            }
        }
        var think = reasoning.Length > 0 ? reasoning.ToString() : null;
        return new TeacherReply(
            think,
            content.ToString(),
            Truncated: end is not { Stopped: true },
            promptTokens,
            end?.Tokens ?? 0,
            $"{think}\n{content}"
        );
    }
}
