using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Web.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Construction;

/// <summary>Tries prompts on one picture. Somebody waits for the outcome, so a teacher is asked twice at most.</summary>
public sealed class PromptDesk(StoreFactory store, TeacherRoom teachers, DatasetCatalog catalog)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TeacherDeskConfig Hurried = new()
    {
        MaxTries = 2,
        MaxBackOff = TimeSpan.FromSeconds(5),
        MaxOutage = TimeSpan.FromSeconds(5),
    };

    /// <exception cref="ConstructionException">A prompt, teacher or sample is not there, a draft cannot serve, or it took too long.</exception>
    /// <exception cref="TeacherException">A teacher is at an origin that is not allowed.</exception>
    public async Task<TrialReport> Try(TrialRequest asked, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            var trial = new PromptTrial(store, catalog.Root, await teachers.Desks(Hurried, stop));
            return await trial.Run(asked, limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new ConstructionException($"The teachers took longer than {Patience.TotalMinutes:0} minutes.");
        }
        catch (InvalidDataException key)
        {
            throw new ConstructionException(key.Message, key);
        }
        catch (ArgumentException settings)
        {
            throw new ConstructionException(settings.Message, settings);
        }
    }

    /// <summary>A picture to try on: the one after another of the same data set, or the first; null where there is none.</summary>
    public async Task<StoredSample?> Sample(string dataset, long? after, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var samples = context
            .Samples.AsNoTracking()
            .Where(sample => sample.Dataset!.Name == dataset)
            .OrderBy(sample => sample.Id);
        return await samples.FirstOrDefaultAsync(sample => after == null || sample.Id > after, stop)
            ?? await samples.FirstOrDefaultAsync(stop);
    }
}
