using System.Globalization;
using System.Text.Json;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Store;

/// <summary>
/// Which chains of thought go into a frozen version. A record must be accepted by the construction or by a reviewer, and pass every filter.
/// Names stand for teachers and jobs, never ids of the database, so that a selection means the same everywhere.
/// </summary>
public sealed record RecordSelection
{
    /// <summary>Review states that are good enough. By default everything that no reviewer rejected or flagged.</summary>
    public IReadOnlyList<ReviewState> Reviews { get; init; } =
    [ReviewState.Pending, ReviewState.Accepted, ReviewState.Edited];

    /// <summary>Teachers by name; null for all but <see cref="CotRecord.Playground"/>: models learn from their own answers only where asked to.</summary>
    public IReadOnlyList<string>? Teachers { get; init; }

    /// <summary>Construction jobs by name; null for all, and for imported records too.</summary>
    public IReadOnlyList<string>? Jobs { get; init; }

    /// <summary>Least share of verifiers that agreed, 0 to 1; records that nobody verified fail it. Null for no limit.</summary>
    public double? MinAgreement { get; init; }

    /// <summary>Least mean of the reviewers' ratings, 1 to 5; records without a rating fail it. Null for no limit.</summary>
    public double? MinRating { get; init; }

    /// <summary>Splits that the version gets; the files of the others stay empty.</summary>
    public IReadOnlyList<Split> Splits { get; init; } = Datasets.Splits.All;

    /// <summary>Keeps training samples that no record was found for, without a completion. Validation and test are always whole.</summary>
    public bool KeepWithoutRecord { get; init; }

    /// <summary>As JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StoreJson.Options);

    /// <exception cref="JsonException">It is no selection.</exception>
    public static RecordSelection FromJson(string json) =>
        JsonSerializer.Deserialize<RecordSelection>(json, StoreJson.Options)
        ?? throw new JsonException("A selection is an object, not null.");

    /// <summary>For <c>dataset.json</c>: what was set, in words.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Settings() =>
        [
            new(
                "reviews",
                List(Reviews.Order().Select(review => JsonNamingPolicy.SnakeCaseLower.ConvertName(review.ToString())))
            ),
            new("teachers", Teachers is null ? "all" : List(Teachers.Order(StringComparer.Ordinal))),
            new("jobs", Jobs is null ? "all" : List(Jobs.Order(StringComparer.Ordinal))),
            new("min_agreement", Number(MinAgreement)),
            new("min_rating", Number(MinRating)),
            new("splits", List(Splits.Order().Select(split => split.Key()))),
            new("keep_without_record", KeepWithoutRecord ? "true" : "false"),
        ];

    private static string List(IEnumerable<string> words) => string.Join(", ", words);

    private static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "none";
}
