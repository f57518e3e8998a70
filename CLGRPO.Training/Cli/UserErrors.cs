using System.Text.Json;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Cli;

/// <summary>Failures whose message is meant for the person at the keyboard; others show where in the program they arose.</summary>
internal static class UserErrors
{
    public static bool Explains(Exception error) =>
        error
            is DatasetException
                or ImportException
                or StoreException
                or ConstructionException
                or TeacherException
                or RecipeException
                or ModelException
                or SafetensorsException
                or ImageException
                or NonFiniteGradientException
                or IOException
                or UnauthorizedAccessException
                or InvalidDataException
                or JsonException
                or ArgumentException;

    /// <summary>What to tell: without the name of a parameter, which only the program knows.</summary>
    public static string Message(Exception error) =>
        error is ArgumentException { ParamName: { } name }
            ? error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
            : error.Message;
}
