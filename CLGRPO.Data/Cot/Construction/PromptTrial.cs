using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>A check of a text on trial.</summary>
/// <param name="Name">form, length, leakage or attributes.</param>
/// <param name="Passed">null where a broken form kept it from being looked at.</param>
/// <param name="Detail">What is wrong; null where nothing is.</param>
public sealed record TrialCheck(string Name, bool? Passed, string? Detail);

/// <summary>What one of the prompts brought.</summary>
/// <param name="Prompt">name@version, or <c>draft</c>.</param>
/// <param name="Question">The prompt as it was sent.</param>
/// <param name="Text">The reasoning, or the reply as far as it could be read; null where there was no answer.</param>
/// <param name="Leak">The words of the text that give the label away.</param>
/// <param name="Failure">Why there is no answer.</param>
public sealed record TrialSide(
    string Prompt,
    string Question,
    string? Text,
    string? Answer,
    string? Leak,
    IReadOnlyList<TrialCheck> Checks,
    IReadOnlyList<DecisionVote> Votes,
    int CompletionTokens,
    double Seconds,
    double Cost,
    string? Failure
);

/// <summary>Two prompts about the same picture, from the same teacher with the same seed.</summary>
public sealed record TrialReport(long SampleId, string Label, TrialSide First, TrialSide Second);

/// <summary>A prompt to be tried: a stored version, or a text that is not stored.</summary>
/// <param name="Reference">name@version; null for a draft.</param>
/// <param name="System">Of a draft.</param>
/// <param name="Text">Of a draft.</param>
public sealed record TrialPrompt(string? Reference, string System = "", string Text = "");

/// <summary>What is to be tried.</summary>
/// <param name="SampleId">The picture.</param>
/// <param name="Teacher">Who writes, with both prompts.</param>
/// <param name="Verifiers">Who votes, on both texts; the writer does not.</param>
/// <param name="Seed">Of the requests.</param>
public sealed record TrialRequest(
    long SampleId,
    string Teacher,
    IReadOnlyList<string> Verifiers,
    TrialPrompt First,
    TrialPrompt Second,
    long Seed = 0
);

/// <summary>Tries two prompts on one picture. Nothing becomes a record; what it costs is on the teachers' account.</summary>
/// <param name="root">The data sets root, where pictures lie.</param>
/// <param name="openDesk">Opens a teacher's desk: the teacher, where its requests are recorded, what it has cost so far.</param>
public sealed class PromptTrial(
    IDbContextFactory<StoreContext> store,
    string root,
    Func<StoredTeacher, ITeacherCallLog, double, TeacherDesk> openDesk
)
{
    /// <exception cref="ConstructionException">A prompt, teacher or sample is not there, or a draft cannot serve.</exception>
    public async Task<TrialReport> Run(TrialRequest asked, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var sample =
            await context
                .Samples.AsNoTracking()
                .Include(sample => sample.Dataset)
                .Include(sample => sample.Attributes)
                    .ThenInclude(attribute => attribute.Value)
                .SingleOrDefaultAsync(sample => sample.Id == asked.SampleId, stop)
            ?? throw new ConstructionException($"There is no sample {asked.SampleId}.");
        List<string> verifiers =
        [
            .. asked.Verifiers.Distinct(StringComparer.Ordinal).Where(name => name != asked.Teacher),
        ];
        var config = new ConstructionConfig
        {
            Generators = [asked.Teacher],
            Verifiers = verifiers,
            Quorum = Math.Min(1, verifiers.Count),
            Seed = asked.Seed,
            Contradictions = ContradictionRule.Reject,
            NearDuplicate = 0,
        };
        await JobSetup.AddBuiltInPrompts(context, DateTime.UtcNow);
        var parts = await JobSetup.Find(context, sample.Dataset!.Name, config);
        if (parts.Problems.Count > 0)
            throw new ConstructionException("The trial cannot begin: " + string.Join("; ", parts.Problems) + ".");
        var judge = new CotJudge(config, sample.Dataset, await JobSetup.VocabularyOf(context, sample.DatasetId));
        var spent = await context
            .Calls.Where(call => call.Teacher == asked.Teacher || verifiers.Contains(call.Teacher))
            .GroupBy(call => call.Teacher)
            .ToDictionaryAsync(calls => calls.Key, calls => calls.Sum(call => call.Cost), StringComparer.Ordinal, stop);
        var desks = new Dictionary<string, TeacherDesk>(StringComparer.Ordinal);
        try
        {
            foreach (var teacher in parts.Teachers)
                desks.Add(teacher.Name, openDesk(teacher, new CallLog(store), spent.GetValueOrDefault(teacher.Name)));
            var first = await PromptOf(context, asked.First);
            var second = await PromptOf(context, asked.Second);
            var sides = new Sides(config, sample, judge, desks, root, parts.Verify!);
            return new TrialReport(
                sample.Id,
                sample.Label,
                await sides.Try(first, stop),
                await sides.Try(second, stop)
            );
        }
        finally
        {
            foreach (var desk in desks.Values)
                desk.Dispose();
        }
    }

    private static async Task<PromptTemplate> PromptOf(StoreContext context, TrialPrompt asked)
    {
        if (asked.Reference is { } reference)
        {
            var problems = new List<string>();
            return
                await JobSetup.FindPrompt(context, reference, PromptPurpose.Generate, problems) is { } found
                && problems.Count == 0
                ? found
                : throw new ConstructionException(string.Join("; ", problems) + ".");
        }
        if (PromptText.Problem(PromptPurpose.Generate, asked.Text) is { } problem)
            throw new ConstructionException(problem);
        return new PromptTemplate
        {
            Name = "draft",
            Purpose = PromptPurpose.Generate,
            System = asked.System.ReplaceLineEndings("\n").Trim(),
            Text = asked.Text.ReplaceLineEndings("\n").Trim(),
            CreatedBy = "",
        };
    }

    private sealed class Sides(
        ConstructionConfig config,
        StoredSample sample,
        CotJudge judge,
        Dictionary<string, TeacherDesk> desks,
        string root,
        PromptTemplate verify
    )
    {
        public async Task<TrialSide> Try(PromptTemplate prompt, CancellationToken stop)
        {
            var questions = new CotQuestions(config, sample.Dataset!, prompt, verify, root);
            var question = questions.ToGenerate(sample, attempt: 0);
            var name = prompt.Version == 0 ? prompt.Name : $"{prompt.Name}@{prompt.Version}";
            TeacherAnswer answer;
            try
            {
                answer = await desks[config.Generators[0]].Ask(question, new TeacherErrand(JobId: null, 0), stop);
            }
            catch (TeacherException fault)
            {
                return new TrialSide(name, question.Text, null, null, null, [], [], 0, 0, 0, fault.Message);
            }
            var form = ReplyForm.Of(answer.Reply, sample.Dataset!.Labels);
            List<string> faults = [.. judge.Faults(form, sample)];
            var votes = form.Problem is null ? await Verify(questions, form.Think!, stop) : [];
            return new TrialSide(
                name,
                question.Text,
                form.Think ?? form.Completion,
                form.Label,
                form.Think is null ? null : LabelLeak.Find(form.Think),
                Checks(form, faults),
                votes,
                answer.Call.CompletionTokens,
                answer.Call.Seconds,
                answer.Call.Cost,
                Failure: null
            );
        }

        private async Task<IReadOnlyList<DecisionVote>> Verify(
            CotQuestions questions,
            string think,
            CancellationToken stop
        ) =>
            await Task.WhenAll(
                config.Verifiers.Select(async verifier =>
                {
                    try
                    {
                        var question = questions.ToVerify(sample, attempt: 0, verifier, think);
                        var answer = await desks[verifier].Ask(question, new TeacherErrand(JobId: null, 0), stop);
                        var label = ReplyForm.AnswerOf(answer.Reply, sample.Dataset!.Labels);
                        return new DecisionVote(verifier, label == sample.Label, label, Failure: null);
                    }
                    catch (TeacherException fault)
                    {
                        return new DecisionVote(verifier, Agrees: false, null, TeacherOutcome.Of(fault.Fault));
                    }
                })
            );

        private static IReadOnlyList<TrialCheck> Checks(ReplyForm form, List<string> faults)
        {
            var isWhole = form.Problem is null;
            TrialCheck Check(string name, Func<string, bool> concerns, bool looked)
            {
                var found = faults.Where(concerns).ToList();
                return new TrialCheck(
                    name,
                    looked ? found.Count == 0 : null,
                    found.Count > 0 ? string.Join(", ", found) : null
                );
            }
            return
            [
                Check("form", fault => fault == form.Problem || fault == CotReasons.WrongLabel, looked: true),
                Check("length", fault => fault is CotReasons.TooShort or CotReasons.TooLong, isWhole),
                Check("leakage", fault => fault == CotReasons.LeaksLabel, isWhole),
                Check(
                    "attributes",
                    fault => fault.StartsWith(CotReasons.Contradicts, StringComparison.Ordinal),
                    isWhole
                ),
            ];
        }
    }

    private sealed class CallLog(IDbContextFactory<StoreContext> store) : ITeacherCallLog
    {
        public async Task Record(TeacherCall call)
        {
            await using var context = store.CreateDbContext();
            context.Add(call);
            await context.SaveChangesAsync();
        }
    }
}
