using CLGRPO.Training.Batches;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Serving;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Serving;

/// <summary>Requests that are written together, step by step.</summary>
public sealed class ServedModelTests
{
    // No token ends a completion of a random model but its limit, or one of the two end tokens by chance.
    private static ServeRequest Sampled(int seed, int tokens = 8, int count = 1) =>
        new()
        {
            Temperature = 1,
            Seed = seed,
            Count = count,
            MaxTokens = tokens,
            Logprobs = true,
            TopLogprobs = 3,
        };

    /// <summary>Requests of all kinds: long and short, with and without pictures, one completion and several.</summary>
    private static (ServedRequest Request, List<ServeEvent> Told) AskOne(ServedModel model, int i) =>
        TinyServing.Ask(
            model,
            Sampled(seed: i, tokens: 3 + i, count: 1 + (i % 3)),
            string.Concat(Enumerable.Repeat("why so ", i)),
            i % 4 == 0 ? [] : [TinyServing.Picture(i, wide: i % 2 == 0)]
        );

    [Fact]
    public void Step_RequestsThatWait_AreWrittenTogetherAsEachAlone()
    {
        var alone = new List<List<ServeEvent>>();
        for (var i = 0; i < 9; i++)
        {
            using var one = TinyServing.Served();
            alone.Add(AskOne(one, i).Told);
            TinyServing.Finish(one);
        }
        using var model = TinyServing.Served();
        var together = Enumerable.Range(0, 9).Select(i => AskOne(model, i).Told).ToList();

        var first = model.Step();
        TinyServing.Finish(model);

        Assert.Equal(Enumerable.Range(0, 9).Sum(i => 1 + (i % 3)), first);
        foreach (var (expected, actual) in alone.Zip(together))
            AssertSame(expected, actual);
    }

    [Fact]
    public void Logits_OfPromptsTogether_AreThoseOfEachAlone()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var pretrained = TinyServing.Model();
        ChatInput[] inputs =
        [
            TinyServing.Input(pretrained, "a"),
            TinyServing.Input(pretrained, "which is it, and why?", TinyServing.Picture(1)),
            TinyServing.Input(pretrained, "b c", TinyServing.Picture(2, wide: true), TinyServing.Picture(3)),
        ];
        var model = new ServedModel(pretrained, trained: null, new ServeLimits());
        var rows = inputs
            .Select(
                (input, i) =>
                    new ServedRow(
                        new ServedRequest(new ServeRequest(), model, input, 4, _ => { }, () => false),
                        0,
                        new RunningRow(new Prompt(input.Ids, 0, 0), i, i, 0),
                        pretrained.Tokenizer
                    )
            )
            .ToList();
        var longest = inputs.Max(input => input.Ids.Length);
        var config = pretrained.Model.Config.Language;
        using var cache = new DecodeCache(config, 3, longest, 3, 4, pretrained.Model.Decoder.Head);

        var together = ServedPrompts.Logits(pretrained.Model, cache, rows);

        for (var i = 0; i < inputs.Length; i++)
        {
            // By the trainers' forward, which knows of no cache: the next token of the prompt, whatever it is.
            var batch = TokenBatch.OfSequences([(inputs[i].Ids, [0])], pretrained.Model.Config, CPU);
            var hidden = pretrained.Model.Forward(batch, inputs[i].Features(pretrained.Model));
            var alone = nn.functional.linear(hidden, pretrained.Model.Decoder.Head);
            Tiny.Close(alone.squeeze(0), together[i], 1e-4, $"logits of prompt {i}");
        }
    }

    [Fact]
    public void Step_WhileOthersJoin_WritesOnBetweenTwoPrefills()
    {
        using var model = TinyServing.Served(new ServeLimits { PrefillTokens = 60 });
        var (_, told) = TinyServing.Ask(model, Sampled(seed: 0, tokens: 40) with { Temperature = 0 });
        model.Step();
        model.Step();
        var others = Enumerable
            .Range(1, 6)
            .Select(i => TinyServing.Ask(model, Sampled(i, tokens: 20), "some twenty letters").Told)
            .ToList();

        var joined = new List<int>();
        while (others.Exists(other => other.Count == 0))
        {
            var before = TinyServing.Tokens(told);
            model.Step(); // a prefill
            joined.Add(others.Count(other => other.Count > 0));
            Assert.Equal(before, TinyServing.Tokens(told));
            model.Step();
            Assert.Equal(before + 1, TinyServing.Tokens(told));
        }

        Assert.True(joined.Count > 2, string.Join(' ', joined)); // 60 tokens hold one or two of these prompts
        Assert.Equal(joined.Order(), joined);
    }

    [Fact]
    public void Step_PromptLongerThanAPrefill_IsComputedAlone()
    {
        using var model = TinyServing.Served(new ServeLimits { PrefillTokens = 10 });
        var told = Enumerable.Range(0, 3).Select(i => TinyServing.Ask(model, Sampled(i)).Told).ToList();

        model.Step();
        Assert.Equal([true, false, false], told.Select(one => one.Count > 0));
        TinyServing.Finish(model);

        Assert.All(told, one => Assert.Equal(ServeEventType.Done, one[^1].Type));
    }

    [Fact]
    [Trait("Id", "A-API-2")]
    public void Step_AfterARequestIsCancelled_WritesNoTokenOfIt()
    {
        using var model = TinyServing.Served();
        var (one, toldOne) = TinyServing.Ask(model, Sampled(1, tokens: 100, count: 3));
        var (other, toldOther) = TinyServing.Ask(model, Sampled(2, tokens: 5) with { Temperature = 0 });
        var (waiting, toldWaiting) = TinyServing.Ask(model, Sampled(3));
        waiting.Cancel();
        model.Step();
        model.Step();
        var before = toldOne.Count;

        one.Cancel();
        model.Step();

        Assert.True(one.Done.IsCompleted && waiting.Done.IsCompleted);
        Assert.Equal((before, 0), (toldOne.Count, toldWaiting.Count));
        Assert.Equal(1, model.Running);
        TinyServing.Finish(model);
        Assert.True(other.Done.IsCompleted);
        Assert.Equal(ServeEventType.Done, toldOther[^1].Type);
    }

    [Fact]
    [Trait("Id", "A-SLOW-1")]
    public void Step_RequestWhoseReaderIsBehind_WaitsForItAndHoldsUpNobody()
    {
        using var alone = TinyServing.Served();
        var expected = TinyServing.Ask(alone, Sampled(1, tokens: 12)).Told;
        TinyServing.Finish(alone);
        using var model = TinyServing.Served();
        var behind = false;
        var (stuck, told) = TinyServing.Ask(model, Sampled(1, tokens: 12), isBehind: () => behind);
        var (other, _) = TinyServing.Ask(model, Sampled(2, tokens: 20));
        model.Step();
        model.Step();
        behind = true;
        var before = told.Count;

        while (!other.Done.IsCompleted)
            Assert.True(model.Step() > 0);

        Assert.Equal(before, told.Count);
        Assert.Equal(0, model.Step());
        Assert.False(stuck.Done.IsCompleted);
        behind = false;
        TinyServing.Finish(model);
        AssertSame(expected, told);
    }

    [Fact]
    public void Step_RequestsThatNeedMoreThanTheCache_AreAnsweredOneAfterTheOther()
    {
        using var model = TinyServing.Served(new ServeLimits { CacheBytes = 1 });
        var asked = Enumerable.Range(0, 3).Select(i => TinyServing.Ask(model, Sampled(i, tokens: 4))).ToList();
        var most = 0;
        while (model.HasWork)
        {
            model.Step();
            most = Math.Max(most, model.Running);
        }

        Assert.Equal(1, most);
        Assert.All(asked, one => Assert.Equal(ServeEventType.Done, one.Told[^1].Type));
    }

    [Fact]
    public void Step_MoreCompletionsThanRows_ComeInAsOthersEnd()
    {
        using var model = TinyServing.Served(new ServeLimits { MaxRows = 4 });
        var told = Enumerable.Range(0, 5).Select(i => TinyServing.Ask(model, Sampled(i, count: 2)).Told).ToList();
        var most = 0;
        while (model.HasWork)
        {
            model.Step();
            most = Math.Max(most, model.Running);
        }

        Assert.Equal(4, most);
        Assert.All(told, one => Assert.Equal(2, one.Count(told => told.Type == ServeEventType.Finished)));
    }

    [Fact]
    public void Fail_InTheMiddle_TellsEveryRequestAndStartsAnew()
    {
        using var model = TinyServing.Served(new ServeLimits { MaxRows = 1 });
        var asked = Enumerable.Range(0, 3).Select(i => TinyServing.Ask(model, Sampled(i, tokens: 50))).ToList();
        model.Step();

        model.Fail(new ServeEvent(ServeEventType.Error) { Fault = ServeFault.Internal, Message = "It failed." });

        Assert.All(asked, one => Assert.Equal("It failed.", one.Told[^1].Message));
        Assert.All(asked, one => Assert.True(one.Request.Done.IsCompleted));
        Assert.False(model.HasWork);
        var (_, told) = TinyServing.Ask(model, Sampled(4, tokens: 3));
        TinyServing.Finish(model);
        Assert.Equal(ServeEventType.Done, told[^1].Type);
    }

    /// <summary>The same text from the same tokens; log-probabilities to float32 rounding.</summary>
    private static void AssertSame(List<ServeEvent> expected, List<ServeEvent> actual)
    {
        Assert.Equal(expected.Select(Words), actual.Select(Words));
        Tiny.Close(Logprobs(expected), Logprobs(actual), 1e-4, "log-probabilities");

        static object Words(ServeEvent told) =>
            (told.Type, told.Index, told.Text, told.Stopped, told.Tokens, Convert.ToHexString(told.Token?.Bytes ?? []));
        static float[] Logprobs(IEnumerable<ServeEvent> told) =>
            [
                .. told.SelectMany(one =>
                    one.Token is { } token ? token.Top.Select(top => top.Logprob).Append(token.Logprob) : []
                ),
            ];
    }
}
