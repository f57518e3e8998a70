using System.CommandLine;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.Emoji;
using CLGRPO.Data.Datasets.EmoScenes;

namespace CLGRPO.Data.Commands;

/// <summary><c>data generate|get|validate</c>: the built-in sets, and checking versions. They need no database.</summary>
internal static class BuiltInDataCommands
{
    public static Command Generate(StoreArguments store)
    {
        var name = new Argument<string>("name") { Description = "emoscenes" };
        name.AcceptOnlyFromAmong("emoscenes");
        var defaults = new EmoScenesConfig();
        var seed = new Option<ulong>("--seed")
        {
            Description = "Every picture follows from it",
            DefaultValueFactory = _ => defaults.Seed,
        };
        var train = new Option<int>("--train")
        {
            Description = "Training images",
            DefaultValueFactory = _ => defaults.Train,
        };
        var validation = new Option<int>("--validation")
        {
            Description = "Validation images",
            DefaultValueFactory = _ => defaults.Validation,
        };
        var test = new Option<int>("--test")
        {
            Description = "Held-out images",
            DefaultValueFactory = _ => defaults.Test,
        };
        var jitter = new Option<double>("--jitter")
        {
            Description = "Pixels that cards, scene and figures move at most",
            DefaultValueFactory = _ => defaults.JitterPixels,
        };
        var noise = new Option<double>("--noise")
        {
            Description = "Deviation of the pixel noise, pixels being 0 to 1",
            DefaultValueFactory = _ => defaults.Noise,
        };
        var rename = new Option<string>("--as")
        {
            Description = "Name of the data set",
            DefaultValueFactory = _ => defaults.Name,
        };
        var mistakes = new Option<double>("--teacher-mistakes")
        {
            Description = "Share of mentions that the rule teacher gets wrong",
            DefaultValueFactory = _ => defaults.Teacher.Mistakes,
        };
        var command = new Command("generate", "Draws a built-in data set")
        {
            name,
            rename,
            seed,
            train,
            validation,
            test,
            jitter,
            noise,
            mistakes,
        };
        command.SetAction(parsed =>
        {
            var config = defaults with
            {
                Name = parsed.GetValue(rename)!,
                Seed = parsed.GetValue(seed),
                JitterPixels = parsed.GetValue(jitter),
                Noise = parsed.GetValue(noise),
                Train = parsed.GetValue(train),
                Validation = parsed.GetValue(validation),
                Test = parsed.GetValue(test),
                Teacher = defaults.Teacher with { Mistakes = parsed.GetValue(mistakes) },
            };
            Tell(EmoScenesGenerator.Generate(config, store.Root(parsed)));
        });
        return command;
    }

    public static Command Get(StoreArguments store)
    {
        var name = new Argument<string>("name") { Description = "emoji" };
        name.AcceptOnlyFromAmong("emoji");
        var command = new Command("get", "Fetches a built-in data set from the npm registry") { name };
        command.SetAction(parsed => Tell(EmojiDataset.Get(store.Root(parsed))));
        return command;
    }

    public static Command Validate(StoreArguments store)
    {
        var dataset = Dataset();
        var deep = new Option<bool>("--deep") { Description = "Also hash every image" };
        var command = new Command("validate", "Reports every bad row with file, line and reason") { dataset, deep };
        command.SetAction(parsed =>
        {
            var path = DatasetVersion.Find(store.Root(parsed), parsed.GetValue(dataset)!);
            var problems = DatasetVersion.Validate(path, parsed.GetValue(deep));
            foreach (var problem in problems)
                Console.WriteLine(problem);
            Console.WriteLine(problems.Count == 0 ? $"{path}: no problems" : $"{path}: {problems.Count} problems");
            return problems.Count == 0 ? 0 : 1;
        });
        return command;
    }

    private static Argument<string> Dataset() =>
        new("dataset") { Description = "A data set's name, the hash of a version, or a version's folder" };

    private static void Tell(DatasetVersion version) => Console.WriteLine(DataText.Line(version));
}
