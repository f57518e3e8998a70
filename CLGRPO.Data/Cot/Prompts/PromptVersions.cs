using System.Text.Json;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Prompts;

/// <summary>The prompts in their versions. Versions are added and never changed: a record says which one it answered.</summary>
public sealed class PromptVersions(IDbContextFactory<StoreContext> store, TimeProvider clock)
{
    public const int MostCharacters = 20_000;
    public const int MostNameCharacters = 40;

    /// <summary>All versions, by name, the newest first; the built-in ones are there from the beginning.</summary>
    public async Task<IReadOnlyList<PromptTemplate>> List(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await JobSetup.AddBuiltInPrompts(context, clock.GetUtcNow().UtcDateTime);
        return await context
            .Prompts.AsNoTracking()
            .OrderBy(prompt => prompt.Name)
            .ThenByDescending(prompt => prompt.Version)
            .ToListAsync(stop);
    }

    /// <summary>A version; null where there is none.</summary>
    public async Task<PromptTemplate?> Find(string name, int version, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context
            .Prompts.AsNoTracking()
            .SingleOrDefaultAsync(prompt => prompt.Name == name && prompt.Version == version, stop);
    }

    /// <summary>Adds a version.</summary>
    /// <param name="based">The version that was changed; 0 for the first of a name.</param>
    /// <exception cref="ConstructionException">The text cannot serve, is the same, or somebody else added one since.</exception>
    public async Task<PromptTemplate> Add(
        string name,
        PromptPurpose purpose,
        string system,
        string text,
        int based,
        string actor,
        CancellationToken stop
    )
    {
        (system, text) = (Tidy(system), Tidy(text));
        Require(name, purpose, system, text);
        await using var context = store.CreateDbContext();
        await JobSetup.AddBuiltInPrompts(context, clock.GetUtcNow().UtcDateTime);
        var newest = await context
            .Prompts.Where(prompt => prompt.Name == name)
            .OrderByDescending(prompt => prompt.Version)
            .FirstOrDefaultAsync(stop);
        if ((newest?.Version ?? 0) != based)
            throw new ConstructionException(
                $"'{name}' is at version {newest?.Version ?? 0}, and yours is a change of {based}; look at what is new first."
            );
        if (newest is not null && newest.Purpose != purpose)
            throw new ConstructionException($"'{name}' is a prompt to {Word(newest.Purpose)}; choose another name.");
        if (newest is not null && newest.System == system && newest.Text == text)
            throw new ConstructionException($"This is what version {newest.Version} says already.");
        var added = new PromptTemplate
        {
            Name = name,
            Purpose = purpose,
            Version = based + 1,
            System = system,
            Text = text,
            CreatedBy = actor,
            CreatedAt = clock.GetUtcNow().UtcDateTime,
        };
        context.Add(added);
        context.Audit.Add(
            new AuditEntry
            {
                At = added.CreatedAt,
                Actor = actor,
                Action = "prompt.add",
                Subject = $"prompt:{name}@{added.Version}",
                After = JsonSerializer.Serialize(new { Purpose = Word(purpose), text.Length }),
            }
        );
        await Save(context, name, stop);
        return added;
    }

    private static async Task Save(StoreContext context, string name, CancellationToken stop)
    {
        try
        {
            await context.SaveChangesAsync(stop);
        }
        catch (DbUpdateException e)
        {
            // The index allows a version once: somebody added it between the look and the write.
            throw new ConstructionException(
                $"Somebody else added a version of '{name}' just now; look at it first.",
                e
            );
        }
    }

    private static void Require(string name, PromptPurpose purpose, string system, string text)
    {
        if (
            name.Length is 0 or > MostNameCharacters
            || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        )
            throw new ConstructionException(
                $"'{name}' is no name of a prompt; it has 1 to {MostNameCharacters} lower-case letters, digits and hyphens."
            );
        if (system.Length + text.Length > MostCharacters)
            throw new ConstructionException(
                $"The prompt has {system.Length + text.Length} characters; {MostCharacters} are allowed."
            );
        if (PromptText.Problem(purpose, text) is { } problem)
            throw new ConstructionException(problem);
    }

    private static string Tidy(string text) => text.ReplaceLineEndings("\n").Trim();

    private static string Word(PromptPurpose purpose) => purpose.ToString().ToLowerInvariant();
}
