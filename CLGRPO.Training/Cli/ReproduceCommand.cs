using System.CommandLine;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Training.Reproduction;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Cli;

/// <summary><c>reproduce</c>: a recipe for several seeds, and what they say together.</summary>
internal sealed class ReproduceCommand
{
    private static readonly EmoScenesConfig EmoScenes = new();

    private readonly Option<string> _recipe = new("--recipe")
    {
        Description = "What every seed trains",
        DefaultValueFactory = _ => "recipes/nano-reproduce.yaml",
    };
    private readonly Option<int> _seeds = new("--seeds")
    {
        Description = "How many seeds, from the recipe's own on",
        DefaultValueFactory = _ => 3,
    };
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the runs, the report and its pictures; seeds done there are not trained again",
        DefaultValueFactory = _ => "runs/reproduce",
    };
    private readonly Option<string?> _docs = new("--docs")
    {
        Description = "Also write reproduction.md and reproduction/*.svg into this folder",
    };
    private readonly Option<bool> _noTrain = new("--no-train")
    {
        Description = "Only report on what is evaluated so far",
    };
    private readonly Option<string> _datasets = CommonOptions.Datasets();
    private readonly Option<int?> _workers = CommonOptions.Workers();
    private readonly Option<string> _device = CommonOptions.Device();

    public static Command Create() => new ReproduceCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "reproduce",
            "Trains a recipe for several seeds and reports means, intervals and what holds"
        )
        {
            _recipe,
            _seeds,
            _out,
            _docs,
            _noTrain,
            _datasets,
            _workers,
            _device,
        };
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var recipe = RecipeReader.ReadFile(parsed.GetValue(_recipe)!);
        var folder = new ReproductionFolder(parsed.GetValue(_out)!);
        int[] seeds = [.. Enumerable.Range(recipe.Seed, CommonOptions.AtLeastOne(parsed, _seeds))];
        if (!parsed.GetValue(_noTrain))
        {
            GenerateMissing(recipe, parsed.GetValue(_datasets)!);
            foreach (var seed in seeds.Where(seed => !folder.IsFinished(seed)))
            {
                var code = TrainCommand.Train(
                    recipe.WithSeed(seed),
                    folder.RunPath(seed),
                    parsed.GetValue(_datasets)!,
                    CommonOptions.AtLeastOne(parsed, _workers),
                    parsed.GetValue(_device)!
                );
                if (code != 0)
                {
                    return code;
                }
            }
        }
        Tell(
            parsed.InvocationConfiguration.Output,
            folder.Report(recipe.Name, seeds, parsed.GetValue(_docs)),
            parsed.GetValue(_out)!
        );
        return 0;
    }

    private static void GenerateMissing(Recipe recipe, string datasets)
    {
        if (recipe.Dataset == EmoScenes.Name && !Directory.Exists(Path.Combine(datasets, EmoScenes.Name)))
        {
            EmoScenesGenerator.Generate(EmoScenes, datasets);
        }
    }

    private static void Tell(TextWriter output, ReproductionReport report, string folder)
    {
        foreach (var claim in report.Claims)
        {
            output.WriteLine(ReproductionPage.Sentence(claim));
        }
        output.WriteLine(Path.Combine(folder, "reproduction.md"));
    }
}
