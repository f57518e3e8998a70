using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Data.Reviews;
using CLGRPO.Web.Reviews;

namespace CLGRPO.Web.Tests.Reviews;

public sealed class ReviewEndpointsTests
{
    private const string Reviews = "/api/v1/reviews";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Program_FromBatchToAgreement_OverRest()
    {
        await using var lab = await ReviewLab.Open(6);
        using var lead = await lab.Program("lead", ReviewScopes.Read, ReviewScopes.Write, ReviewScopes.Manage);
        using var ann = await lab.Program("ann");
        using var ben = await lab.Program("ben");

        var plan = new
        {
            datasetId = lab.Dataset,
            name = "rest",
            overlap = 2,
            filter = new { states = new[] { "accepted" }, reviews = new[] { "pending" } },
        };
        Assert.Equal(6, (await Post(lead, "batches/count", plan)).GetProperty("count").GetInt32());
        var batch = (await Post(lead, "batches", plan, HttpStatusCode.Created)).GetProperty("id").GetInt64();
        Assert.Equal(1, (await Get(ann, "batches")).GetProperty("total").GetInt32());
        Assert.Equal("rest", (await Get(ann, $"batches/{batch}")).GetProperty("name").GetString());

        var item = (await ReviewRest.Next(ann, batch, Stop))!.Value;
        Assert.Equal(item, await ReviewRest.Next(ben, batch, Stop));
        var task = await Get(ann, $"items/{item}");
        Assert.Equal(lab.Dataset, task.GetProperty("datasetId").GetInt64());
        Assert.Equal(
            1,
            (await Put(ann, $"items/{item}/draft", new { text = "Draft.", version = 0 }))
                .GetProperty("version")
                .GetInt32()
        );
        await Put(ann, $"items/{item}/draft", new { text = "Older.", version = 0 }, HttpStatusCode.Conflict);
        await Put(ann, $"items/{item}/ratings", new { leads = 4 }, HttpStatusCode.NoContent);
        await Put(ann, $"items/{item}/ratings", new { leads = 9 }, HttpStatusCode.BadRequest);
        await Post(ann, $"items/{item}/lease", null);
        await Post(ann, $"items/{item}/comments", new { text = "Look at the light." });
        Assert.Equal(1, (await Get(ben, $"items/{item}")).GetProperty("comments").GetArrayLength());
        Assert.False((await Get(ben, $"items/{item}")).TryGetProperty("draft", out _));

        var said = new
        {
            key = "one",
            verdict = "accept",
            ratings = new { leads = 4 },
        };
        Assert.False((await ReviewRest.Judge(ann, item, said, Stop)).GetProperty("repeated").GetBoolean());
        Assert.True((await ReviewRest.Judge(ann, item, said, Stop)).GetProperty("repeated").GetBoolean());
        await Post(
            ann,
            $"items/{item}/verdict",
            new
            {
                key = "two",
                verdict = "reject",
                reason = "circular",
            },
            HttpStatusCode.Conflict
        );
        await Post(ben, $"items/{item}/verdict", new { key = "three", verdict = "reject" }, HttpStatusCode.BadRequest);
        await ReviewRest.Judge(
            ben,
            item,
            new
            {
                key = "four",
                verdict = "reject",
                reason = "circular",
            },
            Stop
        );
        Assert.Equal(item, (await Post(ben, $"batches/{batch}/undo", null)).GetProperty("itemId").GetInt64());
        await ReviewRest.Judge(
            ben,
            item,
            new
            {
                key = "five",
                verdict = "flag",
                reason = "the label?",
            },
            Stop
        );

        Assert.Equal(1, (await Get(lead, $"batches/{batch}/conflicts")).GetProperty("total").GetInt32());
        await Post(lead, $"items/{item}/decision", new { key = "six", verdict = "accept" });
        Assert.Equal(0, (await Get(lead, $"batches/{batch}/conflicts")).GetProperty("total").GetInt32());
        var questions = (await Get(ann, $"batches/{batch}/agreement")).GetProperty("questions");
        Assert.Equal(0, questions[0].GetProperty("percent").GetProperty("value").GetDouble());
        var filter = new { states = new[] { "accepted" }, reviews = new[] { "pending" } };
        Assert.Equal(5, (await Post(lead, $"batches/{batch}/bulk/count", filter)).GetProperty("count").GetInt32());
        var many = new
        {
            key = "many",
            filter,
            verdict = "accept",
            expected = 5,
        };
        Assert.Equal(5, (await Post(lead, $"batches/{batch}/bulk", many)).GetProperty("count").GetInt32());
        using (var undone = await lead.DeleteAsync($"{Reviews}/batches/{batch}/bulk/many", Stop))
            Assert.Equal(5, (await ReviewRest.Body(undone, HttpStatusCode.OK, Stop)).GetProperty("count").GetInt32());
        var exported = await lead.GetStringAsync($"{Reviews}/batches/{batch}/reviews/jsonl", Stop);
        Assert.Equal(3, exported.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length); // the undone are no more
        var progress = await Get(ann, $"batches/{batch}/progress");
        Assert.Equal(1, progress.GetProperty("mine").GetProperty("judged").GetInt32());
        Assert.Equal(6, progress.GetProperty("team").GetProperty("items").GetInt32());
        Assert.Equal(
            2,
            (await Post(lead, $"guidelines/{lab.Dataset}", new { text = "Anew.", version = 1 }))
                .GetProperty("version")
                .GetInt32()
        );
        Assert.Equal(2, (await Get(ann, $"guidelines/{lab.Dataset}")).GetArrayLength());
        Assert.Equal(0, (await Post(lead, $"batches/{batch}/fill", null)).GetProperty("count").GetInt32());
        Assert.Equal(5, (await Post(lead, $"batches/{batch}/close", null)).GetProperty("count").GetInt32());
        await Post(ann, $"batches/{batch}/next", null, HttpStatusCode.BadRequest);
    }

    [Fact]
    [Trait("Id", "A-IDOR-2")]
    public async Task Requests_WithoutRightOrWithUnknownThings_AreRefused()
    {
        await using var lab = await ReviewLab.Open(2);
        var batch = await lab.AddBatch(new ReviewBatchPlan { Name = "only" });
        using var reader = await lab.Program("reader", ReviewScopes.Read);
        using var ann = await lab.Program("ann");

        await Post(reader, $"batches/{batch.Id}/next", null, HttpStatusCode.Forbidden);
        await Post(ann, $"batches/{batch.Id}/close", null, HttpStatusCode.Forbidden);
        using (var export = await ann.GetAsync($"{Reviews}/batches/{batch.Id}/reviews/csv", Stop))
            Assert.Equal(HttpStatusCode.Forbidden, export.StatusCode); // nobody sees what others say before judging
        using (var lead = await lab.Program("lead", ReviewScopes.Read, ReviewScopes.Manage))
        {
            using var unknown = await lead.GetAsync($"{Reviews}/batches/999/reviews/csv", Stop);
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
            using var form = await lead.GetAsync($"{Reviews}/batches/{batch.Id}/reviews/xlsx", Stop);
            Assert.Equal(HttpStatusCode.BadRequest, form.StatusCode);
        }
        await Post(ann, $"items/1/decision", new { key = "x", verdict = "accept" }, HttpStatusCode.Forbidden);
        await Post(ann, "batches/999/next", null, HttpStatusCode.NotFound);
        await Post(ann, "items/999/verdict", new { key = "x", verdict = "accept" }, HttpStatusCode.NotFound);
        await Post(ann, "items/1/verdict", new { key = "x", verdict = "perfect" }, HttpStatusCode.BadRequest);
        await Post(ann, $"batches/{batch.Id}/next?count=99", null, HttpStatusCode.BadRequest);
        // What a client may not say is not taken from it.
        var item = (await ReviewRest.Next(ann, batch.Id, Stop))!.Value;
        await ReviewRest.Judge(
            ann,
            item,
            new
            {
                key = "k",
                verdict = "accept",
                reviewer = "lead",
                final = true,
                bulk = "b",
            },
            Stop
        );
        await using var context = lab.Store.CreateDbContext();
        var stored = context.Reviews.Single();
        Assert.Equal(("key:ann", false, null), (stored.Reviewer, stored.Final, stored.Bulk));
    }

    private static async Task<JsonElement> Get(HttpClient client, string path)
    {
        using var answer = await client.GetAsync($"{Reviews}/{path}", Stop);
        return await ReviewRest.Body(answer, HttpStatusCode.OK, Stop);
    }

    private static async Task<JsonElement> Post(
        HttpClient client,
        string path,
        object? body,
        HttpStatusCode expected = HttpStatusCode.OK
    )
    {
        using var answer = body is null
            ? await client.PostAsync($"{Reviews}/{path}", content: null, Stop)
            : await client.PostAsJsonAsync($"{Reviews}/{path}", body, Stop);
        return await Read(answer, expected);
    }

    private static async Task<JsonElement> Put(
        HttpClient client,
        string path,
        object body,
        HttpStatusCode expected = HttpStatusCode.OK
    )
    {
        using var answer = await client.PutAsJsonAsync($"{Reviews}/{path}", body, Stop);
        return await Read(answer, expected);
    }

    private static async Task<JsonElement> Read(HttpResponseMessage answer, HttpStatusCode expected)
    {
        if (expected is not (HttpStatusCode.NoContent or HttpStatusCode.Forbidden))
            return await ReviewRest.Body(answer, expected, Stop);
        Assert.Equal(expected, answer.StatusCode);
        return default;
    }
}
