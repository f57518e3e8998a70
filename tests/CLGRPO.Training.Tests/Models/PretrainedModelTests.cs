using CLGRPO.Golden;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Models;

public sealed class PretrainedModelTests
{
    public static TheoryData<string> Names => [.. InternVlModel.Names(GoldenSet.GivenInternVl)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Save_OfWhatWasLoaded_WritesTheSameBytesAgain(string name)
    {
        using var folder = new TemporaryFolder();
        using var golden = new InternVlModel(GoldenSet.GivenInternVl, name);
        golden.Pretrained.Save(folder.File("first"));
        using (var again = PretrainedModel.Load(folder.File("first")))
        {
            Assert.Equal(Tiny.Floats(golden.Model.Parameters.Weights), Tiny.Floats(again.Model.Parameters.Weights));
            Assert.Equal(golden.Model.Config, again.Model.Config);
            again.Save(folder.File("second"));
        }
        var files = Directory.GetFiles(folder.File("first")).Select(path => Path.GetFileName(path)!).ToList();
        Assert.Contains(PretrainedModel.WeightsFile, files);
        Assert.All(
            files,
            file =>
                Assert.Equal(
                    File.ReadAllBytes(Path.Combine(folder.File("first"), file)),
                    File.ReadAllBytes(Path.Combine(folder.File("second"), file))
                )
        );
    }

    [Fact]
    public void Load_OfAFolderThatIsNot_NamesIt()
    {
        var error = Assert.Throws<ModelException>(() => PretrainedModel.Load("nowhere/at-all"));
        Assert.Contains("nowhere/at-all", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copy_OfAModel_KeepsItsWeightsWhenTheOriginalMoves()
    {
        using var model = Tiny.Model();
        using var copy = model.Copy();
        var before = Tiny.Floats(copy.Parameters.Weights);
        using (no_grad())
            model.Parameters.Weights.add_(1);
        Assert.Equal(before, Tiny.Floats(copy.Parameters.Weights));
        Assert.NotEqual(before, Tiny.Floats(model.Parameters.Weights));
    }

    [Fact]
    public void Share_OfAModel_SeesTheWeightsMove()
    {
        using var model = Tiny.Model();
        using var shared = model.Share();
        using (no_grad())
            model.Parameters.Weights.add_(1);
        Assert.Equal(Tiny.Floats(model.Decoder.Head), Tiny.Floats(shared.Decoder.Head));
    }
}
