using System.CommandLine;

namespace CLGRPO.Training.Cli;

/// <summary><c>model</c>: model folders.</summary>
internal static class ModelCommand
{
    public static Command Create() =>
        new("model", "Model folders") { ModelCreateCommand.Create(), ModelMergeCommand.Create() };
}
