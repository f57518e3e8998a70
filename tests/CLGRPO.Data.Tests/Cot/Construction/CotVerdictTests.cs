using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;
using CLGRPO.Data.Tests.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Cot.Construction;

/// <summary>When a verdict is given, and that the order of the answers does not change it.</summary>
public sealed class CotVerdictTests
{
    private const int Samples = 24;
    private const int Held = 10; // the sample whose judge lets everybody wait

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The judge of one sample does not answer: of the others, only what passes and comes after it may have to wait for it.</summary>
    [Theory]
    [InlineData(0.9)]
    [InlineData(0.0)]
    public async Task Run_OneAnswerIsMissing_DecidesWhatDoesNotDependOnIt(double nearDuplicate)
    {
        await using var bench = await ConstructionBench.Create(Database.Sqlite, Samples);
        var places = Places(bench);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await bench.AddTeacher("anna", (request, sample) => Writes(request, sample.Label));
        await bench.AddTeacher(
            "bert",
            (_, sample) =>
            {
                var place = places[sample.Id];
                var act = Answers(IsTurnedDown(place) ? Another(bench, sample) : sample.Label);
                return place == Held ? new FakeAct.Held(gate.Task, act) : act;
            }
        );
        var job = await bench.CreateJob(Settings(nearDuplicate, attempts: 1));

        var running = bench.Run(job, Stop);
        var waits = (int place) => place == Held || (nearDuplicate > 0 && place > Held && !IsTurnedDown(place));
        IReadOnlyList<CotDecision> seen = [];
        await Wait.Until(async () =>
        {
            var open = (await States(bench, job)).Count(state => state == ItemState.Open);
            seen = await CotDecisions.List(bench.Store.Factory, job, DecisionFilter.All, null, Samples, Stop);
            return open == CountOf(waits) && seen.Count(one => one.Outcome == DecisionOutcome.Voting) == 1;
        });
        var early = await States(bench, job);
        gate.SetResult();

        Assert.Equal(JobState.Completed, await running);
        Assert.All(
            early.Index(),
            state => Assert.Equal((state.Index, waits(state.Index) ? ItemState.Open : Final(state.Index)), state)
        );
        Assert.Equal(CountOf(waits) - 1, seen.Count(one => one.Outcome == DecisionOutcome.Answered));
        Assert.Equal(
            CountOf(p => Final(p) == ItemState.Rejected),
            seen.Count(one => one.Outcome == DecisionOutcome.Rejected)
        );
        Assert.All((await States(bench, job)).Index(), state => Assert.Equal((state.Index, Final(state.Index)), state));
    }

    /// <summary>Of texts that are the same the first in the order of the samples is accepted, in whatever order and however many at once they are answered.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Run_AnswersInAnotherOrder_ComesToTheSameVerdicts(int seed)
    {
        var (straight, _) = await Decide(places: 1, _ => TimeSpan.Zero, stops: false);
        var random = new Random(seed);
        var delays = Enumerable.Range(0, Samples).Select(_ => TimeSpan.FromMilliseconds(random.Next(120))).ToList();

        var (shuffled, pauses) = await Decide(places: 8, place => delays[place], stops: true);

        Assert.Equal(straight, shuffled);
        Assert.InRange(pauses, 1, Samples);
        Assert.Contains(straight, one => one.EndsWith(CotReasons.NearDuplicate, StringComparison.Ordinal));
    }

    private static async Task<(IReadOnlyList<string> Outcome, int Pauses)> Decide(
        int places,
        Func<int, TimeSpan> delay,
        bool stops
    )
    {
        await using var bench = await ConstructionBench.Create(Database.Sqlite, Samples);
        var order = Places(bench);
        foreach (var name in (string[])["anna", "bert"])
        {
            await bench.AddTeacher(
                name,
                (request, sample) =>
                {
                    var place = order[sample.Id];
                    // In the first attempt three texts in a row are the same.
                    return new FakeAct.Late(
                        delay(place),
                        new FakeAct.Answer(
                            name == "anna" || place % 5 == 0
                                ? $"one sees the things of group {place / 3} and they say it: {sample.Label}."
                                : CotLedger.Reasoning(request, sample.Label),
                            $"<answer>{sample.Label}</answer>"
                        )
                    );
                },
                teacher => teacher.Concurrency = places
            );
        }
        var job = await bench.CreateJob(
            Settings(0.9, attempts: 2) with
            {
                Generators = ["anna", "bert"],
                Verifiers = ["anna", "bert"],
            }
        );
        var pauses = 0;
        for (; ; pauses++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var running = bench.Run(job, stop.Token);
            var enough = (pauses + 1) * Samples;
            if (stops)
            {
                await Wait.Until(() =>
                    Task.FromResult(running.IsCompleted || bench.Servers.Values.Sum(s => s.Requests.Count) >= enough)
                );
                await stop.CancelAsync();
            }
            if (await running == JobState.Completed)
                return (await bench.Outcome(job), pauses);
        }
    }

    private static ConstructionConfig Settings(double nearDuplicate, int attempts) =>
        new()
        {
            Generators = ["anna"],
            Verifiers = ["bert"],
            NearDuplicate = nearDuplicate,
            Attempts = attempts,
            Splits = ["train"],
        };

    private static Dictionary<string, int> Places(ConstructionBench bench) =>
        bench.Version.Train.Index().ToDictionary(s => s.Item.Id, s => s.Index, StringComparer.Ordinal);

    private static bool IsTurnedDown(int place) => place % 4 == 3;

    private static ItemState Final(int place) => IsTurnedDown(place) ? ItemState.Rejected : ItemState.Accepted;

    private static int CountOf(Func<int, bool> holds) => Enumerable.Range(0, Samples).Count(holds);

    private static FakeAct.Answer Writes(FakeRequest request, string label) =>
        new(CotLedger.Reasoning(request, label), $"<answer>{label}</answer>");

    private static FakeAct.Answer Answers(string label) => new("it seems so.", $"<answer>{label}</answer>");

    private static string Another(ConstructionBench bench, Sample sample) =>
        bench.Version.Info.Labels.First(label => label != sample.Label);

    /// <summary>In the order of the samples.</summary>
    private static async Task<List<ItemState>> States(ConstructionBench bench, long job)
    {
        await using var context = bench.Store.Context();
        return await context
            .Items.Where(item => item.JobId == job)
            .OrderBy(item => item.SampleId)
            .Select(item => item.State)
            .ToListAsync(Stop);
    }
}
