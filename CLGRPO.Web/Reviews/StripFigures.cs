using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Reviews;

/// <summary>The figures over an item.</summary>
/// <param name="MineToday">The person's judgements since midnight UTC.</param>
/// <param name="Drafts">The person's.</param>
/// <param name="Alpha">Krippendorff's alpha of the verdicts; null where it is not defined.</param>
public sealed record StripFigures(ReviewProgress Team, int MineToday, int Drafts, double? Alpha)
{
    public static async Task<StripFigures> Of(
        ReviewBoard board,
        StoreFactory store,
        long batchId,
        string reviewer,
        DateTime midnight,
        CancellationToken stop
    )
    {
        var (_, today, _, drafts) = await ReviewProgress.Mine(store, batchId, reviewer, midnight, stop);
        return new StripFigures(
            await board.Progress(batchId, stop),
            today,
            drafts,
            (await board.Agreement(batchId, stop)).Questions[0].Nominal.Value
        );
    }

    /// <summary>Shows the person's own judgement before everything is counted anew.</summary>
    public StripFigures WithOneMore() => this with { MineToday = MineToday + 1 };
}
