using System.Text.Json.Nodes;
using CLGRPO.Golden;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Models;

namespace CLGRPO.Training.Tests.Checkpoints;

public sealed class PeftAdapterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Adapters =>
        [.. Directory.GetDirectories(GoldenSet.GivenInternVl, "*-lora").Select(path => Path.GetFileName(path)!)];

    public void Dispose() => _folder.Dispose();

    // Golden values: golden/README.md, folder internvl: peft's loss, log-probabilities, gradients, merged weights.
    [Fact]
    public void Load_OfEveryGoldenAdapter_IsPefts()
    {
        var result = new InternVlLoraGolden().Walk(GoldenSet.GivenInternVl);
        Assert.Empty(result.Failures);
        Assert.NotEqual(0, result.Passed);
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public void Save_OfFreshAdaptersLikePefts_WritesPeftsConfigKeyByKey(string name)
    {
        var golden = JsonNode.Parse(
            File.ReadAllText(Path.Combine(GoldenSet.GivenInternVl, name, "adapter_config.json"))
        )!;
        using var model = PretrainedModel.Load(
            Path.Combine(GoldenSet.GivenInternVl, golden["base_model_name_or_path"]!.GetValue<string>())
        );
        var config = new LoraConfig
        {
            Rank = golden["r"]!.GetValue<int>(),
            Alpha = golden["lora_alpha"]!.GetValue<double>(),
        };
        var adapters = model.Model.Attach(config, new HashSet<ModelPart> { ModelPart.Language }, seed: 1);

        PeftAdapter.Save(adapters, _folder.Path, Path.GetFileName(model.Source));

        var written = JsonNode.Parse(File.ReadAllText(_folder.File("adapter_config.json")))!;
        Assert.Equal(golden.AsObject().Select(pair => pair.Key), written.AsObject().Select(pair => pair.Key));
        foreach (var (key, value) in golden.AsObject())
            Assert.True(JsonNode.DeepEquals(value, written[key]), $"{key}: {written[key]}, peft writes {value}");
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public void Save_OfAnAdaptedModel_HoldsItMergedAndTheAdapterBesideIt(string name)
    {
        var (loaded, merged) = (_folder.File("adapted"), _folder.File("merged"));
        using var model = PretrainedModel.Load(Path.Combine(GoldenSet.GivenInternVl, name[..^"-lora".Length] + "-hf"));
        var adapters = PeftAdapter.Load(model.Model, Path.Combine(GoldenSet.GivenInternVl, name));
        var before = Tiny.Floats(model.Model.Parameters.Weights);

        model.Save(loaded);

        Assert.Equal(before, Tiny.Floats(model.Model.Parameters.Weights));
        using var again = PretrainedModel.Load(loaded);
        using (adapters.Merge())
            Assert.Equal(Tiny.Floats(model.Model.Parameters.Weights), Tiny.Floats(again.Model.Parameters.Weights));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(GoldenSet.GivenInternVl, name, "adapter_model.safetensors")),
            File.ReadAllBytes(Path.Combine(loaded, PeftAdapter.FolderName, "adapter_model.safetensors"))
        );
    }

    [Theory]
    [InlineData("use_dora", "true", "use_dora is true")]
    [InlineData("rank_pattern", """{ "q_proj": 8 }""", "rank_pattern is")]
    [InlineData("modules_to_save", """["lm_head"]""", "modules_to_save is")]
    [InlineData("init_lora_weights", "\"pissa\"", "init_lora_weights is")]
    [InlineData("r", "0", "r is 0")]
    [InlineData("r", "5", "lora_A.weight' is [4, 112], not [5, 112]")]
    [InlineData("peft_type", "\"IA3\"", "peft_type is")]
    public void Load_AnotherKindOfAdapter_SaysWhichSetting(string key, string value, string message)
    {
        var name = Adapters.First().Data;
        var golden = Path.Combine(GoldenSet.GivenInternVl, name);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(golden, "adapter_config.json")))!;
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(_folder.File("adapter_config.json"), config.ToJsonString());
        File.Copy(Path.Combine(golden, "adapter_model.safetensors"), _folder.File("adapter_model.safetensors"));
        using var model = PretrainedModel.Load(Path.Combine(GoldenSet.GivenInternVl, name[..^"-lora".Length] + "-hf"));

        var error = Assert.ThrowsAny<Exception>(() => PeftAdapter.Load(model.Model, _folder.Path));

        Assert.True(error is ModelException or SafetensorsException, $"{error}");
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AnAdapterOfAnotherModel_NamesWhatDoesNotFit()
    {
        using var model = Tiny.Model();
        var error = Assert.Throws<SafetensorsException>(() =>
            PeftAdapter.Load(model, Path.Combine(GoldenSet.GivenInternVl, Adapters.First().Data))
        );
        Assert.Contains("do not fit the model", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            "mlp.down_proj.lora_A.weight' is [4, 112], not [4, 48]",
            error.Message,
            StringComparison.Ordinal
        );
    }
}
