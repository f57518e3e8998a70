using CLGRPO.Data.Files;
using CLGRPO.Data.Images;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers.OpenAI;

namespace CLGRPO.Data.Teachers;

/// <summary>What one small image told about a teacher.</summary>
/// <param name="Seconds">From the request to the end of the answer.</param>
/// <param name="Model">As the endpoint calls it; as configured where it does not say.</param>
/// <param name="HasReasoning">A chain of thought came, apart from the answer.</param>
/// <param name="HasLogprobs">Log-probabilities came; null where they were not asked for.</param>
/// <param name="Truncated">The answer was cut off; the token limit may be too low.</param>
/// <param name="Cost">Of this request.</param>
/// <param name="Answer">The first characters of the answer; hostile text.</param>
public sealed record TeacherHealth(
    double Seconds,
    string Model,
    bool HasReasoning,
    bool? HasLogprobs,
    bool Truncated,
    double Cost,
    string Answer
)
{
    private const int ImageSide = 64;
    private const int AnswerLength = 200;

    /// <summary>Asks about a red square on white. A request, so it costs what a small question costs.</summary>
    /// <exception cref="TeacherException">There is no usable answer; the message says why.</exception>
    public static async Task<TeacherHealth> Check(ITeacher teacher, TimeProvider time, CancellationToken stop)
    {
        var path = Path.Combine(Path.GetTempPath(), $"clgrpo-check-{Guid.NewGuid():N}.png");
        try
        {
            AtomicFile.Write(path, stream => stream.Write(ImageEncoder.Png(RedSquare())));
            return await Check(teacher, Question(path), time, stop);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<TeacherHealth> Check(
        ITeacher teacher,
        TeacherQuestion question,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var clock = time.GetTimestamp();
        if (teacher is not OpenAITeacher endpoint)
        {
            var told = await teacher.Ask(question, stop);
            return new(
                time.GetElapsedTime(clock).TotalSeconds,
                teacher.Settings.Model,
                told.Reasoning is not null,
                HasLogprobs: null,
                told.Truncated,
                TeacherCost.Of(teacher.Settings, told.PromptTokens, told.CompletionTokens),
                Shorten(told.Content)
            );
        }
        var reply = await Send(endpoint, question, stop);
        return new(
            time.GetElapsedTime(clock).TotalSeconds,
            reply.Model ?? teacher.Settings.Model,
            reply.Reasoning is not null,
            reply.HasLogprobs,
            reply.Truncated,
            TeacherCost.Of(teacher.Settings, reply.PromptTokens ?? 0, reply.CompletionTokens ?? 0),
            Shorten(reply.Content)
        );
    }

    // Some endpoints refuse the question where they cannot give log-probabilities.
    private static async Task<ChatReply> Send(OpenAITeacher teacher, TeacherQuestion question, CancellationToken stop)
    {
        try
        {
            return await teacher.Send(question, logprobs: true, stop);
        }
        catch (TeacherException refused) when (refused is { Fault: TeacherFault.Refused, HttpStatus: 400 or 422 })
        {
            return await teacher.Send(question, logprobs: false, stop);
        }
    }

    private static string Shorten(string text) => text.Length <= AnswerLength ? text : text[..AnswerLength] + "…";

    private static RgbImage RedSquare()
    {
        var pixels = new byte[ImageSide * ImageSide * 3];
        Array.Fill(pixels, (byte)255);
        for (var y = ImageSide / 4; y < ImageSide * 3 / 4; y++)
        {
            for (var x = ImageSide / 4; x < ImageSide * 3 / 4; x++)
            {
                pixels.AsSpan(((y * ImageSide) + x) * 3, 3).Clear();
                pixels[((y * ImageSide) + x) * 3] = 220;
            }
        }
        return new RgbImage(ImageSide, ImageSide, pixels);
    }

    private static TeacherQuestion Question(string path) =>
        new(
            PromptPurpose.Generate,
            System: "",
            "Which colour has the square: red, green or blue? Think, then reply in the form <think>reasoning</think><answer>colour</answer>.",
            path,
            new StoredSample
            {
                Key = "check",
                KeyFolded = "CHECK",
                Image = "",
                Label = "red",
            },
            ["red", "green", "blue"],
            Reasoning: null,
            Seed: 1
        );
}
