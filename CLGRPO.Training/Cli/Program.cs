using System.CommandLine;
using System.Globalization;
using CLGRPO.Training.Cli;

// One culture: a comma for a point would make files that no other machine reads.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

var root = new RootCommand("Teaches small vision-language models to reason: COT data, four training stages, evaluation.")
{
    DataCommand.Create(),
    TrainCommand.Create(),
    TokenizeCommand.Create(),
    ReportCommand.Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (UserErrors.Explains(e))
{
    await Console.Error.WriteLineAsync($"clgrpo: {e.Message}");
    return 1;
}
