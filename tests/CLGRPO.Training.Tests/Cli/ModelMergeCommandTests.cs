using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Models;

namespace CLGRPO.Training.Tests.Cli;

public sealed class ModelMergeCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Merge_PeftsAdapter_WritesAModelWithoutAdapter()
    {
        var adapter = Directory.GetDirectories(GoldenSet.GivenInternVl, "*-lora")[0];
        var model = adapter[..^"-lora".Length] + "-hf";
        var target = _folder.File("merged");

        var (code, said, error) = await SmallRun.RunAsync("model", "merge", model, adapter, target);

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("an adapter of rank", said, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(target, PeftAdapter.FolderName)));
        using var written = PretrainedModel.Load(target);
        using var expected = PretrainedModel.Load(model);
        using (PeftAdapter.Load(expected.Model, adapter).Merge())
            Assert.Equal(Tiny.Floats(expected.Model.Parameters.Weights), Tiny.Floats(written.Model.Parameters.Weights));

        (code, _, error) = await SmallRun.RunAsync("model", "merge", model, adapter, target);
        Assert.Equal(1, code);
        Assert.Contains("exists already", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Merge_WithoutAnAdapter_SaysWhatIsMissing()
    {
        var model = Directory.GetDirectories(GoldenSet.GivenInternVl, "*-hf")[0];
        var (code, _, error) = await SmallRun.RunAsync("model", "merge", model, model, _folder.File("merged"));
        Assert.Equal(1, code);
        Assert.Contains("adapter_config.json", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("merged")));
    }
}
