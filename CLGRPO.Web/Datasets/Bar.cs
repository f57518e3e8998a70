namespace CLGRPO.Web.Datasets;

/// <summary>A bar of a chart: a name and its parts.</summary>
public sealed record Bar(string Name, IReadOnlyList<int> Counts);
