namespace CLGRPO.Web.Runs;

/// <summary>A run in charts, as scripts/charts.js is told of it.</summary>
/// <param name="Index">Which colour.</param>
/// <param name="Version">Another one: there are new points.</param>
/// <param name="Offsets">Stage → steps of the run before it.</param>
/// <param name="Resumed">Stage → after which steps it was gone on.</param>
public sealed record ChartedRun(
    string Id,
    string Name,
    int Index,
    long Version,
    IReadOnlyDictionary<string, int> Offsets,
    IReadOnlyDictionary<string, IReadOnlyList<int>> Resumed
);
