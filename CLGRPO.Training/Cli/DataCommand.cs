using System.CommandLine;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.Emoji;
using CLGRPO.Data.Datasets.EmoScenes;

namespace CLGRPO.Training.Cli;

/// <summary><c>data generate|get|validate|stats</c>.</summary>
internal static class DataCommand
{
    private static readonly Option<string> Root = new("--root")
    {
        Description = "Folder of the data sets",
        DefaultValueFactory = _ => "datasets",
        Recursive = true,
    };

    public static Command Create() =>
        new("data", "Makes, fetches, checks and counts data sets") { Root, Generate(), Get(), Validate(), Stats() };

    private static Command Generate()
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
            Tell(EmoScenesGenerator.Generate(config, parsed.GetValue(Root)!));
        });
        return command;
    }

    private static Command Get()
    {
        var name = new Argument<string>("name") { Description = "emoji" };
        name.AcceptOnlyFromAmong("emoji");
        var command = new Command("get", "Fetches a built-in data set from the npm registry") { name };
        command.SetAction(parsed => Tell(EmojiDataset.Get(parsed.GetValue(Root)!)));
        return command;
    }

    private static Command Validate()
    {
        var dataset = Dataset();
        var deep = new Option<bool>("--deep") { Description = "Also hash every image" };
        var command = new Command("validate", "Reports every bad row with file, line and reason") { dataset, deep };
        command.SetAction(parsed =>
        {
            var path = DatasetVersion.Find(parsed.GetValue(Root)!, parsed.GetValue(dataset)!);
            var problems = DatasetVersion.Validate(path, parsed.GetValue(deep));
            foreach (var problem in problems)
                Console.WriteLine(problem);
            Console.WriteLine(problems.Count == 0 ? $"{path}: no problems" : $"{path}: {problems.Count} problems");
            return problems.Count == 0 ? 0 : 1;
        });
        return command;
    }

    private static Command Stats()
    {
        var dataset = Dataset();
        var command = new Command("stats", "Counts classes, attributes and completions") { dataset };
        command.SetAction(parsed =>
        {
            foreach (
                var split in DatasetStatistics.Of(
                    DatasetVersion.Open(DatasetVersion.Find(parsed.GetValue(Root)!, parsed.GetValue(dataset)!))
                )
            )
                Print(split);
        });
        return command;
    }

    private static Argument<string> Dataset() =>
        new("dataset") { Description = "A data set's name, the hash of a version, or a version's folder" };

    private static void Print(SplitStatistics split)
    {
        Console.WriteLine(
            $"{split.Split.Key()}: {split.Samples} samples, {split.Completions} completions ({split.Malformed} malformed, {split.WrongAnswers} wrong, {split.MeanWords:F1} words)"
        );
        Console.WriteLine("  " + string.Join("  ", split.Labels.Select(label => $"{label.Key} {label.Value}")));
    }

    private static void Tell(DatasetVersion version) =>
        Console.WriteLine(
            $"{version.Path}: {version.Info.Counts.Train} training, {version.Info.Counts.Validation} validation, {version.Info.Counts.Test} test images"
        );
}
