using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Checkpoints;

[Trait("Id", "REL-SAVE-1")]
public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyStage _stage;
    private readonly CheckpointStore _store;

    public CheckpointStoreTests(TinyEmoScenes data)
    {
        _stage = new TinyStage(data, new TrainableConfig(), new OptimizerConfig());
        _store = new CheckpointStore(_folder.Path);
    }

    public void Dispose()
    {
        _stage.Dispose();
        _folder.Dispose();
    }

    private string Save(int step) =>
        _store.Save(
            _stage.Model,
            _stage.Optimizer.State,
            new CheckpointState
            {
                Stage = "sft",
                Progress = new StageProgress(step, 7, 0.25, "step-1"),
                RunStep = step,
                OptimizerSteps = step,
                RecipeHash = "r",
                DatasetHash = "d",
            }
        );

    private string In(string checkpoint, string file) => Path.Combine(_store.PathOf(checkpoint), file);

    private string NewestIgnoring(out string fault)
    {
        var newest = _store.Newest(out var ignored);
        fault = Assert.Single(ignored);
        return Assert.IsType<string>(newest);
    }

    [Fact]
    public void Newest_OfSeveral_IsTheOneOfTheLatestStep()
    {
        Assert.Null(_store.Newest(out _));
        Save(9);
        Save(10);
        Save(2);
        Assert.Equal(CheckpointStore.NameOf(10), _store.Newest(out var ignored));
        Assert.Empty(ignored);
    }

    [Theory]
    [InlineData(PretrainedModel.WeightsFile)]
    [InlineData("optimizer.safetensors")]
    [InlineData("state.json")]
    [InlineData("tokenizer.json")]
    [InlineData("config.json")]
    [Trait("Id", "REL-SAVE-7")]
    public void Newest_WithOneByteFlipped_NamesTheFileAndTakesTheOneBefore(string file)
    {
        var whole = Save(1);
        var path = In(Save(2), file);
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);

        Assert.Equal(whole, NewestIgnoring(out var fault));
        Assert.Contains(path, fault, StringComparison.Ordinal);
        Assert.Contains("changed since it was saved", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Newest_WithATornFile_NamesItAndTakesTheOneBefore(int length)
    {
        var whole = Save(1);
        var path = In(Save(2), PretrainedModel.WeightsFile);
        using (var file = File.OpenWrite(path))
            file.SetLength(length);
        Assert.Equal(whole, NewestIgnoring(out var fault));
        Assert.Contains(path, fault, StringComparison.Ordinal);
        Assert.Contains($"{length} bytes", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Newest_WithAMissingFile_NamesItAndTakesTheOneBefore()
    {
        var whole = Save(1);
        var path = In(Save(2), "optimizer.safetensors");
        File.Delete(path);
        Assert.Equal(whole, NewestIgnoring(out var fault));
        Assert.Equal($"{path} is missing.", fault);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"format_version":2,"files":{}}""")]
    [InlineData("""{"format_version":1}""")]
    public void Newest_WithoutAUsableManifest_TakesTheOneBefore(string? manifest)
    {
        var whole = Save(1);
        var path = In(Save(2), CheckpointManifest.FileName);
        if (manifest is null)
            File.Delete(path);
        else
            File.WriteAllText(path, manifest);
        Assert.Equal(whole, NewestIgnoring(out var fault));
        Assert.Contains(CheckpointManifest.FileName, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Newest_BesideForeignAndUnfinishedFolders_PassesThemOver()
    {
        var whole = Save(1);
        Directory.CreateDirectory(_folder.File(CheckpointStore.NameOf(2) + ".tmp-0123"));
        Directory.CreateDirectory(_folder.File("step-best"));
        Assert.Equal(whole, _store.Newest(out var ignored));
        Assert.Empty(ignored);
    }

    [Fact]
    [Trait("Id", "REL-SAVE-5")]
    public void Prune_WithTheNewestTorn_KeepsTheNewestWholeAndThePinned()
    {
        for (var step = 1; step <= 4; step++)
            Save(step);
        File.Delete(In(CheckpointStore.NameOf(4), "state.json"));
        _store.Prune(keep: 1, new HashSet<string> { CheckpointStore.NameOf(1) });
        Assert.True(Directory.Exists(_store.PathOf(CheckpointStore.NameOf(1))), "the pinned one is gone");
        Assert.False(Directory.Exists(_store.PathOf(CheckpointStore.NameOf(2))), "an old one stays");
        Assert.Equal(CheckpointStore.NameOf(3), _store.Newest(out _));
    }

    [Fact]
    [Trait("Id", "REL-SAVE-2")]
    public void Save_WhenAWriterThrowsInTheMiddle_LeavesNothing()
    {
        _stage.Optimizer.State[^1].Value.Dispose(); // the last tensor that is written cannot be read
        Assert.ThrowsAny<Exception>(() => Save(1));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Save_OverADamagedCheckpointOfTheSameStep_MakesItWhole()
    {
        var name = Save(3);
        File.Delete(In(name, "config.json"));
        Assert.Null(_store.Newest(out _));
        Assert.Equal(name, Save(3));
        Assert.Equal(name, _store.Newest(out _));
    }

    [Fact]
    public void RemoveUnfinished_AfterAKill_LeavesWhatIsSealed()
    {
        var whole = Save(1);
        Directory.CreateDirectory(_folder.File(CheckpointStore.NameOf(2) + ".tmp-0123"));
        _store.RemoveUnfinished();
        Assert.Equal([_store.PathOf(whole)], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Restore_OfASavedCheckpoint_BringsEveryBitBack()
    {
        using var generator = new Generator(1);
        foreach (var (_, moment) in _stage.Optimizer.State)
            moment.copy_(randn(moment.shape, generator: generator));
        float[][] saved = [.. _stage.Optimizer.State.Select(moment => Tiny.Floats(moment.Value))];
        var name = Save(42);
        foreach (var (_, moment) in _stage.Optimizer.State)
            moment.zero_();

        _store.Restore(name, _stage.Optimizer.State);

        Assert.Equal(saved, _stage.Optimizer.State.Select(moment => Tiny.Floats(moment.Value)));
        using var loaded = PretrainedModel.Load(_store.PathOf(name));
        Assert.Equal(_stage.Weights(), Tiny.Floats(loaded.Model.Parameters.Weights));
        Assert.Equal(new StageProgress(42, 7, 0.25, "step-1"), _store.ReadState(name).Progress);
    }
}
