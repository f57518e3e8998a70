using CLGRPO.Data.Files;
using CLGRPO.Data.Runs;

namespace CLGRPO.Training.Reproduction;

/// <summary>Where a reproduction's runs and its report lie: <c>seed-N/</c>, <c>report.json</c>, <c>reproduction.md</c>, pictures.</summary>
internal sealed class ReproductionFolder(string path)
{
    private const string Page = "reproduction.md";
    private const string Pictures = "reproduction";

    public string RunPath(int seed) => Path.Combine(path, $"seed-{seed}");

    /// <summary>Whether a seed's run ended with all its stages done.</summary>
    public bool IsFinished(int seed) =>
        RunDirectory.Exists(RunPath(seed))
        && RunEvents.Read(RunDirectory.Open(RunPath(seed))) is [.., { Type: RunEventType.End, Message: "completed" }];

    /// <summary>Reads the seeds that there are and writes report, page and pictures.</summary>
    /// <param name="recipe">The recipe's name.</param>
    /// <param name="seeds">Which seeds to report on; those without a run are left out.</param>
    /// <param name="docs">A folder of documentation that also gets page and pictures; null for none.</param>
    /// <exception cref="ArgumentException">No seed has an evaluated stage.</exception>
    public ReproductionReport Report(string recipe, IEnumerable<int> seeds, string? docs)
    {
        var runs = seeds
            .Select(RunPath)
            .Where(RunDirectory.Exists)
            .Select(run => SeedRun.Read(RunDirectory.Open(run)))
            .Where(run => run.Stages.Count > 0)
            .ToList();
        var report = ReproductionReport.Of(recipe, runs);
        var pictures = ReproductionCharts.Draw(report, runs);
        AtomicFile.WriteText(Path.Combine(path, "report.json"), report.ToJson() + "\n");
        WritePage(path, "", report, pictures);
        if (docs is not null)
        {
            WritePage(docs, Pictures, report, pictures);
        }
        return report;
    }

    private static void WritePage(
        string folder,
        string pictureFolder,
        ReproductionReport report,
        IReadOnlyDictionary<string, string> pictures
    )
    {
        Directory.CreateDirectory(Path.Combine(folder, pictureFolder));
        foreach (var (file, svg) in pictures)
        {
            AtomicFile.WriteText(Path.Combine(folder, pictureFolder, file), svg);
        }
        var page = new ReproductionPage(report, pictures.Keys.ToHashSet(StringComparer.Ordinal), pictureFolder);
        AtomicFile.WriteText(Path.Combine(folder, Page), page.Write());
    }
}
