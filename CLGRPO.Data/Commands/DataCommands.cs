using System.CommandLine;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Exporting;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Commands;

/// <summary><c>data generate|get|validate|import|problems|split|stats|freeze|export|backup</c>.</summary>
public static class DataCommands
{
    public static Command Create()
    {
        var store = new StoreArguments();
        var command = new Command("data", "Makes, fetches, imports, splits, counts, freezes and exports data sets")
        {
            BuiltInDataCommands.Generate(store),
            BuiltInDataCommands.Get(store),
            BuiltInDataCommands.Validate(store),
            Import(store),
            Problems(store),
            Split(store),
            Stats(store),
            Freeze(store),
            Export(store),
            Backup(store),
        };
        store.AddTo(command);
        return command;
    }

    private static Command Import(StoreArguments store)
    {
        var source = new Argument<string>("source")
        {
            Description = "A folder, a .zip, a version's folder, or the name of a version under the root",
        };
        var name = new Option<string?>("--as") { Description = "Name of the data set; the source's by default" };
        var format = new Option<string?>("--format")
        {
            Description =
                $"One of {string.Join(", ", Source.Formats.Select(format => format.Name))}; found out by default",
        };
        var question = new Option<string?>("--question") { Description = "Asked about every image of a new data set" };
        var licence = new Option<string?>("--licence") { Description = "Of a new data set" };
        var withoutTexts = new Option<bool>("--without-texts")
        {
            Description = "Leave the source's chains of thought out, to build new ones",
        };
        var command = new Command("import", "Brings labelled pictures into the store; a stopped import goes on")
        {
            source,
            name,
            format,
            question,
            licence,
            withoutTexts,
        };
        command.SetAction(
            async (parsed, stop) =>
            {
                var output = parsed.InvocationConfiguration.Output;
                var path = SourcePath(store.Root(parsed), parsed.GetValue(source)!);
                var request = new ImportRequest(path, parsed.GetValue(name) ?? DefaultName(path), StoreArguments.Actor)
                {
                    Format = parsed.GetValue(format),
                    Question = parsed.GetValue(question),
                    Licence = parsed.GetValue(licence),
                    WithoutTexts = parsed.GetValue(withoutTexts),
                };
                using var database = store.Open(parsed);
                var progress = new ProgressLines(output);
                var import = await new Importer(database, store.Root(parsed)).Run(request, progress, stop);
                await output.WriteLineAsync(
                    $"{request.Dataset}: {import.Imported} imported, {import.Duplicates} there already, {import.Problems} with problems{(import.Problems + import.Duplicates > 0 ? $" (clgrpo data problems {import.Id})" : "")}"
                );
                return import.Problems == 0 ? 0 : 1;
            }
        );
        return command;
    }

    private static Command Problems(StoreArguments store)
    {
        var import = new Argument<long>("import") { Description = "Its number, as 'data import' tells it" };
        var command = new Command("problems", "Lists the rows that an import left out: file, line, reason") { import };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                await using var context = database.CreateDbContext();
                var id = parsed.GetValue(import);
                var rows = context.ImportProblems.Where(row => row.ImportId == id).OrderBy(row => row.Id);
                await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(stop))
                    await parsed.InvocationConfiguration.Output.WriteLineAsync($"{row.File}:{row.Line}: {row.Reason}");
                return 0;
            }
        );
        return command;
    }

    private static Command Split(StoreArguments store)
    {
        var dataset = Dataset();
        var train = new Option<double>("--train")
        {
            Description = "Share for training",
            DefaultValueFactory = _ => SplitShares.Default.Train,
        };
        var validation = new Option<double>("--validation")
        {
            Description = "Share for validation",
            DefaultValueFactory = _ => SplitShares.Default.Validation,
        };
        var test = new Option<double>("--test")
        {
            Description = "Share held out",
            DefaultValueFactory = _ => SplitShares.Default.Test,
        };
        var seed = new Option<long>("--seed") { Description = "Another seed, another split" };
        var all = new Option<bool>("--all") { Description = "Also samples that were given a split already" };
        var command = new Command("split", "Splits a data set by class, keeping groups together")
        {
            dataset,
            train,
            validation,
            test,
            seed,
            all,
        };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                var id = await Find(database, parsed.GetValue(dataset)!, stop);
                var settings = new SplitSettings
                {
                    Shares = new SplitShares(
                        parsed.GetValue(train),
                        parsed.GetValue(validation),
                        parsed.GetValue(test)
                    ),
                    Seed = parsed.GetValue(seed),
                    KeepGiven = !parsed.GetValue(all),
                };
                var report = await DatasetSplitter.Split(
                    database,
                    TimeProvider.System,
                    id,
                    settings,
                    StoreArguments.Actor,
                    stop
                );
                var (counts, output) = (report.Counts, parsed.InvocationConfiguration.Output);
                await output.WriteLineAsync(
                    $"{counts.Train} training, {counts.Validation} validation, {counts.Test} test samples; {report.Moved} were moved"
                );
                if (report.GroupsAcross > 0)
                    await output.WriteLineAsync(
                        $"{report.GroupsAcross} groups lie in more than one split because they were given so: training leaks into test. Use --all."
                    );
                return 0;
            }
        );
        return command;
    }

    private static Command Stats(StoreArguments store)
    {
        var dataset = new Argument<string>("dataset")
        {
            Description = "A data set of the store, or a frozen version (name@hash)",
        };
        var command = new Command("stats", "Counts classes, attributes and chains of thought") { dataset };
        command.SetAction(
            async (parsed, stop) =>
            {
                var (reference, output) = (parsed.GetValue(dataset)!, parsed.InvocationConfiguration.Output);
                if (store.Exists(parsed))
                {
                    using var database = store.Open(parsed);
                    if (await FindOrNull(database, reference, stop) is { } id)
                    {
                        await output.WriteAsync(DataText.Page(await StoreStatistics.Of(database, id, stop)));
                        return 0;
                    }
                }
                var version = DatasetVersion.Open(DatasetVersion.Find(store.Root(parsed), reference));
                foreach (var split in DatasetStatistics.Of(version))
                    await output.WriteAsync(DataText.Page(split));
                return 0;
            }
        );
        return command;
    }

    private static Command Freeze(StoreArguments store)
    {
        var dataset = Dataset();
        var teachers = new Option<string[]>("--teachers")
        {
            Description = "Only their texts",
            AllowMultipleArgumentsPerToken = true,
        };
        var jobs = new Option<string[]>("--constructions")
        {
            Description = "Only theirs, by name",
            AllowMultipleArgumentsPerToken = true,
        };
        var agreement = new Option<double?>("--min-agreement") { Description = "Least share of verifiers that agreed" };
        var rating = new Option<double?>("--min-rating") { Description = "Least mean rating by reviewers, 1 to 5" };
        var reviewed = new Option<bool>("--reviewed") { Description = "Only what a reviewer accepted or edited" };
        var keep = new Option<bool>("--keep-without") { Description = "Keep training samples that have no text" };
        var command = new Command("freeze", "Makes an immutable version that 'train' takes")
        {
            dataset,
            teachers,
            jobs,
            agreement,
            rating,
            reviewed,
            keep,
        };
        command.SetAction(
            async (parsed, stop) =>
            {
                var selection = new RecordSelection
                {
                    Teachers = parsed.GetValue(teachers) is { Length: > 0 } names ? names : null,
                    Jobs = parsed.GetValue(jobs) is { Length: > 0 } constructions ? constructions : null,
                    MinAgreement = parsed.GetValue(agreement),
                    MinRating = parsed.GetValue(rating),
                    KeepWithoutRecord = parsed.GetValue(keep),
                };
                if (parsed.GetValue(reviewed))
                    selection = selection with { Reviews = [ReviewState.Accepted, ReviewState.Edited] };
                using var database = store.Open(parsed);
                var id = await Find(database, parsed.GetValue(dataset)!, stop);
                var version = await new VersionFreezer(database, TimeProvider.System, store.Root(parsed)).Freeze(
                    id,
                    selection,
                    StoreArguments.Actor,
                    stop
                );
                await parsed.InvocationConfiguration.Output.WriteLineAsync(DataText.Line(version));
                return 0;
            }
        );
        return command;
    }

    private static Command Export(StoreArguments store)
    {
        var version = new Argument<string>("version") { Description = "A frozen version: name, or name@hash" };
        var target = new Argument<string>("target") { Description = "A folder that does not exist yet" };
        var format = new Option<ExportFormat>("--format")
        {
            Description = "Jsonl, Llava, Swift, or Csv (for spreadsheets)",
        };
        var images = new Option<bool>("--images") { Description = "Also copy the pictures" };
        var command = new Command("export", "Writes a frozen version in a form that others read")
        {
            version,
            target,
            format,
            images,
        };
        command.SetAction(
            async (parsed, stop) =>
            {
                var found = DatasetVersion.Open(DatasetVersion.Find(store.Root(parsed), parsed.GetValue(version)!));
                await DatasetExport.Write(
                    ExportSource.Of(found),
                    parsed.GetValue(format),
                    parsed.GetValue(target)!,
                    parsed.GetValue(images),
                    stop
                );
                await parsed.InvocationConfiguration.Output.WriteLineAsync(
                    $"{parsed.GetValue(target)}: {found.Info.Counts.Total} samples as {parsed.GetValue(format)}"
                );
            }
        );
        return command;
    }

    private static Command Backup(StoreArguments store)
    {
        var target = new Argument<string>("target") { Description = "A file that does not exist yet" };
        var command = new Command("backup", "Copies the SQLite store while others write to it, and checks the copy")
        {
            target,
        };
        command.SetAction(parsed =>
        {
            using var database = store.Open(parsed);
            database.Backup(parsed.GetValue(target)!);
        });
        return command;
    }

    private static Argument<string> Dataset() => new("dataset") { Description = "A data set of the store, by name" };

    private static async Task<long> Find(StoreFactory database, string name, CancellationToken stop) =>
        await FindOrNull(database, name, stop)
        ?? throw new ImportException($"The store has no data set '{name}'; bring it in with 'clgrpo data import'.");

    private static async Task<long?> FindOrNull(StoreFactory database, string name, CancellationToken stop)
    {
        await using var context = database.CreateDbContext();
        return await context
            .Datasets.Where(dataset => dataset.Name == name)
            .Select(dataset => (long?)dataset.Id)
            .SingleOrDefaultAsync(stop);
    }

    /// <summary>A path as given, or a frozen version under the root.</summary>
    private static string SourcePath(string root, string source) =>
        Directory.Exists(source) || File.Exists(source) || !Directory.Exists(Path.Combine(root, source.Split('@')[0]))
            ? source
            : DatasetVersion.Find(root, source);

    /// <summary>What the source is called; a frozen version is called by its folder's name, not by its hash.</summary>
    private static string DefaultName(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var name = DatasetHash.IsHash(Path.GetFileName(full))
            ? Path.GetFileName(Path.GetDirectoryName(full)!)
            : Path.GetFileNameWithoutExtension(full);
        return string.Concat(
            name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')
        );
    }

    private sealed class ProgressLines(TextWriter output) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) =>
            output.WriteLine(
                FormattableString.Invariant(
                    $"{value.Rows} of {value.TotalRows} rows, {value.RowsPerSecond:F0}/s{(value.Remaining is { } left ? $", {left:hh\\:mm\\:ss} left" : "")}"
                )
            );
    }
}
