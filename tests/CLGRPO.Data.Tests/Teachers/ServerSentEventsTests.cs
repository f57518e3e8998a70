using System.Text;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.OpenAI;

namespace CLGRPO.Data.Tests.Teachers;

public sealed class ServerSentEventsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // T3.3: one byte at a time, so that lines, line ends and characters are all split.
    [Theory]
    [InlineData("data: a\n\ndata: b\n\n", "a|b")]
    [InlineData("data: a\r\n\r\ndata: b\r\n\r\n", "a|b")]
    [InlineData("data: a\r\rdata: b\r\r", "a|b")]
    [InlineData("data:a\n\n", "a")]
    [InlineData("data:  a\n\n", " a")]
    [InlineData("\uFEFFdata: a\n\n", "a")]
    [InlineData(": a comment\n\n: another\ndata: a\nid: 1\nevent: x\nretry: 5\n\n", "a")]
    [InlineData("data: a\ndata: b\n\n", "a\nb")]
    [InlineData("data: größe 😀\n\n", "größe 😀")]
    [InlineData("data: a", "a")]
    [InlineData("data: a\n\n\n\n\ndata: b", "a|b")]
    [InlineData("", "")]
    public async Task Read_InPiecesOfAnySize_SameEvents(string stream, string events)
    {
        foreach (var size in (int[])[1, 2, 3, 1000])
        {
            Assert.Equal(events, string.Join('|', await Read(Encoding.UTF8.GetBytes(stream), size)));
        }
    }

    [Fact]
    [Trait("Id", "A-SSRF-3")]
    public async Task Read_LineOfOneMegabyte_IsTheLongest()
    {
        var limits = new ReplyLimits();
        var line = Encoding.ASCII.GetBytes("data: " + new string('a', limits.MaxLineBytes - 6) + "\n\n");

        Assert.Single(await Read(line, 1 << 16));
        var error = await Assert.ThrowsAsync<TeacherException>(() => Read([(byte)' ', .. line], 1 << 16));

        Assert.Equal(TeacherFault.TooLarge, error.Fault);
    }

    [Fact]
    public async Task Read_BrokenUtf8_IsGarbage()
    {
        var error = await Assert.ThrowsAsync<TeacherException>(() => Read([.. "data: "u8, 0xC3, 0x28, .. "\n\n"u8], 4));

        Assert.Equal(TeacherFault.Garbage, error.Fault);
    }

    private static async Task<List<string>> Read(byte[] bytes, int pieceLength)
    {
        var body = new ReplyBody(new PiecewiseStream(bytes, pieceLength), new ReplyLimits(), TimeProvider.System);
        var events = new List<string>();
        await foreach (var data in ServerSentEvents.Read(body, Stop))
        {
            events.Add(data);
        }
        return events;
    }

    /// <summary>Gives its bytes a few at a time.</summary>
    private sealed class PiecewiseStream(byte[] bytes, int pieceLength) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(pieceLength, buffer.Length)], cancellationToken);
    }
}
