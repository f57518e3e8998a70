using System.Globalization;
using CLGRPO.Training.Cli;

// One culture: a comma for a point would make files that no other machine reads.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

return await CommandLine.RunAsync(args, Console.Out, Console.Error);
