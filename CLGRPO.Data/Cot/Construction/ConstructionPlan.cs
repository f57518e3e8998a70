using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Network;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>What a teacher will be asked.</summary>
/// <param name="Questions">If every sample takes the expected number of tries.</param>
/// <param name="MostQuestions">If every sample takes all its tries.</param>
/// <param name="Cost">Of <paramref name="Questions"/>, in the currency of its prices.</param>
/// <param name="MostCost">Of <paramref name="MostQuestions"/>.</param>
/// <param name="BudgetLeft">null for a teacher without a budget.</param>
/// <param name="Minutes">For <paramref name="Questions"/>, by its rate, its places and the time it took so far; null where nothing says.</param>
/// <param name="IsMeasured">Tokens and times are those of its latest answers; else they are assumed.</param>
public sealed record TeacherPlan(
    string Teacher,
    bool Writes,
    bool Verifies,
    double Questions,
    double MostQuestions,
    double Cost,
    double MostCost,
    double? BudgetLeft,
    double? Minutes,
    bool IsMeasured
);

/// <summary>What a construction would do, without asking anybody.</summary>
/// <param name="Problems">What keeps it from beginning.</param>
/// <param name="Notes">What one should know before it begins.</param>
/// <param name="Samples">That it would be about.</param>
/// <param name="LeftOut">Samples of the splits and classes that have an accepted text already.</param>
/// <param name="Classes">Class → samples, before the limit.</param>
/// <param name="Tries">Expected for a sample: as in the newest construction with one of these generators, else 1.</param>
/// <param name="GeneratePrompt">name@version that it would use; null where there is none.</param>
/// <param name="VerifyPrompt">name@version that it would use; null where there is none.</param>
public sealed record ConstructionPlan(
    IReadOnlyList<string> Problems,
    IReadOnlyList<string> Notes,
    int Samples,
    int LeftOut,
    IReadOnlyList<KeyValuePair<string, int>> Classes,
    double Tries,
    bool TriesAreMeasured,
    IReadOnlyList<TeacherPlan> Teachers,
    string? GeneratePrompt,
    string? VerifyPrompt
)
{
    /// <summary>Attributes of the data set, whose annotation the generators may be told.</summary>
    public IReadOnlyList<string> Attributes { get; init; } = [];

    /// <summary>Of these, those that they would be told.</summary>
    public IReadOnlyList<string> Told { get; init; } = [];

    private const int LatestAnswers = 1000;
    private const int PicturesLookedAt = 200;

    // For a teacher that never answered: a picture of 1,024 pixels with the built-in prompt, and some sentences.
    private const double AssumedPromptTokens = 1200;
    private const double AssumedCompletionTokens = 200;

    public double Questions => Teachers.Sum(teacher => teacher.Questions);
    public double MostQuestions => Teachers.Sum(teacher => teacher.MostQuestions);
    public double Cost => Teachers.Sum(teacher => teacher.Cost);
    public double MostCost => Teachers.Sum(teacher => teacher.MostCost);

    /// <summary>Teachers work side by side: the slowest one's time.</summary>
    public double? Minutes => Teachers.Max(teacher => teacher.Minutes);

    /// <param name="root">The data sets root, where pictures lie.</param>
    /// <param name="dataset">Name of the data set.</param>
    public static async Task<ConstructionPlan> Of(
        IDbContextFactory<StoreContext> store,
        string root,
        string dataset,
        ConstructionConfig config,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        await JobSetup.AddBuiltInPrompts(context, DateTime.UtcNow);
        var parts = await JobSetup.Find(context, dataset, config);
        var origins = OriginsMissing(parts.Teachers, await context.AllowedOrigins.AsNoTracking().ToListAsync(stop));
        var classes = parts.Dataset is null ? [] : await CountClasses(context, parts.Dataset, config, stop);
        var all = classes.Sum(label => label.Value);
        var samples = Math.Min(all, config.Limit ?? int.MaxValue);
        var leftOut =
            parts.Dataset is null || !config.OnlyMissing
                ? 0
                : (await CountClasses(context, parts.Dataset, config with { OnlyMissing = false }, stop)).Sum(c =>
                    c.Value
                ) - all;
        var tries = await ExpectedTries(context, config, stop);
        var teachers = new List<TeacherPlan>();
        foreach (var teacher in parts.Teachers.OrderBy(teacher => teacher.Name, StringComparer.Ordinal))
            teachers.Add(await Plan(context, teacher, config, samples, tries ?? 1, stop));
        IReadOnlyList<string> told =
        [
            .. parts.Attributes.Where(name => config.Hints?.Contains(name, StringComparer.Ordinal) != false),
        ];
        var notes = NotesOn(config, teachers, samples, parts.Dataset);
        if (told.Count > 0 && parts.Generate?.Text.Contains("{attributes}", StringComparison.Ordinal) == false)
            notes.Add(
                $"Prompt '{Reference(parts.Generate)}' has no {{attributes}}: what the writers are to be told of the annotation does not reach them."
            );
        if (parts.Dataset is not null && samples > 0)
            notes.AddRange(await MissingPictures(context, root, parts.Dataset, config, stop));
        return new ConstructionPlan(
            [.. parts.Problems, .. origins],
            notes,
            samples,
            leftOut,
            classes,
            tries ?? 1,
            tries is not null,
            teachers,
            Reference(parts.Generate),
            Reference(parts.Verify)
        )
        {
            Attributes = parts.Attributes,
            Told = told,
        };
    }

    private static string? Reference(PromptTemplate? prompt) =>
        prompt is null ? null : $"{prompt.Name}@{prompt.Version}";

    private static IEnumerable<string> OriginsMissing(
        IReadOnlyList<StoredTeacher> teachers,
        IReadOnlyList<AllowedOrigin> origins
    )
    {
        var allowed = OriginAllowList.Of(origins);
        foreach (var teacher in teachers.Where(teacher => teacher.Kind == TeacherKind.OpenAI))
        {
            var problem = "";
            try
            {
                _ = allowed.Read(teacher.Endpoint);
                continue;
            }
            catch (TeacherException forbidden)
            {
                problem = forbidden.Message.TrimEnd('.');
            }
            yield return $"teacher '{teacher.Name}': {problem}";
        }
    }

    private static async Task<List<KeyValuePair<string, int>>> CountClasses(
        StoreContext context,
        StoredDataset dataset,
        ConstructionConfig config,
        CancellationToken stop
    )
    {
        var counts = await JobItems
            .SamplesOf(context, dataset.Id, config, jobId: null)
            .GroupBy(sample => sample.Label)
            .Select(samples => new { samples.Key, Count = samples.Count() })
            .ToDictionaryAsync(samples => samples.Key, samples => samples.Count, StringComparer.Ordinal, stop);
        return
        [
            .. dataset
                .Labels.Where(counts.ContainsKey)
                .Select(label => new KeyValuePair<string, int>(label, counts[label])),
        ];
    }

    /// <summary>Tries that a sample took in the newest construction with one of the same generators.</summary>
    private static async Task<double?> ExpectedTries(
        StoreContext context,
        ConstructionConfig config,
        CancellationToken stop
    )
    {
        const int NewestJobs = 30;
        var jobs = await context
            .Jobs.AsNoTracking()
            .OrderByDescending(job => job.Id)
            .Take(NewestJobs)
            .Select(job => new { job.Id, job.Config })
            .ToListAsync(stop);
        foreach (var job in jobs)
        {
            var other = ConstructionConfig.Parse(job.Config);
            if (!other.Generators.Intersect(config.Generators, StringComparer.Ordinal).Any())
                continue;
            var taken = await context
                .Items.Where(item => item.JobId == job.Id && item.State != ItemState.Open)
                .AverageAsync(item => (double?)item.Attempts, stop);
            if (taken is { } tries)
                return Math.Clamp(tries, 1, Math.Max(1, config.Attempts));
        }
        return null;
    }

    private static async Task<TeacherPlan> Plan(
        StoreContext context,
        StoredTeacher teacher,
        ConstructionConfig config,
        int samples,
        double tries,
        CancellationToken stop
    )
    {
        var writes = config.Generators.Contains(teacher.Name, StringComparer.Ordinal);
        var verifies = config.Verifiers.Contains(teacher.Name, StringComparer.Ordinal);
        // Turns go round the generators; whoever wrote does not judge.
        var share = 0.0;
        if (config.Generators.Count > 0)
        {
            var own = (double)config.Generators.Count(name => name == teacher.Name) / config.Generators.Count;
            share = own + (verifies ? 1 - own : 0);
        }
        var past = await Past(context, teacher, stop);
        var (questions, most) = (samples * tries * share, (double)samples * config.Attempts * share);
        var each =
            TeacherCost.Of(teacher, 1, 0) * past.PromptTokens + TeacherCost.Of(teacher, 0, 1) * past.CompletionTokens;
        var spent = teacher.Budget is null
            ? 0
            : await context.Calls.Where(call => call.Teacher == teacher.Name).SumAsync(call => call.Cost, stop);
        double? byRate = teacher.RequestsPerMinute is { } rate ? questions / rate : null;
        double? byPlaces = past.Seconds is { } seconds ? questions * seconds / 60 / teacher.Concurrency : null;
        return new TeacherPlan(
            teacher.Name,
            writes,
            verifies,
            questions,
            most,
            questions * each,
            most * each,
            teacher.Budget is { } budget ? Math.Max(0, budget - spent) : null,
            byRate is null ? byPlaces : Math.Max(byRate.Value, byPlaces ?? 0),
            past.IsMeasured || teacher.Kind == TeacherKind.Rule
        );
    }

    /// <summary>What the teacher's latest answers took on average.</summary>
    private static async Task<(double PromptTokens, double CompletionTokens, double? Seconds, bool IsMeasured)> Past(
        StoreContext context,
        StoredTeacher teacher,
        CancellationToken stop
    )
    {
        var answers = await context
            .Calls.Where(call => call.Teacher == teacher.Name && call.Outcome == TeacherOutcome.Answered)
            .OrderByDescending(call => call.StartedAt)
            .Take(LatestAnswers)
            .Select(call => new
            {
                call.PromptTokens,
                call.CompletionTokens,
                call.Seconds,
            })
            .ToListAsync(stop);
        return answers.Count > 0
                ? (
                    answers.Average(answer => answer.PromptTokens),
                    answers.Average(answer => answer.CompletionTokens),
                    answers.Average(answer => answer.Seconds),
                    true
                )
            : teacher.Kind == TeacherKind.OpenAI ? (AssumedPromptTokens, AssumedCompletionTokens, null, false)
            : (0, 0, null, false);
    }

    private static List<string> NotesOn(
        ConstructionConfig config,
        List<TeacherPlan> teachers,
        int samples,
        StoredDataset? dataset
    )
    {
        var notes = new List<string>();
        if (dataset is not null && samples == 0)
            notes.Add("No sample fits: all have an accepted text, or the splits and classes are empty.");
        if (config.Verifiers.Count == 0)
            notes.Add("Nobody verifies: every text that stands the checks is accepted.");
        foreach (var teacher in teachers.Where(teacher => teacher.Cost > teacher.BudgetLeft))
            notes.Add(
                FormattableString.Invariant(
                    $"'{teacher.Teacher}' has {teacher.BudgetLeft:0.####} of its budget left and would cost about {teacher.Cost:0.####}: the construction will pause there."
                )
            );
        if (config.Budget is { } budget && teachers.Sum(teacher => teacher.Cost) > budget)
            notes.Add(
                FormattableString.Invariant(
                    $"The budget of {budget:0.####} is less than the {teachers.Sum(teacher => teacher.Cost):0.####} that it will probably cost."
                )
            );
        return notes;
    }

    private static async Task<List<string>> MissingPictures(
        StoreContext context,
        string root,
        StoredDataset dataset,
        ConstructionConfig config,
        CancellationToken stop
    )
    {
        var pictures = await JobItems
            .SamplesOf(context, dataset.Id, config, jobId: null)
            .OrderBy(sample => sample.Id)
            .Take(PicturesLookedAt)
            .Select(sample => sample.Image)
            .ToListAsync(stop);
        var missing = pictures.Count(image => !File.Exists(Path.Combine(root, DatasetVersion.BlobsFolder, image)));
        return missing == 0 ? [] : [$"{missing} of the first {pictures.Count} pictures are not on the disk."];
    }
}
