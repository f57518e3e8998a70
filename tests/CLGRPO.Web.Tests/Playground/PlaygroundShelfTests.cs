using System.Security.Claims;
using CLGRPO.Data.Images;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Playground;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Tests.Playground;

public sealed class PlaygroundShelfTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PlaygroundShelf _shelf;

    public PlaygroundShelfTests() =>
        _shelf = new PlaygroundShelf(Options.Create(new SiteOptions { State = _folder.Path }), TimeProvider.System);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Save_MoreThanAreKept_DropsTheOldestWithoutAThumb()
    {
        var ada = Person("ada");
        var rated = _shelf.Save(ada, Entry());
        Assert.True(_shelf.Rate(ada, rated.Id, 0, good: true));
        var second = _shelf.Save(ada, Entry());
        for (var i = 1; i < PlaygroundShelf.MostEntries; i++)
            _shelf.Save(ada, Entry());

        Assert.Equal(PlaygroundShelf.MostEntries, _shelf.List(ada).Count);
        Assert.True(_shelf.Find(ada, rated.Id)!.Answers[0].Good);
        Assert.Null(_shelf.Find(ada, second.Id));
    }

    [Fact]
    public void Find_AnotherPersonsOrAPath_FindsNothing()
    {
        var entry = _shelf.Save(Person("ada"), Entry());

        Assert.NotNull(_shelf.Find(Person("ada"), entry.Id));
        Assert.Null(_shelf.Find(Person("otto"), entry.Id));
        Assert.Null(_shelf.Find(Person("otto"), $"../../ada/history/{entry.Id}"));
        Assert.False(_shelf.Delete(Person("otto"), entry.Id));
        Assert.False(_shelf.Rate(Person("ada"), entry.Id, 1, good: true));
    }

    [Fact]
    public async Task Add_SamePictureTwiceAndTooMany_KeepsOneOfEachAndTheNewest()
    {
        var ada = Person("ada");
        var first = await _shelf.Add(ada, Picture(0), Stop);
        Assert.Equal(first, await _shelf.Add(ada, Picture(0), Stop));
        Assert.Equal((4, 4), (first.Width, first.Height));
        Assert.Null(_shelf.PathOf(Person("otto"), first.Hash));

        for (var i = 1; i <= PlaygroundShelf.MostPictures; i++)
            await _shelf.Add(ada, Picture(i), Stop);
        Assert.Null(_shelf.PathOf(ada, first.Hash));
        _shelf.Clear(ada);
        Assert.Empty(_shelf.List(ada));
    }

    [Fact]
    public async Task Add_NoPicture_Refuses() =>
        await Assert.ThrowsAsync<ImageException>(() => _shelf.Add(Person("ada"), "GIF89a no"u8.ToArray(), Stop));

    public void Dispose()
    {
        _shelf.Dispose();
        _folder.Dispose();
    }

    private static byte[] Picture(int shade)
    {
        var pixels = new byte[4 * 4 * 3];
        Array.Fill(pixels, (byte)shade);
        return ImageEncoder.Png(new RgbImage(4, 4, pixels));
    }

    private static PlaygroundEntry Entry() =>
        new()
        {
            Id = "",
            At = default,
            Picture = new PlaygroundPicture(new string('a', 64), 4, 4),
            Settings = new PlaygroundSettings(),
            Answers =
            [
                new PlaygroundAnswer(
                    "run/step-1",
                    "stage-1",
                    Good: null,
                    Error: null,
                    [
                        new(
                            "it is dark",
                            "<answer>fear</answer>",
                            "fear",
                            Cut: false,
                            9,
                            4,
                            0.1,
                            0.2,
                            null,
                            new PlaygroundLook(1, 2, [0, 255])
                        ),
                    ]
                ),
            ],
        };

    private static ClaimsPrincipal Person(string name) =>
        new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name)], "test"));
}
