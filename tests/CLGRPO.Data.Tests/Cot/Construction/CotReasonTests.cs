using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;
using CLGRPO.Data.Tests.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Cot.Construction;

public sealed class CotReasonTests
{
    private const string Good = "good";
    private static readonly string[] Cases =
    [
        Good,
        CotReasons.NearDuplicate, // of the one before
        CotReasons.WrongLabel,
        CotReasons.UnknownLabel,
        CotReasons.NoAnswer,
        CotReasons.NoReasoning,
        CotReasons.BrokenTags,
        CotReasons.Truncated,
        CotReasons.TooShort,
        CotReasons.TooLong,
        CotReasons.LeaksLabel,
        CotReasons.Contradicts,
        CotReasons.NotVerified,
        CotReasons.NoQuorum,
        CotReasons.TeacherFailed + "refused",
    ];

    /// <summary>Every sample of the set is a case: one thing is wrong with what the generator or the verifiers say of it.</summary>
    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Run_AttemptsAtFault_AreRejectedWithTheirReasons(Database database)
    {
        await using var bench = await ConstructionBench.Create(database, samples: Cases.Length);
        // Verdicts are given in the order of the import, which is that of the file.
        var cases = bench
            .Version.Train.Index()
            .ToDictionary(s => s.Item.Id, s => Cases[s.Index], StringComparer.Ordinal);
        var wrong = (Sample sample) => bench.Version.Info.Labels.First(label => label != sample.Label);
        await bench.AddTeacher(
            "anna",
            (_, sample) => Write(cases[sample.Id], sample, wrong(sample), bench.Version.Info)
        );
        foreach (var verifier in (string[])["bert", "cleo"])
            await bench.AddTeacher(verifier, (_, sample) => Judge(cases[sample.Id], sample, wrong(sample)));
        var job = await bench.CreateJob(
            new ConstructionConfig
            {
                Generators = ["anna"],
                Verifiers = ["bert", "cleo"],
                Attempts = 1,
                Quorum = 2,
                MaxWords = 60,
                Contradictions = ContradictionRule.Reject,
                Splits = ["train"],
            }
        );

        await bench.Run(job, TestContext.Current.CancellationToken);

        var items = await CotLedger.Actual(bench.Store.Factory, job);
        Assert.All(
            cases,
            known =>
            {
                var sample = bench.Version.Train.Single(sample => sample.Id == known.Key);
                var reason = known.Value switch
                {
                    Good => "",
                    CotReasons.Contradicts => known.Value + Absent(sample, bench.Version.Info).Attribute,
                    var other => other,
                };
                var state = known.Value == Good ? ItemState.Accepted : ItemState.Rejected;
                Assert.Equal((known.Key, state, reason), (known.Key, items[known.Key].State, items[known.Key].Reasons));
            }
        );
        await OnlySoundTextsWereVerified(bench, job);
    }

    private static FakeAct Write(string fault, Sample sample, string wrong, DatasetInfo info)
    {
        var answer = $"<answer>{sample.Label}</answer>";
        var think = $"here one sees {Words(sample)} and that points to {sample.Label}.";
        return fault switch
        {
            CotReasons.WrongLabel => new FakeAct.Answer(think, $"<answer>{wrong}</answer>"),
            CotReasons.UnknownLabel => new FakeAct.Answer(think, "<answer>hunger</answer>"),
            CotReasons.NoAnswer => new FakeAct.Answer(think, "<answer>"),
            CotReasons.NoReasoning => new FakeAct.Answer("", answer),
            CotReasons.BrokenTags => new FakeAct.Answer(think + "</think><answer>x</answer><think> and so on", answer),
            CotReasons.Truncated => new FakeAct.Answer(think, answer, FinishReason: "length"),
            CotReasons.TooShort => new FakeAct.Answer("plain to see.", answer),
            CotReasons.TooLong => new FakeAct.Answer(string.Join(' ', Enumerable.Repeat(think, 4)), answer),
            CotReasons.LeaksLabel => new FakeAct.Answer("the label says it, " + think, answer),
            CotReasons.Contradicts => new FakeAct.Answer($"a {Absent(sample, info).Value}; {think}", answer),
            CotReasons.TeacherFailed + "refused" => new FakeAct.Error(422),
            Good or CotReasons.NearDuplicate => new FakeAct.Answer(
                "a thing that was seen twice, in just the same words.",
                answer
            ),
            _ => new FakeAct.Answer(think, answer),
        };
    }

    private static FakeAct Judge(string fault, Sample sample, string wrong) =>
        fault switch
        {
            CotReasons.NotVerified => new FakeAct.Answer("no.", $"<answer>{wrong}</answer>"),
            CotReasons.NoQuorum => new FakeAct.Error(422),
            _ => new FakeAct.Answer("yes.", $"<answer>{sample.Label}</answer>"),
        };

    /// <summary>A value that the annotation of the sample does not have, of an attribute that it knows.</summary>
    private static (string Attribute, string Value) Absent(Sample sample, DatasetInfo info)
    {
        var (attribute, values) = sample.Attributes.First(attribute => attribute.Value.Count > 0);
        var vocabulary = info.Attributes.Single(vocabulary => vocabulary.Name == attribute);
        return (attribute, vocabulary.Values.First(value => !values.Contains(value, StringComparer.Ordinal)));
    }

    private static string Words(Sample sample) =>
        string.Join(' ', sample.Image.Chunk(8).Select(letters => "w" + new string(letters)));

    private static async Task OnlySoundTextsWereVerified(ConstructionBench bench, long job)
    {
        await using var context = bench.Store.Context();
        var records = await context
            .Records.Include(record => record.Votes)
            .Where(record => record.JobId == job)
            .ToListAsync(TestContext.Current.CancellationToken);
        string[] onVotes = [CotReasons.NotVerified, CotReasons.NoQuorum, CotReasons.NearDuplicate];
        Assert.All(records, record => Assert.Equal(record.Reasons.All(onVotes.Contains) ? 2 : 0, record.Votes.Count));
    }
}
