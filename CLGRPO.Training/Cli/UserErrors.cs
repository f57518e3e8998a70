using CLGRPO.Data.Datasets;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Images;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Cli;

/// <summary>Failures whose message is meant for the person at the keyboard; others show where in the program they arose.</summary>
internal static class UserErrors
{
    public static bool Explains(Exception error) =>
        error is DatasetException or RecipeException or ModelException or SafetensorsException or ImageException or NonFiniteGradientException or IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException;
}
