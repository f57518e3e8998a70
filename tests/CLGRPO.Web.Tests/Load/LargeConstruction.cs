using System.Globalization;
using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Tests.Load;

/// <summary>
/// A construction that has decided many images and is not done: some hundred are open, and rule teachers that answer slowly go on with them.
/// One image in seven needed a second try, one in fifty was rejected after three.
/// </summary>
internal static class LargeConstruction
{
    private const int Open = 1500;
    private const int Batch = 2000;
    private const double WritesPerMinute = 240;
    private static readonly string[] Judges = ["judge-a", "judge-b", "judge-c"];

    /// <returns>The job's number.</returns>
    public static async Task<long> Write(StoreFactory store, string root, int images, CancellationToken stop)
    {
        var version = EmoScenesGenerator.Generate(
            new()
            {
                Train = Open,
                Validation = 8,
                Test = 8,
            },
            root,
            stop: stop
        );
        await new Importer(store, root).Run(
            new ImportRequest(version.Path, "emoscenes", "ada") { WithoutTexts = true },
            progress: null,
            stop
        );
        foreach (var name in (string[])["writer", .. Judges])
            await Hire(store, name, stop);
        var job = await JobSetup.Create(
            store,
            "emoscenes",
            "large",
            new ConstructionConfig
            {
                Generators = ["writer"],
                Verifiers = Judges,
                Quorum = 2,
                Splits = ["train"],
                OnlyMissing = false,
            },
            "ada"
        );
        await using var context = store.CreateDbContext();
        var labels = version.Info.Labels;
        var known = await context
            .Samples.Where(sample => sample.Split == Split.Train)
            .Select(sample => new { sample.Id, sample.Image })
            .ToListAsync(stop);
        context.AddRange(known.Select(sample => new ConstructionItem { JobId = job.Id, SampleId = sample.Id }));
        await context.SaveChangesAsync(stop);
        for (var from = 0; from < images; from += Batch)
            await Decide(
                store,
                job,
                [.. known.Select(sample => sample.Image)],
                labels,
                from,
                Math.Min(images, from + Batch),
                stop
            );
        await context
            .Jobs.Where(one => one.Id == job.Id)
            .ExecuteUpdateAsync(
                one => one.SetProperty(j => j.State, JobState.Running).SetProperty(j => j.StartedAt, DateTime.UtcNow),
                stop
            );
        return job.Id;
    }

    private static async Task Hire(StoreFactory store, string name, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        context.Add(
            new StoredTeacher
            {
                Name = name,
                Kind = TeacherKind.Rule,
                Endpoint = "",
                Model = "",
                RequestsPerMinute = WritesPerMinute,
            }
        );
        await context.SaveChangesAsync(stop);
    }

    private static async Task Decide(
        StoreFactory store,
        ConstructionJob job,
        IReadOnlyList<string> pictures,
        IReadOnlyList<string> labels,
        int from,
        int to,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        context.ChangeTracker.AutoDetectChangesEnabled = false;
        var samples = Enumerable
            .Range(from, to - from)
            .Select(i => new StoredSample
            {
                DatasetId = job.DatasetId,
                Key = Name(i),
                KeyFolded = Name(i).ToUpperInvariant(),
                Image = pictures[i % pictures.Count],
                Label = labels[i % labels.Count],
                Split = Split.Train,
            })
            .ToList();
        context.AddRange(samples);
        await context.SaveChangesAsync(stop);
        foreach (var (at, sample) in samples.Index())
        {
            var i = from + at;
            var tries =
                i % 50 == 0 ? 3
                : i % 7 == 0 ? 2
                : 1;
            for (var attempt = 0; attempt < tries; attempt++)
                Try(context, job, sample, i, attempt, isAccepted: attempt == tries - 1 && tries < 3);
            context.Add(
                new ConstructionItem
                {
                    JobId = job.Id,
                    SampleId = sample.Id,
                    State = tries < 3 ? ItemState.Accepted : ItemState.Rejected,
                    Attempts = tries,
                    Reasons = tries == 1 ? [] : [CotReasons.NotVerified],
                }
            );
        }
        await context.SaveChangesAsync(stop);
    }

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"large_{i:D6}");

    private static void Try(
        StoreContext context,
        ConstructionJob job,
        StoredSample sample,
        int i,
        int attempt,
        bool isAccepted
    )
    {
        var random = new Random((i * 3) + attempt);
        var words = Enumerable.Range(0, 40).Select(_ => $"w{random.Next(5000)}");
        var record = new CotRecord
        {
            SampleId = sample.Id,
            JobId = job.Id,
            Attempt = attempt,
            Teacher = "writer",
            Model = "",
            Completion =
                $"<think> one sees {string.Join(' ', words)}, so {sample.Label}.</think><answer> {sample.Label}</answer>",
            State = isAccepted ? CotState.Accepted : CotState.Rejected,
            Reasons = isAccepted ? [] : [CotReasons.NotVerified],
            Agreement = isAccepted ? 1 : 0,
            CreatedAt = DateTime.UtcNow,
        };
        context.Add(record);
        context.Add(Call(job, sample, "writer", PromptPurpose.Generate, attempt, random));
        foreach (var judge in Judges)
        {
            record.Votes.Add(
                new CotVote
                {
                    Teacher = judge,
                    Model = "",
                    Label = isAccepted ? sample.Label : null,
                    Agrees = isAccepted,
                    CreatedAt = DateTime.UtcNow,
                }
            );
            context.Add(Call(job, sample, judge, PromptPurpose.Verify, attempt, random));
        }
    }

    private static TeacherCall Call(
        ConstructionJob job,
        StoredSample sample,
        string teacher,
        PromptPurpose purpose,
        int attempt,
        Random random
    ) =>
        new()
        {
            JobId = job.Id,
            SampleId = sample.Id,
            Teacher = teacher,
            Purpose = purpose,
            Attempt = attempt,
            Outcome = TeacherOutcome.Answered,
            PromptTokens = 800,
            CompletionTokens = 120,
            Cost = 0.001,
            Seconds = random.NextDouble(),
            StartedAt = DateTime.UtcNow,
        };
}
