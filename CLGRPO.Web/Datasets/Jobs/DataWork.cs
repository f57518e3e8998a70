using CLGRPO.Data.Datasets;
using CLGRPO.Data.Exporting;
using CLGRPO.Data.Images;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Web.Datasets.Uploads;
using CLGRPO.Web.Operation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Datasets.Jobs;

/// <summary>Work refused before it began, for a reason that people can do something about.</summary>
public sealed class WorkRefusedException(string message) : Exception(message);

/// <summary>Does each kind of job. All of them may be begun anew after they were cut off.</summary>
public sealed class DataWork(
    StoreFactory store,
    DatasetCatalog catalog,
    UploadStore uploads,
    IOptions<SiteOptions> site,
    IOptions<DataOptions> data,
    TimeProvider clock
)
{
    private const string Exports = "exports";

    private string ExportFolder => Path.Combine(Path.GetFullPath(site.Value.State), Exports);

    /// <summary>Where the file of a finished export lies.</summary>
    public string ExportPath(long jobId) => Path.Combine(ExportFolder, $"{jobId}.zip");

    /// <summary>Does the job.</summary>
    /// <returns>What came of it, as JSON.</returns>
    public async Task<string> Do(DataJob job, IProgress<(long, long?)> steps, CancellationToken stop) =>
        job.Kind switch
        {
            DataJobKind.Import => await Import(job, steps, stop),
            DataJobKind.Split => DataJobs.Write(
                await DatasetSplitter.Split(
                    store,
                    clock,
                    job.DatasetId!.Value,
                    DataJobs.Read<SplitSettings>(job.Settings),
                    job.CreatedBy,
                    stop
                )
            ),
            DataJobKind.Freeze => await Freeze(job, stop),
            DataJobKind.Compare => await Task.Run(() => Compare(job, steps), stop),
            _ => await Task.Run(() => Export(job, steps, stop), stop),
        };

    /// <summary>Takes away what an ended job needs no more.</summary>
    public void Forget(DataJob job)
    {
        if (job.Kind == DataJobKind.Import && DataJobs.Read<ImportWork>(job.Settings).Upload is { } upload)
            uploads.Remove(upload);
        if (job.Kind == DataJobKind.Export && job.State != JobState.Completed)
            File.Delete(ExportPath(job.Id));
    }

    /// <summary>Deletes exports and uploads that are too old.</summary>
    /// <param name="needed">Uploads that work still waits for.</param>
    public void Sweep(IReadOnlySet<string> needed)
    {
        uploads.Sweep(needed);
        if (!Directory.Exists(ExportFolder))
            return;
        var oldest = clock.GetUtcNow().UtcDateTime - TimeSpan.FromHours(data.Value.ExportHours);
        foreach (var file in new DirectoryInfo(ExportFolder).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc < oldest)
                file.Delete();
        }
    }

    /// <summary>A failure in a sentence that names no place on the server.</summary>
    public static string Explain(DataJob job, Exception exception)
    {
        if (exception is IOException { HResult: 28 })
            return "The disk is full. What was committed stays; free some room and start it again.";
        var isOurs =
            exception
            is ImportException
                or WorkRefusedException
                or StoreException
                or ArgumentException
                or KeyNotFoundException
                or ImageException
                or DatasetException;
        if (!isOurs)
            return "It met an error; the site's log has it.";
        if (job.Kind != DataJobKind.Import)
            return exception.Message;
        var work = DataJobs.Read<ImportWork>(job.Settings);
        return exception
            .Message.Replace(work.Source, work.SourceName, StringComparison.Ordinal)
            .Replace(Path.GetFileName(work.Source), work.SourceName, StringComparison.Ordinal);
    }

    private async Task<string> Import(DataJob job, IProgress<(long, long?)> steps, CancellationToken stop)
    {
        var work = DataJobs.Read<ImportWork>(job.Settings);
        if (File.Exists(work.Source))
            RequireRoom(new FileInfo(work.Source).Length);
        var request = new ImportRequest(work.Source, work.Dataset, job.CreatedBy)
        {
            SourceName = work.SourceName,
            Format = work.Format,
            Question = work.Question,
            Licence = work.Licence,
            WithoutTexts = work.WithoutTexts,
        };
        var progress = new Relay<ImportProgress>(p => steps.Report((p.Rows, p.TotalRows)));
        // Reading and hashing keep a processor busy: not on a thread that serves requests.
        var import = await Task.Run(() => new Importer(store, catalog.Root, clock).Run(request, progress, stop), stop);
        job.DatasetId = import.DatasetId;
        return DataJobs.Write(new ImportResult(import.Id, import.Imported, import.Duplicates, import.Problems));
    }

    private async Task<string> Freeze(DataJob job, CancellationToken stop)
    {
        var selection = DataJobs.Read<RecordSelection>(job.Settings);
        var version = await Task.Run(
            () =>
                new VersionFreezer(store, clock, catalog.Root).Freeze(
                    job.DatasetId!.Value,
                    selection,
                    job.CreatedBy,
                    stop
                ),
            stop
        );
        await using var context = store.CreateDbContext();
        var kept = await context.Versions.SingleAsync(
            v => v.DatasetId == job.DatasetId && v.Hash == version.Hash,
            stop
        );
        return DataJobs.Write(
            new FreezeResult(version.Name, version.Hash, version.Info.Counts.Total, kept.CompletionCount)
        );
    }

    private string Compare(DataJob job, IProgress<(long, long?)> steps)
    {
        var work = DataJobs.Read<CompareWork>(job.Settings);
        steps.Report((0, 3));
        var left = Open(work.LeftName, work.LeftHash);
        steps.Report((1, 3));
        var right = Open(work.RightName, work.RightHash);
        steps.Report((2, 3));
        return DataJobs.Write(VersionComparison.Of(left, right));
    }

    private async Task<string> Export(DataJob job, IProgress<(long, long?)> steps, CancellationToken stop)
    {
        var work = DataJobs.Read<ExportWork>(job.Settings);
        if (work.View is null)
        {
            var version = Open(work.Name, work.Hash!);
            return await Export(job, work, ExportSource.Of(version), version.Info.Counts.Total, steps, stop);
        }
        var (filter, order) = SampleQuery.FromAddress(work.View).Read();
        await using var view = await SampleView.Open(
            store,
            catalog.Root,
            job.DatasetId!.Value,
            filter,
            order,
            work.View.Length > 0 ? work.View : "everything",
            stop
        );
        return await Export(job, work, view.Source, view.Count, steps, stop);
    }

    private async Task<string> Export(
        DataJob job,
        ExportWork work,
        ExportSource source,
        int samples,
        IProgress<(long, long?)> steps,
        CancellationToken stop
    )
    {
        var total = samples + (work.Images ? (long)source.Images.Count : 0);
        if (work.Images)
            RequireRoom(source.ImageBytes());
        Directory.CreateDirectory(ExportFolder);
        var path = ExportPath(job.Id);
        var unfinished = path + ".tmp";
        try
        {
            await using (
                var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16)
            )
            {
                var progress = new Relay<long>(done => steps.Report((done, total)));
                await DatasetExport.WriteZip(source, work.Format, file, work.Images, progress, stop);
            }
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
        return DataJobs.Write(
            new ExportResult(
                $"{work.Name}-{(work.Hash is { } hash ? hash[..8] : "view")}-{SampleQuery.Word(work.Format)}.zip",
                samples,
                new FileInfo(path).Length,
                clock.GetUtcNow().UtcDateTime.AddHours(data.Value.ExportHours)
            )
        );
    }

    private DatasetVersion Open(string name, string hash) =>
        VersionFolders.Find(catalog.Root, name, hash) is { } folder
            ? DatasetVersion.Open(folder.Path)
            : throw new WorkRefusedException(
                $"The folder of {name}@{hash[..8]} is gone. Freezing the data set again makes it anew."
            );

    private void RequireRoom(long bytes)
    {
        var free = Machine.FreeDiskBytes(catalog.Root) - ((long)data.Value.KeepFreeMiB << 20);
        if (bytes > free)
            throw new WorkRefusedException(
                $"It needs {DatasetWords.Bytes(bytes)} on the disk; {DatasetWords.Bytes(Math.Max(free, 0))} may be used (Data:KeepFreeMiB keeps the rest free)."
            );
    }

    /// <summary>Reports at once, on the thread that works.</summary>
    private sealed class Relay<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
