using System.Text.Json;
using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>Makes the rows of what asking came to.</summary>
internal sealed class CotRows(JobSetup setup, CotQuestions questions, CotJudge judge)
{
    /// <summary>What a generator wrote, with all that its text alone shows to be wrong.</summary>
    public CotRecord RecordOf(StoredSample sample, int round, StoredTeacher teacher, CotOutcome outcome)
    {
        var form = outcome.Answer is { } answer
            ? ReplyForm.Of(answer.Reply, sample.Dataset!.Labels)
            : new ReplyForm("", null, null, CotReasons.TeacherFailed + outcome.Failure);
        List<string> faults = [.. judge.Faults(form, sample)];
        return new CotRecord
        {
            SampleId = sample.Id,
            JobId = setup.Job.Id,
            Attempt = round,
            Teacher = teacher.Name,
            Model = teacher.Model,
            PromptId = questions.Generate.Id,
            Sampling = SamplingOf(teacher),
            PromptTokens = outcome.Answer?.Call.PromptTokens ?? 0,
            CompletionTokens = outcome.Answer?.Call.CompletionTokens ?? 0,
            Cost = outcome.Answer?.Call.Cost ?? 0,
            Seconds = outcome.Answer?.Call.Seconds ?? 0,
            RawReply = outcome.Answer?.Reply.Raw,
            Completion = form.Completion,
            State = faults.Count == 0 ? CotState.Candidate : CotState.Rejected,
            Reasons = faults,
            CreatedAt = setup.Time.GetUtcNow().UtcDateTime,
        };
    }

    /// <summary>What a verifier judged.</summary>
    public CotVote VoteOf(StoredSample sample, CotRecord record, StoredTeacher teacher, CotOutcome outcome)
    {
        var label = outcome.Answer is { } answer ? ReplyForm.AnswerOf(answer.Reply, sample.Dataset!.Labels) : null;
        return new CotVote
        {
            RecordId = record.Id,
            Teacher = teacher.Name,
            Model = teacher.Model,
            PromptId = questions.Verify.Id,
            Label = label,
            Agrees = label == sample.Label,
            Failure = outcome.Failure,
            PromptTokens = outcome.Answer?.Call.PromptTokens ?? 0,
            CompletionTokens = outcome.Answer?.Call.CompletionTokens ?? 0,
            Cost = outcome.Answer?.Call.Cost ?? 0,
            Seconds = outcome.Answer?.Call.Seconds ?? 0,
            RawReply = outcome.Answer?.Reply.Raw,
            CreatedAt = setup.Time.GetUtcNow().UtcDateTime,
        };
    }

    private static string SamplingOf(StoredTeacher teacher) =>
        JsonSerializer.Serialize(
            new
            {
                temperature = teacher.Temperature,
                top_p = teacher.TopP,
                max_completion_tokens = teacher.MaxCompletionTokens,
                max_image_side = teacher.MaxImageSide,
            }
        );
}

/// <summary>What asking came to: an answer, or why there is none.</summary>
internal sealed record CotOutcome(TeacherAnswer? Answer, string? Failure)
{
    /// <summary>The row with the request that brought it; failed requests are written as they fail.</summary>
    public object[] WithCall(object row) => Answer is { } answer ? [row, answer.Call] : [row];
}
