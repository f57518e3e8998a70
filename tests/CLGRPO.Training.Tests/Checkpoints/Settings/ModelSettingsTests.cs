using System.Text.Json.Nodes;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Checkpoints.Settings;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Tests.Checkpoints.Settings;

public sealed class ModelSettingsTests
{
    // Everything that would compute something else than the model was trained as. Source: reference/internvl.md §1–§4, §11.
    [Theory]
    [InlineData("-original", "ps_version", "\"v1\"", "only \"v2\"")]
    [InlineData("-original", "ps_version", "null", "a missing key means")]
    [InlineData("-original", "select_layer", "-4", "after the last layer")]
    [InlineData("-original", "use_llm_lora", "16", "merge the adapters")]
    [InlineData("-original", "pad2square", "true", "tiled")]
    [InlineData("-original", "force_image_size", "224", "position embeddings")]
    [InlineData("-original", "vision_config.qk_normalization", "true", "norms neither")]
    [InlineData("-original", "vision_config.norm_type", "\"rms_norm\"", "no other norm")]
    [InlineData("-original", "vision_config.qkv_bias", "false", "has biases")]
    [InlineData("-original", "llm_config.model_type", "\"qwen3\"", "only \"qwen2\"")]
    [InlineData("-original", "llm_config.use_sliding_window", "true", "use_sliding_window")]
    [InlineData("-hf", "model_type", "\"llava\"", "only 'internvl'")]
    [InlineData("-hf", "vision_feature_layer", "-2", "after the last layer")]
    [InlineData("-hf", "vision_feature_select_strategy", "\"full\"", "class token")]
    [InlineData("-hf", "downsample_ratio", "0.3", "1 over a whole number")]
    [InlineData("-hf", "image_token_id", "7", "the tokenizer's <IMG_CONTEXT>")]
    [InlineData("-hf", "image_seq_length", "17", "tokens")]
    [InlineData("-hf", "vision_config.use_qk_norm", "true", "norms neither")]
    [InlineData("-hf", "vision_config.use_mean_pooling", "false", "no last norm")]
    [InlineData("-hf", "vision_config.image_size", "[56, 112]", "square")]
    [InlineData("-hf", "vision_config.num_hidden_layers", "2000000000", "from 1 to 1024")]
    [InlineData("-hf", "text_config.hidden_size", "-64", "from 1 to")]
    [InlineData("-hf", "text_config.hidden_size", "null", "'text_config.hidden_size' is missing")]
    [InlineData("-hf", "text_config.model_type", "\"qwen3\"", "only \"qwen2\"")]
    [InlineData("-hf", "text_config.layer_types", "[\"sliding_attention\"]", "full_attention")]
    [InlineData("-hf", "text_config.head_dim", "128", "head_dim")]
    [InlineData("-hf", "text_config.rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":4.0}", "default and dynamic")]
    [InlineData("-hf", "text_config", "[]", "'text_config' is missing or no object")]
    public void Load_UnsupportedConfiguration_SaysWhichKeyAndWhy(
        string layout,
        string key,
        string value,
        string expected
    )
    {
        using var folder = new EditedFolder(layout);
        folder.Set("config.json", key, value);
        var error = Assert.Throws<ModelException>(() => PretrainedModel.Load(folder.Folder));
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SeveralUnsupportedValues_ListsThemInOneError()
    {
        using var folder = new EditedFolder("-hf");
        folder.Set("config.json", "vision_config.use_qk_norm", "true");
        folder.Set("config.json", "text_config.use_sliding_window", "true");
        folder.Edit("config.json", json => json["text_config"]!.AsObject().Remove("vocab_size"));
        var error = Assert.Throws<ModelException>(() => PretrainedModel.Load(folder.Folder));
        Assert.All(
            ["use_qk_norm", "use_sliding_window", "vocab_size"],
            key => Assert.Contains(key, error.Message, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("do_normalize", "false", "normalised")]
    [InlineData("resample", "2", "bicubically")]
    [InlineData("rescale_factor", "1.0", "1/255")]
    [InlineData("image_mean", "[0.5, 0.5]", "three numbers")]
    [InlineData("size", "{\"height\":63,\"width\":63}", "tiles of")]
    public void Load_UnsupportedPreprocessor_SaysWhichKeyAndWhy(string key, string value, string expected)
    {
        using var folder = new EditedFolder("-hf");
        folder.Set("preprocessor_config.json", key, value);
        var error = Assert.Throws<ModelException>(() => PretrainedModel.Load(folder.Folder));
        Assert.Contains("preprocessor_config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json", "{", "not valid JSON")]
    [InlineData("config.json", "[]", "no JSON object")]
    [InlineData("config.json", "{\"model_type\":\"internvl\",\"model_type\":\"internvl\"}", "not valid JSON")]
    [InlineData("generation_config.json", "{\"eos_token_id\":\"x\"}", "an id or a list of ids")]
    public void Load_BrokenFile_NamesIt(string file, string text, string expected)
    {
        using var folder = new EditedFolder("-hf");
        File.WriteAllText(folder.In(file), text);
        var error = Assert.Throws<ModelException>(() => PretrainedModel.Load(folder.Folder));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-hf")]
    [InlineData("-original")]
    public void Load_WithoutPreprocessor_OnlyTheOriginalGoesWithout(string layout)
    {
        using var folder = new EditedFolder(layout);
        File.Delete(folder.In("preprocessor_config.json"));
        if (layout == "-original")
            Assert.Equal([0.485f, 0.456f, 0.406f], ModelSettings.Load(folder.Folder).Images.Mean);
        else
            Assert.Throws<ModelException>(() => ModelSettings.Load(folder.Folder));
    }

    // {0}: <|endoftext|>, {1}: <|im_end|>. The first alone is the published mistake; reference/internvl.md §6.
    [Theory]
    [InlineData("{0}", "{1}")]
    [InlineData("{1}", "{1}")]
    [InlineData("[{1}, {0}]", "{1},{0}")]
    [InlineData("[5]", "5,{1}")]
    [InlineData("null", "{1}")]
    public void StopTokens_WhateverTheFileSays_EndAtImEnd(string given, string expected)
    {
        using var folder = new EditedFolder("-hf");
        var special = ModelSettings.Load(folder.Folder).Tokenizer.SpecialTokens;
        string Filled(string text) => string.Format(text, special.EndOfText, special.ImEnd);
        folder.Set("generation_config.json", "eos_token_id", Filled(given));

        var settings = ModelSettings.Load(folder.Folder);

        Assert.Equal(Filled(expected), string.Join(',', settings.StopTokens));
        var saved = GenerationJson.Write(settings.Source!.Generation, special);
        Assert.Equal(settings.StopTokens, GenerationJson.StopTokens(saved, special));
        Assert.Contains(special.ImEnd.ToString(), saved["eos_token_id"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_VocabularyAndMerges_IsTheSameTokenizer()
    {
        using var folder = new EditedFolder("-original");
        var single = ModelSettings.Load(folder.Folder).Tokenizer;
        var model = JsonNode.Parse(File.ReadAllText(folder.In("tokenizer.json")))!["model"]!;
        File.WriteAllText(folder.In("vocab.json"), model["vocab"]!.ToJsonString());
        var merges = model["merges"]!
            .AsArray()
            .Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : $"{merge}");
        File.WriteAllText(folder.In("merges.txt"), "#version: 0.2\n" + string.Join('\n', merges) + "\n");
        File.Delete(folder.In("tokenizer.json"));

        var pair = ModelSettings.Load(folder.Folder).Tokenizer;

        Assert.Equal(single.Fingerprint, pair.Fingerprint);
    }

    [Fact]
    public void Convert_UnknownHarmlessKeys_StayWithinTheFormAndGoAcrossForms()
    {
        using var folder = new EditedFolder("-hf");
        folder.Set("config.json", "text_config.made_up", "{\"a\":[1,null]}");
        folder.Set("preprocessor_config.json", "processor_class", "\"InternVLProcessor\"");
        ModelConversion.Convert(folder.Folder, folder.In("kept"), new SaveFormat { Layout = ModelLayout.Memory });
        ModelConversion.Convert(folder.Folder, folder.In("other"), new SaveFormat { Layout = ModelLayout.Original });
        Assert.Contains(
            "made_up",
            File.ReadAllText(Path.Combine(folder.In("kept"), "config.json")),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "InternVLProcessor",
            File.ReadAllText(Path.Combine(folder.In("kept"), "preprocessor_config.json")),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            "made_up",
            File.ReadAllText(Path.Combine(folder.In("other"), "config.json")),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("-hf")]
    [InlineData("-original")]
    public void Convert_FlagsThatContradictTheTensors_AreSetRight(string layout)
    {
        using var folder = new EditedFolder(layout, "tiny-untied");
        var section = layout == "-hf" ? "text_config" : "llm_config";
        folder.Set("config.json", "tie_word_embeddings", "true");
        folder.Set("config.json", $"{section}.tie_word_embeddings", "true");
        ModelConversion.Convert(
            folder.Folder,
            folder.In("saved"),
            new SaveFormat { Layout = layout == "-hf" ? ModelLayout.HuggingFace : ModelLayout.Original }
        );
        var saved = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.In("saved"), "config.json")))!;
        Assert.False(saved["tie_word_embeddings"]!.GetValue<bool>());
        Assert.False(saved[section]!["tie_word_embeddings"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData(SafetensorsDtype.BF16, "bfloat16")]
    [InlineData(SafetensorsDtype.F16, "float16")]
    public void Convert_AnotherType_IsSaidInTheConfiguration(SafetensorsDtype dtype, string expected)
    {
        using var folder = new EditedFolder("-original");
        foreach (
            var (layout, key) in new[] { (ModelLayout.HuggingFace, "dtype"), (ModelLayout.Original, "torch_dtype") }
        )
        {
            var target = folder.In(layout.ToString());
            ModelConversion.Convert(folder.Folder, target, new SaveFormat { Layout = layout, Dtype = dtype });
            var saved = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "config.json")))!;
            Assert.Equal(expected, saved[key]!.GetValue<string>());
        }
    }

    [Fact]
    public void Save_OfALoadedModel_CarriesTheFilesOfTransformers()
    {
        using var folder = new EditedFolder("-original");
        using var model = PretrainedModel.Load(folder.Folder);
        model.Save(folder.In("saved"));
        foreach (
            var name in new[]
            {
                "chat_template.jinja",
                "tokenizer_config.json",
                "special_tokens_map.json",
                "tokenizer.json",
            }
        )
            Assert.Equal(File.ReadAllBytes(folder.In(name)), File.ReadAllBytes(Path.Combine(folder.In("saved"), name)));
    }
}
