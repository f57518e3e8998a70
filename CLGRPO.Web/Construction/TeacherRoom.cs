using System.Collections.Concurrent;
using CLGRPO.Data.Commands;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Keys;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Operation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Construction;

/// <summary>The teachers as the site knows them: settings, spending, and what a check told.</summary>
public sealed class TeacherRoom(
    StoreFactory store,
    InferenceService inference,
    InferenceModels models,
    IOptions<SiteOptions> site,
    TimeProvider clock
)
{
    private const int NewestJobs = 50;
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<string, TeacherCheck> _checks = new(StringComparer.Ordinal);

    /// <summary>Adds, changes and removes teachers and origins.</summary>
    public TeacherRegistry Registry => new(store, Keys, clock);

    /// <summary>All teachers, by name.</summary>
    public async Task<IReadOnlyList<TeacherView>> List(CancellationToken stop)
    {
        var accounts = await TeacherAccount.All(store, stop);
        var (writers, verifiers) = await Roles(stop);
        return
        [
            .. (await Registry.List(stop)).Select(teacher =>
                TeacherView.Of(
                    teacher,
                    accounts.GetValueOrDefault(teacher.Name),
                    writers.Contains(teacher.Name),
                    verifiers.Contains(teacher.Name),
                    _checks.GetValueOrDefault(teacher.Name)
                )
            ),
        ];
    }

    /// <summary>Origins at which teachers may be.</summary>
    public async Task<IReadOnlyList<AllowedOrigin>> Origins(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context
            .AllowedOrigins.AsNoTracking()
            .OrderBy(origin => origin.Host)
            .ThenBy(origin => origin.Port)
            .ToListAsync(stop);
    }

    /// <summary>Asks a teacher about one small picture. The outcome is remembered until the next check, or the site's end.</summary>
    /// <exception cref="ArgumentException">There is no such teacher.</exception>
    public async Task<TeacherCheck> Check(string name, CancellationToken stop)
    {
        var settings = await Registry.Get(name, stop);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(CheckTimeout);
        TeacherCheck check;
        try
        {
            var teacher = (await Factory(stop)).Create(settings);
            using var owner = teacher as IDisposable;
            var health = await TeacherHealth.Check(teacher, clock, limit.Token);
            check = new TeacherCheck(clock.GetUtcNow().UtcDateTime, health, Failure: null);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            check = Failed($"No answer within {CheckTimeout.TotalSeconds:0} seconds.");
        }
        catch (Exception fault) when (fault is TeacherException or InvalidDataException or ArgumentException)
        {
            check = Failed(fault.Message);
        }
        return _checks[name] = check;
    }

    /// <summary>Adds a teacher.</summary>
    /// <returns>Its name.</returns>
    /// <exception cref="ArgumentException">A setting is out of range, the name is taken, or the key is none.</exception>
    /// <exception cref="TeacherException">The endpoint is not on the allow-list.</exception>
    public async Task<string> Add(AddTeacher asked, DateTime now, string actor, CancellationToken stop)
    {
        var teacher = new StoredTeacher
        {
            Name = asked.Name.Trim(),
            Kind = asked.Kind,
            Endpoint = "",
            Model = "",
            CreatedAt = now,
        };
        Check(asked, teacher.Kind);
        asked.Apply(teacher);
        await Registry.Add(teacher, asked.SecretKey, actor, stop);
        return teacher.Name;
    }

    /// <summary>Changes a teacher; what a check told of it before is forgotten.</summary>
    /// <returns>Whether the stored key was cleared, because the origin is another one.</returns>
    /// <exception cref="ArgumentException">A setting is out of range, there is no such teacher, or the key is none.</exception>
    /// <exception cref="TeacherException">The endpoint is not on the allow-list.</exception>
    public async Task<bool> Change(string name, TeacherForm asked, string actor, CancellationToken stop)
    {
        Check(asked, (await Registry.Get(name, stop)).Kind);
        var isCleared = await Registry.Change(name, asked.Apply, asked.SecretKey, actor, stop);
        _checks.TryRemove(name, out _);
        return isCleared;
    }

    /// <summary>Removes a teacher with its key.</summary>
    /// <exception cref="ArgumentException">There is no such teacher.</exception>
    public async Task Remove(string name, string actor, CancellationToken stop)
    {
        await Registry.Remove(name, actor, stop);
        _checks.TryRemove(name, out _);
    }

    /// <summary>How desks are opened for teachers, with the origins that are allowed now.</summary>
    /// <param name="config">How patiently they are asked; null for the default.</param>
    public async Task<Func<StoredTeacher, ITeacherCallLog, double, TeacherDesk>> Desks(
        TeacherDeskConfig? config,
        CancellationToken stop
    )
    {
        var factory = await Factory(stop);
        return (teacher, log, spent) => new TeacherDesk(factory.Create(teacher), log, config, spent, clock);
    }

    /// <exception cref="ArgumentException">It is to be a checkpoint that the site does not have.</exception>
    private void Check(TeacherForm asked, TeacherKind kind)
    {
        if (kind != TeacherKind.Checkpoint)
            return;
        var id = asked.Endpoint.Trim();
        if (id.Length == 0 || models.Find(id) is not { } model)
            throw new ArgumentException(
                $"The site has no checkpoint '{id}'; name one as run/checkpoint or models/folder, as /v1/models lists them."
            );
        if (model.Id == model.Run)
            throw new ArgumentException(
                $"'{id}' is a run, whose newest checkpoint changes while it trains; name one of its checkpoints, such as {id}/{model.Checkpoint}."
            );
    }

    private TeacherCheck Failed(string why) => new(clock.GetUtcNow().UtcDateTime, Health: null, why);

    private async Task<TeacherFactory> Factory(CancellationToken stop) =>
        new(
            await Registry.AllowedOrigins(stop),
            Keys,
            teacher => new ServedTeacher(teacher, inference, models),
            time: clock
        );

    private SecretBox Keys() => StoreArguments.OpenKeys(site.Value.Store, site.Value.DatasetsPath);

    /// <summary>Who writes and who verifies in the newest constructions.</summary>
    private async Task<(HashSet<string> Writers, HashSet<string> Verifiers)> Roles(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var configs = await context
            .Jobs.OrderByDescending(job => job.Id)
            .Take(NewestJobs)
            .Select(job => job.Config)
            .ToListAsync(stop);
        var parsed = configs.ConvertAll(ConstructionConfig.Parse);
        return (
            parsed.SelectMany(config => config.Generators).ToHashSet(StringComparer.Ordinal),
            parsed.SelectMany(config => config.Verifiers).ToHashSet(StringComparer.Ordinal)
        );
    }
}
