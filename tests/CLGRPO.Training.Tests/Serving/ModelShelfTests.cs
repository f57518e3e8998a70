using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Serving;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Serving;

/// <summary>Models that are loaded, kept, and make place for others.</summary>
public sealed class ModelShelfTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private string Saved(string name, long seed = 1)
    {
        using var model = TinyServing.Model(seed);
        model.Save(_folder.File(name));
        CheckpointManifest.Seal(_folder.File(name));
        return _folder.File(name);
    }

    private static ModelShelf Shelf(int most) => new(CPU, new ServeLimits { MaxModels = most });

    [Fact]
    public async Task TakeAsync_TheSameFolderTwice_IsLoadedOnce()
    {
        var folder = Saved("one");
        using var shelf = Shelf(2);

        var both = await Task.WhenAll(shelf.TakeAsync(folder, Stop), shelf.TakeAsync(folder, Stop));

        Assert.Same(both[0], both[1]);
        Assert.Equal([folder], shelf.Folders);
    }

    [Fact]
    public async Task TakeAsync_SeveralFolders_EachAnswersWithItsOwnWeights()
    {
        var (one, other) = (Saved("one", seed: 1), Saved("other", seed: 2));
        using var shelf = Shelf(2);
        var models = new[] { await shelf.TakeAsync(one, Stop), await shelf.TakeAsync(other, Stop) };

        var texts = models.Select(model =>
        {
            var (_, told) = TinyServing.Ask(model, new ServeRequest { MaxTokens = 12 });
            TinyServing.Finish(model);
            return string.Concat(told.Select(one => one.Text));
        });

        Assert.Equal(2, texts.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task TakeAsync_WhileEveryPlaceIsInUse_WaitsForOneToBeReleased()
    {
        var (one, other) = (Saved("one"), Saved("other"));
        using var shelf = Shelf(1);
        var first = await shelf.TakeAsync(one, Stop);
        var waiting = shelf.TakeAsync(other, Stop);
        Assert.False(waiting.IsCompleted);
        Assert.Equal([one], shelf.Folders);

        shelf.Release(first);

        shelf.Release(await waiting);
        Assert.Equal([other], shelf.Folders);
    }

    [Fact]
    public async Task TakeAsync_BeyondTheLimit_PutsAwayWhatWasUsedLongestAgo()
    {
        var folders = Enumerable.Range(0, 3).Select(i => Saved($"m{i}")).ToList();
        using var shelf = Shelf(2);
        foreach (var folder in (string[])[folders[0], folders[1], folders[0], folders[2]])
            shelf.Release(await shelf.TakeAsync(folder, Stop));

        Assert.Equal([folders[0], folders[2]], shelf.Folders);
    }

    [Fact]
    public async Task TakeAsync_GivenUpWhileItWaits_LeavesThePlaceToOthers()
    {
        var (one, other) = (Saved("one"), Saved("other"));
        using var shelf = Shelf(1);
        var first = await shelf.TakeAsync(one, Stop);
        using var giveUp = new CancellationTokenSource();
        var waiting = shelf.TakeAsync(other, giveUp.Token);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        shelf.Release(first);
        shelf.Release(await shelf.TakeAsync(other, Stop));
    }

    [Fact]
    [Trait("Id", "A-OPS-2")]
    public async Task TakeAsync_CheckpointThatDisappeared_IsRefusedAndTheLoadedOneWritesOn()
    {
        var folder = Saved("one");
        using var shelf = Shelf(1);
        var model = await shelf.TakeAsync(folder, Stop);
        var (_, told) = TinyServing.Ask(model, new ServeRequest { MaxTokens = 12 });
        model.Step();
        Directory.Delete(folder, recursive: true);

        var refused = await Assert.ThrowsAsync<ModelException>(() => shelf.TakeAsync(folder, Stop));
        TinyServing.Finish(model);

        Assert.Contains("There is no model folder", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ServeEventType.Done, told[^1].Type);
        shelf.Release(model);
        shelf.Release(await shelf.TakeAsync(Saved("next"), Stop)); // the place is not lost
    }

    [Fact]
    [Trait("Id", "A-OPS-2")]
    public async Task TakeAsync_CheckpointThatWasChanged_IsRefusedEachTimeUntilItIsWhole()
    {
        var folder = Saved("one");
        var config = Path.Combine(folder, "config.json");
        var whole = await File.ReadAllBytesAsync(config, Stop);
        await File.AppendAllTextAsync(config, " ", Stop);
        using var shelf = Shelf(1);

        for (var i = 0; i < 2; i++)
        {
            var refused = await Assert.ThrowsAsync<ModelException>(() => shelf.TakeAsync(folder, Stop));
            Assert.Contains("was changed since it was saved", refused.Message, StringComparison.Ordinal);
        }
        Assert.Empty(shelf.Folders);
        await File.WriteAllBytesAsync(config, whole, Stop);
        shelf.Release(await shelf.TakeAsync(folder, Stop));
    }
}
