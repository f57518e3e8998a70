using CLGRPO.Data.Images;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Cli;

namespace CLGRPO.Training.Tests.Checkpoints;

public sealed class RandomModelTests(SmallRun run) : IClassFixture<SmallRun>
{
    // Counts: reference/internvl.md §5.
    [Theory]
    [InlineData(ModelPart.Vision, 304_012_288)]
    [InlineData(ModelPart.Projector, 4_482_816)]
    [InlineData(ModelPart.Language, 357_898_112 + 2 * 135_899_904)]
    public void Declare_InternVl1B_HasThePublishedParameters(ModelPart part, long parameters) =>
        Assert.Equal(
            parameters,
            VisionLanguageModel
                .Declare(ModelPreset.InternVl1B)
                .Where(parameter => parameter.Part == part)
                .Sum(parameter => parameter.Count)
        );

    [Fact]
    public void Declare_InternVl1B_Is938Million() =>
        Assert.Equal(938_193_024, VisionLanguageModel.Declare(ModelPreset.InternVl1B).Sum(p => p.Count));

    [Fact]
    public void Write_Fp32_EqualsTheModelInitialisedInMemory()
    {
        using var folder = new TemporaryFolder();
        using var model = PretrainedModel.Load(run.Model);
        model.Model.Parameters.Initialize(seed: 7, model.Model.Config);
        model.Save(folder.File("saved"));

        var parameters = RandomModel.Write(
            folder.File("written"),
            model.Model.Config,
            model.Tokenizer,
            model.Images,
            SafetensorsDtype.F32,
            seed: 7
        );

        Assert.Equal(model.Model.Parameters.Count, parameters);
        foreach (var file in Directory.GetFiles(folder.File("saved")))
        {
            var written = Path.Combine(folder.File("written"), Path.GetFileName(file));
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(written));
        }
    }

    [Fact]
    public void Write_Bf16_LoadsAsTheRoundedValues()
    {
        using var folder = new TemporaryFolder();
        using var model = PretrainedModel.Load(run.Model);
        model.Model.Parameters.Initialize(seed: 7, model.Model.Config);
        RandomModel.Write(
            folder.File("written"),
            model.Model.Config,
            model.Tokenizer,
            new ImagePreprocessorConfig(model.Model.Config.Vision.ImageSize, 1, 12, UseThumbnail: true),
            SafetensorsDtype.BF16,
            seed: 7
        );

        using var loaded = PretrainedModel.Load(folder.File("written"));

        var exact = model.Model.Parameters.Weights.data<float>().ToArray();
        var rounded = loaded.Model.Parameters.Weights.data<float>().ToArray();
        Assert.All(
            exact.Zip(rounded),
            pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Math.Abs(pair.First) / 256)
        );
        Assert.Contains(exact.Zip(rounded), pair => !pair.First.Equals(pair.Second));
    }
}
