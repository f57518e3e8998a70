using System.Text.Json;
using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>Everything of a model folder but the weights.</summary>
public sealed record ModelSettings(ModelConfig Config, Tokenizer Tokenizer, ImagePreprocessorConfig Images)
{
    /// <summary>The files it was read from; null for a model that was made here.</summary>
    internal SourceFiles? Source { get; init; }

    /// <summary>Tokens that end a completion.</summary>
    public IReadOnlyList<int> StopTokens => GenerationJson.StopTokens(Source?.Generation, Tokenizer.SpecialTokens);

    /// <summary>Reads the settings; whether the head is tied is not known before the tensors are.</summary>
    /// <exception cref="ModelException">A file cannot be used; the message names it and says why.</exception>
    public static ModelSettings Load(string folder)
    {
        if (!Directory.Exists(folder))
            throw new ModelException($"There is no model folder '{folder}'.");
        var source = SourceFiles.Read(folder);
        var tokenizer = TokenizerFiles.Load(folder);
        var config = In(
            folder,
            SourceFiles.ConfigName,
            () => ModelConfigJson.Read(source.Config, tokenizer.SpecialTokens)
        );
        tokenizer.RequireFits(config.Language.VocabularySize);
        var images = In(
            folder,
            SourceFiles.PreprocessorName,
            () => PreprocessorJson.Read(source.Preprocessor, source.Config, config.Vision.ImageSize)
        );
        var settings = new ModelSettings(config, tokenizer, images) { Source = source };
        _ = In(folder, SourceFiles.GenerationName, () => settings.StopTokens);
        return settings;
    }

    /// <summary>Writes the settings for a layout. What the source's files say is kept; see <see cref="ModelConfigJson"/>.</summary>
    internal void Save(string folder, ModelLayout layout, SafetensorsDtype dtype)
    {
        var special = Tokenizer.SpecialTokens;
        foreach (var (name, bytes) in Source?.Texts ?? new Dictionary<string, byte[]>(StringComparer.Ordinal))
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
        if (Source?.Texts.ContainsKey(SourceFiles.TokenizerName) != true)
            Tokenizer.Save(Path.Combine(folder, SourceFiles.TokenizerName));
        var dtypeName = WeightDtype.TorchName(dtype);
        SmallJson.Write(
            Path.Combine(folder, SourceFiles.ConfigName),
            ModelConfigJson.Write(layout, Config, special, Images, dtypeName, Source?.Config)
        );
        SmallJson.Write(
            Path.Combine(folder, SourceFiles.PreprocessorName),
            PreprocessorJson.Write(layout == ModelLayout.Original, Images, Source)
        );
        SmallJson.Write(
            Path.Combine(folder, SourceFiles.GenerationName),
            GenerationJson.Write(Source?.Generation, special)
        );
    }

    private static T In<T>(string folder, string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ModelException e)
        {
            throw new ModelException($"{Path.Combine(folder, file)}: {e.Message}", e);
        }
    }
}
