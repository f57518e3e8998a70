using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Data.Files;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Runs;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Recipes;

/// <summary>
/// Presets, and the recipes that people saved: a folder for each name, in it <c>0001.yaml</c> (what the trainer takes as it is)
/// and <c>0001.json</c> (who, when, why) for each version. Versions are only ever added.
/// </summary>
public sealed class RecipeShelf(IOptions<SiteOptions> options, TrainingService training, TimeProvider clock)
{
    private const string PresetPrefix = "preset:";
    private const string SavedPrefix = "recipe:";
    private const string RunPrefix = "run:";

    /// <summary>Words that stand where a name stands in addresses.</summary>
    private static readonly string[] Reserved = ["presets", "settings", "validate", "plan", "diff"];

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly Lock _gate = new();

    private readonly Lazy<IReadOnlyDictionary<string, FoundRecipe>> _presets = new(ReadPresets);

    private string Root => options.Value.RecipesPath;

    public IReadOnlyList<Preset> Presets =>
        [
            .. _presets.Value.Select(preset => new Preset(
                preset.Key,
                Introduction(preset.Value.Yaml),
                preset.Value.Recipe.Dataset,
                [.. preset.Value.Recipe.Stages.Select(stage => stage.Name)]
            )),
        ];

    /// <summary>The newest version of each saved recipe, last saved first.</summary>
    public IReadOnlyList<SavedRecipe> List() =>
        [
            .. Names()
                .Select(name => Versions(name))
                .Where(all => all.Count > 0)
                .Select(all => all[0])
                .OrderByDescending(saved => saved.At),
        ];

    /// <summary>A name for a copy, under which nothing is saved yet.</summary>
    public string FreeName(string name) =>
        Enumerable
            .Range(1, int.MaxValue)
            .Select(number => number == 1 ? $"{name}-copy" : $"{name}-copy-{number}")
            .First(candidate => Versions(candidate).Count == 0);

    /// <summary>The versions of a recipe, newest first; none where there is no such recipe.</summary>
    public IReadOnlyList<SavedRecipe> Versions(string name) =>
        Folder(name) is { } folder
            ?
            [
                .. Directory
                    .EnumerateFiles(folder, "*.yaml")
                    .Order(StringComparer.Ordinal)
                    .Reverse()
                    .Select(path => Read(Path.ChangeExtension(path, ".json"))),
            ]
            : [];

    /// <summary>Finds what a reference names.</summary>
    /// <param name="reference">Such as <c>preset:nano-demo</c>, <c>recipe:mine</c> (newest), <c>recipe:mine@3</c>, <c>run:ID</c>.</param>
    /// <returns>null where there is nothing of that name.</returns>
    public FoundRecipe? Find(string reference)
    {
        if (reference.StartsWith(PresetPrefix, StringComparison.Ordinal))
            return _presets.Value.GetValueOrDefault(reference[PresetPrefix.Length..]);
        if (reference.StartsWith(SavedPrefix, StringComparison.Ordinal))
        {
            var (name, version) = Split(reference[SavedPrefix.Length..]);
            return FindSaved(name, version);
        }
        return
            reference.StartsWith(RunPrefix, StringComparison.Ordinal)
            && training.Directory(reference[RunPrefix.Length..]) is { } run
            ? Found(reference, File.ReadAllText(run.RecipePath))
            : null;
    }

    public static string ReferenceOfPreset(string name) => PresetPrefix + name;

    public static string ReferenceOfRun(string id) => RunPrefix + id;

    public static string ReferenceOf(SavedRecipe saved) => $"{SavedPrefix}{saved.Name}@{saved.Version}";

    /// <summary>Whether a text is a reference, not a recipe.</summary>
    public static bool IsReference(string text) =>
        !text.Contains('\n')
        && ((string[])[PresetPrefix, SavedPrefix, RunPrefix]).Any(prefix =>
            text.StartsWith(prefix, StringComparison.Ordinal)
        );

    /// <summary>Saves a version under the recipe's name; one that is the newest already is not saved twice.</summary>
    /// <param name="yaml">The recipe as it shall be kept.</param>
    /// <param name="expected">The newest version that its author knew of, 0 for a new name; null where they do not say.</param>
    /// <exception cref="RecipeException">It is no recipe.</exception>
    /// <exception cref="RecipeConflictException">Somebody saved meanwhile, or the name cannot be.</exception>
    public SavedRecipe Save(string yaml, string by, string? note, string? basedOn, int? expected)
    {
        var recipe = RecipeReader.Parse(yaml);
        if (Reserved.Contains(recipe.Name, StringComparer.OrdinalIgnoreCase))
            throw new RecipeConflictException($"'{recipe.Name}' is a word of the site; give the recipe another name.");
        lock (_gate)
        {
            var newest = Versions(recipe.Name) is { Count: > 0 } known ? known[0] : null;
            if (newest is not null && newest.Hash == recipe.ContentHash())
                return newest;
            var number = newest?.Version ?? 0;
            if (expected is not null && expected != number)
                throw new RecipeConflictException(
                    expected == 0
                        ? $"There is a recipe '{recipe.Name}' already, version {number} by {newest!.By}; give this one another name."
                        : $"{newest!.By} saved version {number} of '{recipe.Name}' meanwhile; look at it, then save again."
                );
            var saved = new SavedRecipe(
                recipe.Name,
                number + 1,
                by,
                clock.GetUtcNow(),
                string.IsNullOrWhiteSpace(note) ? null : note.Trim(),
                basedOn,
                recipe.ContentHash(),
                recipe.Dataset,
                [.. recipe.Stages.Select(stage => stage.Name)]
            );
            Write(saved, yaml);
            return saved;
        }
    }

    private void Write(SavedRecipe saved, string yaml)
    {
        var folder = Path.Combine(Root, saved.Name);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, saved.Version.ToString("0000", CultureInfo.InvariantCulture));
        AtomicFile.WriteText(path + ".json", JsonSerializer.Serialize(saved, Json));
        AtomicFile.WriteText(path + ".yaml", yaml); // last: a version is there once its recipe is
    }

    private static SavedRecipe Read(string path) =>
        JsonSerializer.Deserialize<SavedRecipe>(File.ReadAllText(path), Json)
        ?? throw new InvalidDataException($"{path} is empty.");

    private FoundRecipe? FindSaved(string name, int? version)
    {
        var saved = Versions(name).FirstOrDefault(one => version is null || one.Version == version);
        if (saved is null)
            return null;
        var file = $"{saved.Version.ToString("0000", CultureInfo.InvariantCulture)}.yaml";
        return Found(ReferenceOf(saved), File.ReadAllText(Path.Combine(Folder(name)!, file)));
    }

    private IEnumerable<string> Names() =>
        Directory.Exists(Root) ? Directory.EnumerateDirectories(Root).Select(path => Path.GetFileName(path)!) : [];

    /// <summary>A name is looked up among the folders that are there, never made into a path.</summary>
    private string? Folder(string name) =>
        Names().FirstOrDefault(known => known == name) is { } found ? Path.Combine(Root, found) : null;

    private static (string Name, int? Version) Split(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at < 0)
            return (text, null);
        return int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? (text[..at], version)
            : ("", 0);
    }

    private static FoundRecipe Found(string reference, string yaml) =>
        new(reference, RecipeReader.Parse(yaml, reference), yaml);

    private static SortedDictionary<string, FoundRecipe> ReadPresets() =>
        new(
            Directory
                .EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "presets"), "*.yaml")
                .ToDictionary(
                    path => Path.GetFileNameWithoutExtension(path),
                    path => Found(ReferenceOfPreset(Path.GetFileNameWithoutExtension(path)), File.ReadAllText(path)),
                    StringComparer.Ordinal
                ),
            StringComparer.Ordinal
        );

    /// <summary>The first paragraph of the comment that a file begins with.</summary>
    private static string Introduction(string yaml)
    {
        var lines = yaml.Split('\n')
            .TakeWhile(line => line.StartsWith('#'))
            .Select(line => line.TrimStart('#').Trim())
            .TakeWhile(line => line.Length > 0);
        return string.Join(' ', lines);
    }
}
