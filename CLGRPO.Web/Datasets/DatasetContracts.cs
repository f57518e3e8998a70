using System.ComponentModel.DataAnnotations;
using CLGRPO.Data.Browsing;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Web.Datasets;

/// <summary>Samples of a view.</summary>
/// <param name="Total">How many samples fit.</param>
/// <param name="Next">Ask with <c>after</c> = this for those that follow; null at the end.</param>
public sealed record SampleList(IReadOnlyList<SampleTile> Items, int Total, long? Next);

/// <summary>Samples to be moved to another split; their groups go with them.</summary>
public sealed record MoveSamples
{
    /// <summary>Numbers of samples, as lists of them say.</summary>
    [Required, MinLength(1), MaxLength(SampleMoves.Most)]
    public required IReadOnlyList<long> Ids { get; init; }

    [Required]
    public required Split Split { get; init; }
}
