using System.Globalization;
using System.Text;
using CLGRPO.Golden;

// Usage: CLGRPO.Golden [folder …]   walks tests/golden, or what CLGRPO_GOLDEN names; see tests/golden/README.md.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.OutputEncoding = Encoding.UTF8;

// One line for each walker; several may share a folder.
IGoldenWalker[] walkers =
[
    new TokenizerGolden(),
    new ImagesGolden(),
    new InternVlForwardGolden(),
    new InternVlTrainingGolden(),
    new InternVlBfloat16Golden(),
    new AdvantagesGolden(),
    new GrpoLossGolden(),
    new OptimizerGolden(),
    new SamplingGolden(),
    new StatisticsGolden(),
    new InternVlLoraGolden(),
    new InternVlLayoutsGolden(),
];

try
{
    return new GoldenRun(walkers, GoldenFolder.Find(), Console.Out).Execute(args);
}
catch (DirectoryNotFoundException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
