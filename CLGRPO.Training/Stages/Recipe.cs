using System.Security.Cryptography;
using System.Text;
using CLGRPO.Data.Cot;
using CLGRPO.Data.Images;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Sft;

namespace CLGRPO.Training.Stages;

/// <summary>An experiment: what is trained on what, in which stages. Read by <see cref="RecipeReader"/>.</summary>
public sealed record Recipe
{
    public required string Name { get; init; }

    /// <summary>Everything random follows from it.</summary>
    public int Seed { get; init; }

    /// <summary>A dataset's name, the hash of one of its versions, or the folder of one.</summary>
    public required string Dataset { get; init; }

    public ModelSource Model { get; init; } = new();

    public Precision Precision { get; init; } = Precision.Fp32;

    /// <summary>Completions that are sampled at once, in rollouts and evaluations: a matter of memory and speed.</summary>
    public int SampleAtOnce { get; init; } = PolicySampler.DefaultMaxRows;

    public required PromptConfig Prompt { get; init; }

    public ImageConfig Image { get; init; } = new();

    /// <summary>In the order they are trained.</summary>
    public required EquatableList<Stage> Stages { get; init; }

    /// <summary>The recipe with every setting spelt out; reading it gives an equal recipe.</summary>
    public string ToYaml() => RecipeWriter.Write(this);

    /// <summary>SHA-256 of <see cref="ToYaml"/>, in lower-case hexadecimal: equal recipes have equal hashes.</summary>
    public string ContentHash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToYaml())));

    /// <summary>The same experiment with other random numbers.</summary>
    public Recipe WithSeed(int seed) =>
        this with
        {
            Seed = seed,
            Stages =
            [
                .. Stages.Select(stage =>
                    stage.Grpo is { } grpo && grpo.Sampling.Seed == Seed
                        ? stage with
                        {
                            Grpo = grpo with { Sampling = grpo.Sampling with { Seed = seed } },
                        }
                        : stage
                ),
            ],
        };

    /// <summary>What the person who starts this recipe should know.</summary>
    public IReadOnlyList<string> Warnings() =>
        [.. from stage in Stages from warning in stage.Warnings() select $"stage '{stage.Name}': {warning}"];
}

/// <summary>Where the weights of <c>from: none</c> come from.</summary>
public sealed record ModelSource
{
    /// <summary>A model that this program can build with random weights.</summary>
    public string? Preset { get; init; } = "nano";

    /// <summary>A folder with safetensors in one of InternVL's layouts; null with a preset.</summary>
    public string? Path { get; init; }

    /// <summary>The preset's shape.</summary>
    public VisionShape Vision { get; init; } = new();

    public LanguageShape Language { get; init; } = new();
}

/// <summary>The vision transformer of a model built from a preset.</summary>
public sealed record VisionShape
{
    public int ImageSize { get; init; } = 64;
    public int PatchSize { get; init; } = 8;
    public int HiddenSize { get; init; } = 96;
    public int NumHiddenLayers { get; init; } = 3;
    public int NumAttentionHeads { get; init; } = 4;
    public int IntermediateSize { get; init; } = 384;
}

/// <summary>The decoder of a model built from a preset.</summary>
public sealed record LanguageShape
{
    public int HiddenSize { get; init; } = 128;
    public int NumHiddenLayers { get; init; } = 3;
    public int NumAttentionHeads { get; init; } = 4;
    public int NumKeyValueHeads { get; init; } = 2;
    public int IntermediateSize { get; init; } = 344;
    public bool TieWordEmbeddings { get; init; } = true;
}

/// <summary>The texts of a prompt; <c>{labels}</c> stands for the data set's labels, separated by commas.</summary>
public sealed record PromptConfig
{
    /// <summary>Empty = no system turn. Always written down: layouts of the same model differ in their default.</summary>
    public required string System { get; init; }

    /// <summary>The question after the image when the completion has reasoning.</summary>
    public required string Cot { get; init; }

    /// <summary>The question after the image when the completion is the answer alone.</summary>
    public required string Answer { get; init; }

    public string For(CompletionStyle style) => style == CompletionStyle.Cot ? Cot : Answer;
}

public sealed record ImageConfig
{
    /// <summary>Tiles per image at most, the thumbnail not counted.</summary>
    public int MaxTiles { get; init; } = 1;

    /// <summary>A model's image preprocessing under this limit.</summary>
    public ImagePreprocessorConfig Limit(ImagePreprocessorConfig images) =>
        images with
        {
            MaxTiles = Math.Min(images.MaxTiles, MaxTiles),
        };
}
