using System.Net.Sockets;
using System.Text;
using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Live;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Tokenization;

namespace CLGRPO.Training.Tests.Live;

public sealed class LiveReaderTests
{
    private static async Task<(Socket Ours, Socket Theirs)> PairAsync(TemporaryFolder folder)
    {
        var run = RunDirectory.Create(folder.File("run"), "name: x", "{}");
        using var listener = UnixSocket.Listen(run.LiveSocketPath);
        var theirs = UnixSocket.ConnectAsync(run.LiveSocketPath, TestContext.Current.CancellationToken);
        return (await listener.AcceptAsync(TestContext.Current.CancellationToken), await theirs);
    }

    [Fact]
    [Trait("Id", "A-HUB-2")]
    public async Task Offer_ToAReaderThatStalls_DropsAndCountsWithoutWaiting()
    {
        using var folder = new TemporaryFolder();
        var (ours, theirs) = await PairAsync(folder);
        using (theirs)
        using (var reader = new LiveReader(ours))
        {
            Assert.True(reader.NeedsSnapshot);
            reader.SendSnapshot("first\n"u8.ToArray());
            await using var stream = new NetworkStream(theirs);
            using var lines = new StreamReader(stream);
            Assert.Equal("first", await lines.ReadLineAsync(TestContext.Current.CancellationToken));
            const int Offered = 5000;
            for (var i = 0; i < Offered; i++)
                reader.Offer(Encoding.ASCII.GetBytes($"{i:D6} {new string('x', 64 << 10)}\n"));
            var dropped = reader.Dropped!.Value;
            Assert.InRange(dropped, Offered - 300, Offered);
            var caughtUp = Task.Run(
                () =>
                {
                    SpinWait.SpinUntil(() => reader.NeedsSnapshot);
                    reader.SendSnapshot("snapshot\n"u8.ToArray());
                },
                TestContext.Current.CancellationToken
            );

            var got = 0;
            while (await lines.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && line != "snapshot")
                Assert.StartsWith($"{got++:D6} ", line, StringComparison.Ordinal); // the first ones, in order, whole
            await caughtUp;
            Assert.Equal(Offered, got + dropped);
            Assert.Equal(0, reader.Dropped);
        }
    }

    [Fact]
    public void Next_OfTokensThatSplitCharacters_JoinsToTheWholeText()
    {
        var tokenizer = SmallTokenizer.Instance;
        foreach (var text in new[] { "Joy 😀 と 喜び!", "ééé", "", "a�b", "😀😀" })
        {
            int[] ids = [.. tokenizer.Encode(text)];
            for (var cut = 0; cut < ids.Length; cut++) // also in the middle of a character, as a completion at its limit
            {
                var pieces = new TokenText(tokenizer);
                string[] joined = [.. pieces.Next(ids.AsSpan(0, cut), false), .. pieces.Next(ids.AsSpan(cut), true)];
                Assert.Equal(ids.Length, joined.Length);
                Assert.Equal(tokenizer.Decode(ids, skipSpecialTokens: true), string.Concat(joined));
                Assert.Equal(
                    tokenizer.Decode(ids.AsSpan(0, cut), skipSpecialTokens: true),
                    string.Concat(new TokenText(tokenizer).Next(ids.AsSpan(0, cut), true))
                );
            }
        }
    }

    [Fact]
    public void Sampled_WhileNobodyWatches_NotesNothing()
    {
        var feed = new LiveFeed(TimeProvider.System);
        var batch = new RunningBatch([new Prompt([1], 0, 0)], 2, 1);
        foreach (var row in batch.Admit().SelectMany(rows => rows))
            row.Ids.Add(7);
        feed.Sampled(batch, 4);
        Assert.All(batch.Rows, row => Assert.Equal(0, row.Told));
        Assert.Empty(feed.Take());
    }
}
