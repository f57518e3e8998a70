using CLGRPO.Data.Files;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Settings;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints;

/// <summary>Writes a model folder anew in another layout or type of number, file to file: no model is held in memory.</summary>
public static class ModelConversion
{
    /// <param name="source">A model folder in any layout.</param>
    /// <param name="target">Appears as a whole, or not at all.</param>
    /// <param name="format">What to write.</param>
    /// <returns>Parameters.</returns>
    /// <exception cref="ModelException">The source cannot be used, or its weights have several types and none was asked for.</exception>
    /// <exception cref="IOException">The target exists already.</exception>
    public static long Convert(string source, string target, SaveFormat format)
    {
        if (Path.Exists(target))
            throw new IOException($"'{target}' exists already; give a folder that does not.");
        var settings = ModelSettings.Load(source);
        using var weights = WeightFolder.Open(source);
        settings = settings with { Config = weights.Tied(settings.Config) };
        var parameters = VisionLanguageModel.Declare(settings.Config);
        var reader = weights.Match(parameters);
        var dtype =
            format.Dtype
            ?? (
                weights.Dtypes is [var only]
                    ? only
                    : throw new ModelException(
                        $"The weights of '{source}' are {string.Join(" and ", weights.Dtypes)}; say which type to write."
                    )
            );
        using var folder = new AtomicFolder(target);
        settings.Save(folder.Path, format.Layout, dtype);
        WeightFiles.Write(
            folder.Path,
            FileTensor.Of(parameters, format.Layout),
            dtype,
            format.MaxShardBytes,
            reader.Read
        );
        folder.Commit();
        return parameters.Sum(parameter => parameter.Count);
    }
}
