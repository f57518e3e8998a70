using System.Text.Json;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Benchmarks;

/// <summary>What a batch and a count of operations must know of a model; read from its folder (Hugging Face layout).</summary>
/// <param name="ImageSide">Width and height of a tile, in pixels.</param>
/// <param name="ImageTokens">Positions that a tile takes in the prompt.</param>
/// <param name="ImageTokenId">The placeholder's id.</param>
/// <param name="Vocabulary">Ordinary ids are drawn from 0 up to this, the placeholder excepted.</param>
/// <param name="VisionParameters">Of the vision transformer; the projector, a thousandth of the work, is left out.</param>
/// <param name="VisionPositions">Patches of a tile, and the class token.</param>
/// <param name="TextParameters">Of the decoder with its head; an untied embedding only looks up.</param>
internal sealed record ModelShape(
    int ImageSide,
    int ImageTokens,
    int ImageTokenId,
    int Vocabulary,
    long VisionParameters,
    int VisionPositions,
    long TextParameters
)
{
    private const string Head = "language_model.lm_head.weight";
    private const string Embedding = "language_model.model.embed_tokens.weight";

    public static ModelShape Read(string folder)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        var config = document.RootElement;
        var vision = config.GetProperty("vision_config");
        var side = vision.GetProperty("image_size")[0].GetInt32();
        var patches = side / vision.GetProperty("patch_size")[0].GetInt32();
        var tokens = (int)Math.Round(patches * config.GetProperty("downsample_ratio").GetDouble());

        using var weights = SafetensorsModel.Open(folder);
        var untied = weights.Tensors.ContainsKey(Head);
        return new ModelShape(
            side,
            tokens * tokens,
            config.GetProperty("image_token_id").GetInt32(),
            config.GetProperty("text_config").GetProperty("vocab_size").GetInt32(),
            Count("vision_tower."),
            patches * patches + 1,
            Count("language_model.") - (untied ? Elements(weights.Tensors[Embedding]) : 0)
        );

        long Count(string prefix) =>
            weights
                .Tensors.Values.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Sum(Elements);
    }

    private static long Elements(TensorInfo tensor) => tensor.Shape.Aggregate(1L, (product, size) => product * size);
}
