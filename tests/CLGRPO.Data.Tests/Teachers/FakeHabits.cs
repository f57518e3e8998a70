using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;

namespace CLGRPO.Data.Tests.Teachers;

/// <summary>How often a fake teacher misbehaves. What it does is a function of the seed, the question and the try.</summary>
internal sealed record FakeHabits
{
    public ulong Seed { get; init; } = 1;

    /// <summary>Accepts the connection, begins and says no more.</summary>
    public double Stall { get; init; }

    /// <summary>429 with <see cref="RetryAfter"/>.</summary>
    public double RateLimit { get; init; }

    /// <summary>Drops the connection in mid-reply.</summary>
    public double Cut { get; init; }

    /// <summary>JSON that is none.</summary>
    public double Garbage { get; init; }

    /// <summary>A web page.</summary>
    public double Html { get; init; }

    /// <summary>500.</summary>
    public double Fail { get; init; }

    /// <summary>Of the answers: another label than the true one. A function of the question alone: asked again it lies again.</summary>
    public double Lie { get; init; }

    /// <summary>Seconds, as the header has it.</summary>
    public string RetryAfter { get; init; } = "1";

    public ReasoningKey Key { get; init; }

    /// <summary>What to do with a request.</summary>
    /// <param name="truth">The answer that is right.</param>
    /// <param name="labels">All answers there are.</param>
    /// <param name="reasoning">Writes a reasoning that arrives at a label.</param>
    public FakeAct Decide(
        FakeRequest request,
        string truth,
        IReadOnlyList<string> labels,
        Func<string, string> reasoning
    )
    {
        var question = Convert.ToUInt64(DatasetHash.Of(System.Text.Encoding.UTF8.GetBytes(request.Question))[..16], 16);
        var chance = new CounterRandom(Seed, question, (ulong)request.Try).NextDouble();
        foreach (var (rate, act) in Faults())
        {
            if (chance < rate)
            {
                return act;
            }
            chance -= rate;
        }
        var character = new CounterRandom(Seed, question, ulong.MaxValue);
        var label = character.Chance(Lie) ? character.Pick([.. labels.Where(label => label != truth)]) : truth;
        return new FakeAct.Answer(reasoning(label), $"<answer>{label}</answer>", Key);
    }

    private (double Rate, FakeAct Act)[] Faults() =>
        [
            (Stall, new FakeAct.Stall()),
            (RateLimit, new FakeAct.Error(429, RetryAfter)),
            (Cut, new FakeAct.Cut()),
            (Garbage, new FakeAct.Body("application/json", "{\"choices\": [{\"index\": 0, \"message\": ")),
            (Html, new FakeAct.Body("text/html", "<!DOCTYPE html><html><body><script>alert(1)</script></body></html>")),
            (Fail, new FakeAct.Error(500)),
        ];
}
