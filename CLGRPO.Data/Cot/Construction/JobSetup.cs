using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>A job with everything that it refers to, found and checked.</summary>
public sealed record JobSetup
{
    public required IDbContextFactory<StoreContext> Store { get; init; }

    /// <summary>The data sets root, where pictures lie.</summary>
    public required string Root { get; init; }
    public required ConstructionJob Job { get; init; }
    public required ConstructionConfig Config { get; init; }
    public required StoredDataset Dataset { get; init; }
    public required IReadOnlyList<AttributeVocabulary> Attributes { get; init; }
    public required PromptTemplate Generate { get; init; }
    public required PromptTemplate Verify { get; init; }
    public required IReadOnlyList<StoredTeacher> Teachers { get; init; }

    /// <summary>Teacher → what it has cost so far, in all jobs.</summary>
    public required IReadOnlyDictionary<string, double> Spent { get; init; }

    /// <summary>What the job itself has cost so far.</summary>
    public double SpentHere { get; init; }
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Queues a new job; its prompts are pinned to their versions of now.</summary>
    /// <exception cref="ConstructionException">The settings do not fit; everything that is wrong is named.</exception>
    public static async Task<ConstructionJob> Create(
        IDbContextFactory<StoreContext> store,
        string dataset,
        string name,
        ConstructionConfig config,
        string by,
        bool isTrial = false,
        TimeProvider? time = null
    )
    {
        var now = (time ?? TimeProvider.System).GetUtcNow().UtcDateTime;
        await using var context = store.CreateDbContext();
        await AddBuiltInPrompts(context, now);
        var parts = await Find(context, dataset, config);
        Require(parts.Problems);
        var pinned = config with
        {
            GeneratePrompt = $"{parts.Generate!.Name}@{parts.Generate.Version}",
            VerifyPrompt = $"{parts.Verify!.Name}@{parts.Verify.Version}",
        };
        var job = new ConstructionJob
        {
            DatasetId = parts.Dataset!.Id,
            Name = name,
            Config = pinned.ToJson(),
            IsTrial = isTrial,
            CreatedBy = by,
            CreatedAt = now,
        };
        context.Add(job);
        await context.SaveChangesAsync();
        return job;
    }

    /// <summary>Finds what a job needs to run.</summary>
    /// <exception cref="ConstructionException">There is no such job, it is over, or something it refers to is gone.</exception>
    public static async Task<JobSetup> Load(
        IDbContextFactory<StoreContext> store,
        string root,
        long jobId,
        TimeProvider? time = null
    )
    {
        await using var context = store.CreateDbContext();
        var job =
            await context.Jobs.AsNoTracking().Include(job => job.Dataset).SingleOrDefaultAsync(job => job.Id == jobId)
            ?? throw new ConstructionException($"There is no construction {jobId}.");
        if (job.State is JobState.Completed or JobState.Cancelled)
            throw new ConstructionException(
                $"Construction {jobId} is {job.State.ToString().ToLowerInvariant()}; begin a new one."
            );
        var config = ConstructionConfig.Parse(job.Config);
        var problems = new List<string>();
        var generate = await FindPrompt(context, config.GeneratePrompt, PromptPurpose.Generate, problems);
        var verify = await FindPrompt(context, config.VerifyPrompt, PromptPurpose.Verify, problems);
        var teachers = await FindTeachers(context, config, problems);
        Require(problems);
        return new JobSetup
        {
            Store = store,
            Root = root,
            Job = job,
            Config = config,
            Dataset = job.Dataset!,
            Attributes = await VocabularyOf(context, job.DatasetId),
            Generate = generate!,
            Verify = verify!,
            Teachers = teachers,
            Spent = await context
                .Calls.GroupBy(call => call.Teacher)
                .ToDictionaryAsync(calls => calls.Key, calls => calls.Sum(call => call.Cost), StringComparer.Ordinal),
            SpentHere = await context.Calls.Where(call => call.JobId == jobId).SumAsync(call => call.Cost),
            Time = time ?? TimeProvider.System,
        };
    }

    /// <summary>Asks a job to pause or to end for good; a process that works on it heeds that within seconds.</summary>
    /// <param name="state"><see cref="JobState.Paused"/> or <see cref="JobState.Cancelled"/>.</param>
    /// <exception cref="ConstructionException">There is no such job, or it is over.</exception>
    public static async Task Ask(
        IDbContextFactory<StoreContext> store,
        long jobId,
        JobState state,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        // In one statement: whoever works on it may end it at this moment.
        var asked = await context
            .Jobs.Where(job => job.Id == jobId)
            .Where(job => job.State != JobState.Completed && job.State != JobState.Cancelled)
            .ExecuteUpdateAsync(job => job.SetProperty(j => j.State, state), stop);
        if (asked > 0)
            return;
        var job =
            await context.Jobs.AsNoTracking().SingleOrDefaultAsync(job => job.Id == jobId, stop)
            ?? throw new ConstructionException($"There is no construction {jobId}.");
        throw new ConstructionException($"Construction {jobId} is {job.State.ToString().ToLowerInvariant()} already.");
    }

    /// <summary>Lets a job that pauses or failed go on; whoever works on jobs takes it up.</summary>
    /// <param name="budget">A new budget of the job; null leaves the one it has.</param>
    /// <exception cref="ConstructionException">There is no such job, or it is over; the budget is none.</exception>
    public static async Task Resume(
        IDbContextFactory<StoreContext> store,
        long jobId,
        double? budget,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var job =
            await context.Jobs.AsNoTracking().SingleOrDefaultAsync(job => job.Id == jobId, stop)
            ?? throw new ConstructionException($"There is no construction {jobId}.");
        var config = ConstructionConfig.Parse(job.Config);
        if (budget is not null)
            config = config with { Budget = budget };
        Require([.. config.Problems()]);
        await Ask(store, jobId, JobState.Queued, stop);
        var json = config.ToJson();
        await context
            .Jobs.Where(job => job.Id == jobId)
            .ExecuteUpdateAsync(
                job => job.SetProperty(j => j.Config, json).SetProperty(j => j.Failure, (string?)null),
                stop
            );
    }

    /// <summary>What settings refer to, with everything that is wrong with them.</summary>
    internal static async Task<JobParts> Find(StoreContext context, string dataset, ConstructionConfig config)
    {
        var problems = config.Problems().ToList();
        var target = await context.Datasets.SingleOrDefaultAsync(d => d.Name == dataset);
        if (target is null)
            problems.Add($"there is no data set '{dataset}'; import it first");
        var attributes = target is null ? [] : await AttributesOf(context, target.Id);
        if (target is not null)
        {
            problems.AddRange(
                (config.Labels ?? [])
                    .Except(target.Labels, StringComparer.Ordinal)
                    .Select(label => $"data set '{dataset}' has no class '{label}'")
            );
            problems.AddRange(
                (config.Hints ?? [])
                    .Where(hint => !string.IsNullOrWhiteSpace(hint))
                    .Except(attributes, StringComparer.Ordinal)
                    .Select(hint => $"hints: data set '{dataset}' has no attribute '{hint}'")
            );
        }
        var generate = await FindPrompt(context, config.GeneratePrompt, PromptPurpose.Generate, problems);
        var verify = await FindPrompt(context, config.VerifyPrompt, PromptPurpose.Verify, problems);
        var teachers = await FindTeachers(context, config, problems);
        return new JobParts(problems, target, attributes, generate, verify, teachers);
    }

    /// <summary>What the samples of a data set are annotated with, in its order.</summary>
    private static async Task<IReadOnlyList<string>> AttributesOf(StoreContext context, long datasetId)
    {
        var attributes = await context
            .AttributeValues.Where(value => value.DatasetId == datasetId)
            .Select(value => new { value.Attribute, value.AttributeOrder })
            .Distinct()
            .ToListAsync();
        return [.. attributes.OrderBy(value => value.AttributeOrder).Select(value => value.Attribute)];
    }

    internal static async Task<PromptTemplate?> FindPrompt(
        StoreContext context,
        string reference,
        PromptPurpose purpose,
        List<string> problems
    )
    {
        var parts = reference.Split('@');
        var (name, version) = (parts[0], parts.Length > 1 && int.TryParse(parts[1], out var number) ? number : 0);
        var prompt = await context
            .Prompts.AsNoTracking()
            .Where(prompt => prompt.Name == name && (version == 0 || prompt.Version == version))
            .OrderByDescending(prompt => prompt.Version)
            .FirstOrDefaultAsync();
        if (prompt is null)
            problems.Add($"there is no prompt '{reference}'");
        else if (prompt.Purpose != purpose)
            problems.Add($"prompt '{reference}' is one to {prompt.Purpose.ToString().ToLowerInvariant()}");
        return prompt;
    }

    private static async Task<IReadOnlyList<StoredTeacher>> FindTeachers(
        StoreContext context,
        ConstructionConfig config,
        List<string> problems
    )
    {
        var names = config.Generators.Concat(config.Verifiers).Distinct(StringComparer.Ordinal).ToList();
        var teachers = await context.Teachers.AsNoTracking().Where(t => names.Contains(t.Name)).ToListAsync();
        foreach (var name in names)
        {
            var teacher = teachers.Find(teacher => teacher.Name == name);
            if (teacher is null)
                problems.Add($"there is no teacher '{name}'");
            else if (!teacher.Enabled)
                problems.Add($"teacher '{name}' is switched off");
        }
        return teachers;
    }

    internal static async Task<IReadOnlyList<AttributeVocabulary>> VocabularyOf(StoreContext context, long datasetId)
    {
        var values = await context.AttributeValues.Where(value => value.DatasetId == datasetId).ToListAsync();
        return
        [
            .. values
                .Where(value => value.Value is not null)
                .OrderBy(value => value.AttributeOrder)
                .ThenBy(value => value.ValueOrder)
                .GroupBy(value => value.Attribute, StringComparer.Ordinal)
                .Select(values => new AttributeVocabulary(values.Key, [.. values.Select(value => value.Value!)])),
        ];
    }

    internal static async Task AddBuiltInPrompts(StoreContext context, DateTime now)
    {
        foreach (var prompt in BuiltInPrompts.All(now))
        {
            if (!await context.Prompts.AnyAsync(known => known.Name == prompt.Name))
                context.Add(prompt);
        }
        await context.SaveChangesAsync();
    }

    private static void Require(List<string> problems)
    {
        if (problems.Count > 0)
            throw new ConstructionException("The construction cannot begin: " + string.Join("; ", problems) + ".");
    }
}

/// <summary>What the settings of a job refer to; null where it is not there.</summary>
/// <param name="Problems">Everything that keeps the job from beginning.</param>
/// <param name="Attributes">Of the data set.</param>
internal sealed record JobParts(
    List<string> Problems,
    StoredDataset? Dataset,
    IReadOnlyList<string> Attributes,
    PromptTemplate? Generate,
    PromptTemplate? Verify,
    IReadOnlyList<StoredTeacher> Teachers
);
