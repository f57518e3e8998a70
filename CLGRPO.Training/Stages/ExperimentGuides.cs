namespace CLGRPO.Training.Stages;

/// <summary>Guides of the settings outside stages, by their path.</summary>
internal static class ExperimentGuides
{
    public static readonly IReadOnlyDictionary<string, SettingGuide> All = new Dictionary<string, SettingGuide>(
        StringComparer.Ordinal
    )
    {
        ["name"] = new("Experiment", "Name", "", "Names the experiment and its runs."),
        ["seed"] = new(
            "Experiment",
            "Seed",
            "",
            "Everything random follows from it: the same seed gives the same run."
        ),
        ["dataset"] = new(
            "Experiment",
            "Data set",
            "",
            "A frozen data set by name, or name@hash where it has several versions."
        ),
        ["precision"] = new(
            "Experiment",
            "Precision",
            "",
            "What weights and activations are computed in; bf16 keeps fp32 masters of what learns."
        ),
        ["sample_at_once"] = new(
            "Experiment",
            "Sampled at once",
            "completions",
            "A matter of memory and speed, not of what is learnt."
        ),
        ["image.max_tiles"] = new(
            "Experiment",
            "Tiles per image",
            "tiles",
            "At most, the thumbnail not counted. Each costs as much as the first."
        ),
        ["model.path"] = new(
            "Model",
            "Folder",
            "",
            "A model folder in one of InternVL's layouts; empty builds one from the preset."
        ),
        ["model.preset"] = new(
            "Model",
            "Preset",
            "",
            "A model that begins with random weights and a vocabulary of the data set."
        ),
        ["model.vision.image_size"] = new(
            "Model",
            "Picture size",
            "pixels",
            "Width and height of a tile; a multiple of twice the patch."
        ),
        ["model.vision.patch_size"] = new("Model", "Patch", "pixels", "Width and height of what becomes one vector."),
        ["model.vision.hidden_size"] = new("Model", "Vision width", "", "Numbers per patch; a multiple of the heads."),
        ["model.vision.num_hidden_layers"] = new("Model", "Vision layers", "layers", "Depth of the vision tower."),
        ["model.vision.num_attention_heads"] = new("Model", "Vision heads", "heads", "Attention heads of a layer."),
        ["model.vision.intermediate_size"] = new(
            "Model",
            "Vision inner width",
            "",
            "Width inside a layer's perceptron."
        ),
        ["model.language.hidden_size"] = new(
            "Model",
            "Language width",
            "",
            "Numbers per token; a multiple of twice the heads."
        ),
        ["model.language.num_hidden_layers"] = new("Model", "Language layers", "layers", "Depth of the decoder."),
        ["model.language.num_attention_heads"] = new("Model", "Language heads", "heads", "Attention heads of a layer."),
        ["model.language.num_key_value_heads"] = new(
            "Model",
            "Key-value heads",
            "heads",
            "Divides the heads: fewer make a smaller KV cache."
        ),
        ["model.language.intermediate_size"] = new(
            "Model",
            "Language inner width",
            "",
            "Width inside a layer's perceptron."
        ),
        ["model.language.tie_word_embeddings"] = new(
            "Model",
            "Tied embeddings",
            "",
            "One table of tokens for input and output."
        ),
        ["prompt.system"] = new("Prompt", "System", "", "Empty: no system turn."),
        ["prompt.cot"] = new(
            "Prompt",
            "Question with reasoning",
            "",
            "Follows the image where the completion reasons. {labels} stands for the data set's labels."
        ),
        ["prompt.answer"] = new(
            "Prompt",
            "Question for the answer alone",
            "",
            "Follows the image where the completion is the label alone."
        ),
    };
}
