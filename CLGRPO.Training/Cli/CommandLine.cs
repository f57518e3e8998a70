using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using CLGRPO.Data.Commands;

namespace CLGRPO.Training.Cli;

/// <summary>The program's commands, and how their failures are told.</summary>
internal static class CommandLine
{
    private const string Name = "clgrpo";

    // A command that is asked to stop may finish what has been paid for (CotConstruction waits 20 seconds for replies).
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    public static Command Root() =>
        new(Name, "Teaches small vision-language models to reason: COT data, four training stages, evaluation.")
        {
            new HelpOption(),
            new VersionOption(),
            DataCommands.Create(),
            TeacherCommands.Create(CheckpointTeacher.Load),
            CotCommands.Create(CheckpointTeacher.Load),
            TrainCommand.Create(),
            EvalCommand.Create(),
            ReportCommand.Create(),
            ReproduceCommand.Create(),
            GenerateCommand.Create(),
            ServeCommand.Create(),
            ForwardCommand.Create(),
            TokenizeCommand.Create(),
            ModelCommand.Create(),
            ConvertCommand.Create(),
        };

    /// <summary>Runs a command. A user's mistake is one line on <paramref name="error"/>; a fault of the program travels on.</summary>
    /// <returns>The exit code: 0, or 1 for a mistake.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var parsed = Root().Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            var mistakes = string.Join(' ', parsed.Errors.Select(mistake => OneLine(mistake.Message)));
            await error.WriteLineAsync($"{Name}: {mistakes} See '{PathOf(parsed.CommandResult.Command)} --help'.");
            return 1;
        }
        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    Output = output,
                    Error = error,
                    ProcessTerminationTimeout = StopPatience,
                }
            );
        }
        catch (Exception e) when (UserErrors.Explains(e))
        {
            await error.WriteLineAsync($"{Name}: {UserErrors.Message(e)}");
            return 1;
        }
    }

    private static string OneLine(string text) =>
        string.Join(' ', text.Split((char[])['\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries));

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent
            ? $"{PathOf(parent)} {command.Name}"
            : command.Name;
}
