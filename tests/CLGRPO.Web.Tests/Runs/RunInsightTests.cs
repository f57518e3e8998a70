using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Data.Images;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Runs;

/// <summary>REST of what explains a run, over one that is done.</summary>
public sealed class RunInsightTests(FinishedRun done) : IClassFixture<FinishedRun>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Url => $"/api/v1/runs/{done.Id}";

    private async Task<JsonElement> GetAsync(string path) =>
        await done.Site.Client.GetFromJsonAsync<JsonElement>(Url + path, Stop);

    private async Task<HttpStatusCode> StatusAsync(string path) =>
        (await done.Site.Client.GetAsync(Url + path, Stop)).StatusCode;

    [Theory]
    [InlineData("sft")]
    [InlineData("grpo")]
    public async Task FirstBatch_OfAStage_HasRowsAndTheirPictures(string stage)
    {
        var batch = await GetAsync($"/first-batch/{stage}");
        Assert.Equal(32, batch.GetProperty("tileSize").GetInt32());
        var rows = batch.GetProperty("shown").EnumerateArray().ToList();
        Assert.Equal(8, rows.Count);
        Assert.Contains(
            rows[0].GetProperty("tokens").EnumerateArray(),
            token => token.GetProperty("role").GetString() == "answer" && token.GetProperty("loss").GetBoolean()
        );
        for (var row = 0; row < rows.Count; row++)
        {
            using var answer = await done.Site.Client.GetAsync($"{Url}/first-batch/{stage}/pictures/{row}", Stop);
            Assert.Equal("image/png", answer.Content.Headers.ContentType!.MediaType);
            var picture = ImageDecoder.Decode(await answer.Content.ReadAsByteArrayAsync(Stop));
            Assert.Equal((32, 32 * rows[row].GetProperty("tiles").GetInt32()), (picture.Width, picture.Height));
        }
    }

    [Theory]
    [InlineData("/first-batch/other")]
    [InlineData("/first-batch/..%2Fcheckpoints")]
    [InlineData("/first-batch/sft/pictures/8")]
    [InlineData("/first-batch/sft/pictures/-1")]
    [InlineData("/first-batch/other/pictures/0")]
    [Trait("Id", "A-FS-1")]
    public async Task FirstBatch_OfWhatIsNotThere_IsNotFound(string path) =>
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(path));

    [Fact]
    public async Task System_OfARun_HasSeriesOverTime()
    {
        var series = (await GetAsync("/system")).EnumerateArray().ToList();
        Assert.Contains(
            series,
            one => one.GetProperty("metric").GetString() == "system/process_memory_usage_megabytes"
        );
        Assert.All(
            series,
            one => Assert.Equal(one.GetProperty("times").GetArrayLength(), one.GetProperty("values").GetArrayLength())
        );
        var disk = Assert.Single(
            (await GetAsync("/system?metric=system/disk_available_megabytes&points=2")).EnumerateArray()
        );
        Assert.InRange(disk.GetProperty("values").GetArrayLength(), 1, 2);
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/system?points=1"));
    }

    [Fact]
    public async Task Mute_OfAKind_IsOnTheCardUntilItIsTakenBack()
    {
        Task<HttpResponseMessage> Mute(string kind, bool muted, HttpClient client) =>
            client.PutAsJsonAsync($"{Url}/warnings/{kind}/mute", new { muted }, Stop);

        Assert.Equal(HttpStatusCode.NoContent, (await Mute("zero_variance", true, done.Site.Client)).StatusCode);
        Assert.Equal([RunWarningKind.ZeroVariance], RunCard.Read(done.Lab.Run(done.Id)).Muted);
        await Mute("zero_variance", false, done.Site.Client);
        Assert.Empty(RunCard.Read(done.Lab.Run(done.Id)).Muted);

        Assert.Equal(HttpStatusCode.BadRequest, (await Mute("noise", true, done.Site.Client)).StatusCode);
        using var reader = done.Site.As(RunScopes.Read);
        Assert.Equal(HttpStatusCode.Forbidden, (await Mute("zero_variance", true, reader)).StatusCode);
    }

    [Fact]
    public async Task Warnings_OfARun_ComeInPages()
    {
        var page = await GetAsync("/warnings?offset=0&limit=1");
        Assert.InRange(page.GetProperty("items").GetArrayLength(), 0, 1);
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/warnings?limit=0"));
    }
}
