using System.Text.Json.Nodes;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Checkpoints.Settings;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Training.Tests.Checkpoints.Layouts;

public sealed class LayoutTests
{
    public static TheoryData<string> Layouts => ["-hf", "-original", "-memory"];

    [Theory]
    [Trait("Id", "A-ST-3")]
    [MemberData(nameof(Layouts))]
    public void Load_MissingExtraAndMisshapen_AllInOneErrorUnderTheFilesNames(string layout)
    {
        using var folder = new EditedFolder(layout);
        string[] lost = [];
        var (cut, odd) = ("", "");
        folder.EditTensors(tensors =>
        {
            lost =
            [
                .. tensors
                    .Where(tensor => !tensor.Name.Contains("head", StringComparison.Ordinal))
                    .Take(30)
                    .Select(t => t.Name),
            ];
            var left = tensors.Where(tensor => !lost.Contains(tensor.Name)).ToList();
            var matrices = left.Where(tensor => tensor.Shape.Length == 2).ToList();
            (cut, odd) = (matrices[0].Name, matrices[1].Name);
            return left.Select(tensor =>
                    tensor.Name == cut ? TensorSource.FromBytes(cut, SafetensorsDtype.F32, [1], new byte[4])
                    : tensor.Name == odd ? tensor with { Dtype = Integers(tensor.Dtype) }
                    : tensor
                )
                .Append(TensorSource.FromBytes("stray.weight", SafetensorsDtype.F32, [1], new byte[4]));
        });

        var error = Assert.Throws<SafetensorsException>(() => PretrainedModel.Load(folder.Folder));

        Assert.All(lost, name => Assert.Contains($"missing '{name}'", error.Message, StringComparison.Ordinal));
        Assert.Contains($"'{cut}' is [1], not", error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{odd}' is I", error.Message, StringComparison.Ordinal);
        Assert.Contains("unknown 'stray.weight'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ConfigurationOfAGiant_RefusesBeforeItTakesMemory()
    {
        using var folder = new EditedFolder("-hf");
        folder.Set("config.json", "text_config.vocab_size", "4000000");
        folder.Set("config.json", "text_config.intermediate_size", "4000000");
        folder.Set("config.json", "text_config.num_hidden_layers", "1000");
        Assert.Throws<SafetensorsException>(() => PretrainedModel.Load(folder.Folder));
    }

    // Through the names alone: the configuration of one form beside the tensors of another.
    [Theory]
    [InlineData("-hf", "-original")]
    [InlineData("-original", "-hf")]
    public void Load_ConfigurationOfTheOtherForm_GivesTheSameWeights(string tensors, string settings)
    {
        using var folder = new EditedFolder(tensors, "tiny-tied");
        using var other = new EditedFolder(settings, "tiny-tied");
        File.Copy(other.In("config.json"), folder.In("config.json"), overwrite: true);
        File.Copy(other.In("preprocessor_config.json"), folder.In("preprocessor_config.json"), overwrite: true);
        using var mixed = PretrainedModel.Load(folder.Folder);
        using var straight = PretrainedModel.Load(other.Folder);
        Assert.Equal(Tiny.Floats(straight.Model.Parameters.Weights), Tiny.Floats(mixed.Model.Parameters.Weights));
        Assert.Equal(straight.Model.Config, mixed.Model.Config);
    }

    [Fact]
    public void Convert_ShardsOfTheGoldenSize_PlaceEveryTensorAndLoad()
    {
        using var folder = new EditedFolder("-original", "tiny-untied");
        var target = folder.In("sharded");
        ModelConversion.Convert(folder.Folder, target, new SaveFormat { MaxShardBytes = 400_000 });
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "model.safetensors.index.json")))!;
        using var golden = new EditedFolder("-hf", "tiny-untied");
        var wanted = JsonNode.Parse(File.ReadAllText(golden.In("model.safetensors.index.json")))!;
        Assert.True(JsonNode.DeepEquals(wanted["metadata"], index["metadata"]));
        Assert.Equal(
            wanted["weight_map"]!.AsObject().Select(pair => pair.Key),
            index["weight_map"]!.AsObject().Select(pair => pair.Key)
        );
        using var shards = SafetensorsModel.Open(target);
        Assert.True(shards.Files.Count > 1);
        Assert.All(shards.Files, file => Assert.Equal("pt", file.Metadata["format"]));
        Assert.All(
            shards.Files.Where(file => file.Tensors.Count > 1),
            file => Assert.InRange(file.Tensors.Values.Sum(tensor => tensor.ByteLength), 1, 400_000)
        );
    }

    [Fact]
    public void Convert_TargetThatExists_RefusesAndLeavesIt()
    {
        using var folder = new EditedFolder("-hf");
        var target = Directory.CreateDirectory(folder.In("there")).FullName;
        Assert.Throws<IOException>(() => ModelConversion.Convert(folder.Folder, target, new SaveFormat()));
        Assert.Empty(Directory.EnumerateFileSystemEntries(target));
    }

    [Fact]
    public void Convert_BeyondFloat16_RefusesAndLeavesNothing()
    {
        using var folder = new EditedFolder("-hf", "tiny-tied");
        folder.EditTensors(tensors =>
            tensors.Select(tensor =>
                tensor.Shape.Length != 1
                    ? tensor
                    : TensorSource.FromBytes(
                        tensor.Name,
                        SafetensorsDtype.F32,
                        tensor.Shape,
                        Enumerable
                            .Repeat(BitConverter.GetBytes(70000f), (int)tensor.Shape[0])
                            .SelectMany(b => b)
                            .ToArray()
                    )
            )
        );
        var format = new SaveFormat { Dtype = SafetensorsDtype.F16 };
        var error = Assert.Throws<ModelException>(() =>
            ModelConversion.Convert(folder.Folder, folder.In("half"), format)
        );
        Assert.Contains("70000", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.GetDirectories(folder.Folder),
            path => path.Contains("half", StringComparison.Ordinal)
        );
    }

    // Save → load → save in each layout and type, of models of random shape: the same weights, and after the first rounding the same bits.
    [Fact]
    public void Save_RandomShapes_ComeBackInEveryLayoutAndType() =>
        Prop.ForAll(
                Shapes().ToArbitrary(),
                config =>
                {
                    using var golden = new EditedFolder("-hf", "tiny-tied");
                    using var source = PretrainedModel.Load(golden.Folder);
                    using var model = VisionLanguageModel.Create(
                        config with
                        {
                            ImageTokenId = source.Tokenizer.SpecialTokens.ImgContext,
                            Language = config.Language with { VocabularySize = source.Tokenizer.VocabularySize + 3 },
                        }
                    );
                    model.Parameters.Initialize(seed: 3, model.Config);
                    var images = source.Images with { TileSize = config.Vision.ImageSize };
                    using var pretrained = new PretrainedModel(model.Copy(), source.Tokenizer, images);
                    foreach (var dtype in WeightDtype.All)
                    {
                        foreach (var layout in Enum.GetValues<ModelLayout>())
                            RoundTrip(pretrained, new SaveFormat { Layout = layout, Dtype = dtype });
                    }
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(6));

    private static void RoundTrip(PretrainedModel model, SaveFormat format)
    {
        using var folder = new TemporaryFolder();
        model.Save(folder.File("first"), format);
        using var loaded = PretrainedModel.Load(folder.File("first"));
        Assert.Equal(model.Model.Config, loaded.Model.Config);
        var (before, after) = (
            Tiny.Floats(model.Model.Parameters.Weights),
            Tiny.Floats(loaded.Model.Parameters.Weights)
        );
        if (format.Dtype == SafetensorsDtype.F32)
            Assert.Equal(before, after);
        else
            Tiny.Close(before, after, 1.0 / 64, $"{format}");
        loaded.Save(folder.File("second"), format);
        foreach (var path in Directory.EnumerateFiles(folder.File("first")))
            Assert.Equal(
                File.ReadAllBytes(path),
                File.ReadAllBytes(Path.Combine(folder.File("second"), Path.GetFileName(path)))
            );
    }

    private static Gen<ModelConfig> Shapes() =>
        from heads in Gen.Choose(1, 3)
        from headSize in Gen.Choose(1, 3)
        from layers in Gen.Choose(1, 2)
        from groups in Gen.Choose(1, 2)
        from tied in Gen.Elements(true, false)
        from dynamic in Gen.Elements<double?>(null, 2.0, 1.5)
        select new ModelConfig
        {
            Vision = new VisionConfig
            {
                HiddenSize = 4 * heads,
                Layers = layers,
                Heads = heads,
                IntermediateSize = 8,
                ImageSize = 16,
                PatchSize = 4,
            },
            Language = new LanguageConfig
            {
                HiddenSize = heads * groups * headSize * 2,
                Layers = layers,
                Heads = heads * groups,
                KeyValueHeads = heads,
                IntermediateSize = 12,
                VocabularySize = 1,
                TieEmbeddings = tied,
                DynamicRopeFactor = dynamic,
                MaxPositions = 64,
            },
            ImageTokenId = 0,
        };

    private static SafetensorsDtype Integers(SafetensorsDtype dtype) =>
        dtype.Bits() == 32 ? SafetensorsDtype.I32 : SafetensorsDtype.I16;
}
