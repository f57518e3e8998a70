using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Teachers;

namespace CLGRPO.Web.Tests.Construction;

/// <summary>The site is killed while it works on a construction.</summary>
public sealed class ConstructionKillTests(ConstructionSite site) : IClassFixture<ConstructionSite>
{
    private const int Kills = 2;
    private const int InFlight = 3 * 3; // teachers, places

    [Fact]
    public async Task Construction_SiteKilledTwice_GoesOnByItselfAndDecidesEachImageOnce()
    {
        var delay = TimeSpan.FromMilliseconds(120);
        await site.Hire("anna", new FakeHabits { Seed = 1, Lie = 0.3 }, delay);
        await site.Hire(
            "bert",
            new FakeHabits
            {
                Seed = 2,
                Lie = 0.1,
                Garbage = 0.05,
            },
            delay
        );
        await site.Hire("cleo", new FakeHabits { Seed = 3, Lie = 0.2 }, delay);
        var config = new ConstructionConfig
        {
            Generators = ["anna", "bert"],
            Verifiers = ["anna", "bert", "cleo"],
            Splits = ["train"],
            OnlyMissing = false,
        };
        var job = await site.Begin(
            "killed",
            new
            {
                generators = config.Generators,
                verifiers = config.Verifiers,
                splits = config.Splits,
                onlyMissing = false,
            }
        );
        for (var kill = 1; kill <= Kills; kill++)
        {
            var moment = 25 * kill;
            await Wait.Until(() => Task.FromResult(site.Staff.Ledger.Asked >= moment));
            await site.KillAndStart();
        }
        await site.Until(job, JobState.Completed);

        // What was in flight at a kill may be asked again, and nothing else.
        Assert.InRange(site.Staff.Ledger.AskedAgain, 0, Kills * InFlight);
        await site.EveryAnswerIsThereOnce(job);
        await site.Check(job, config);
    }
}
