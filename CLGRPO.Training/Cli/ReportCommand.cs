using System.CommandLine;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Cli;

/// <summary><c>report</c>: the paper's table from a run's evaluations.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("run") { Description = "The run's folder" };
        var command = new Command("report", "Prints the paper's table for a run and writes report.json") { run };
        command.SetAction(parsed => Report(parsed.GetValue(run)!));
        return command;
    }

    public static int Report(string path)
    {
        var report = RunReport.Of(RunDirectory.Open(path));
        report.Save(Path.Combine(path, "report.json"));
        Console.Write(EvaluationTable.Text(report));
        return 0;
    }
}
