using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Files;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Reviews;

/// <summary>The forms in which reviews leave the house.</summary>
public enum ReviewFormat
{
    /// <summary>A table for spreadsheets, safe against formulas.</summary>
    Csv,

    /// <summary>An object on each line.</summary>
    Jsonl,
}

/// <summary>What one person said of one item, and stands.</summary>
/// <param name="Sample">The sample's own key.</param>
/// <param name="Model">The teacher's model, or the checkpoint that wrote it.</param>
/// <param name="Kind">judgement, bulk (a verdict over a filter) or decision (a lead's word).</param>
/// <param name="Reasoning">As it was written.</param>
/// <param name="Edited">As the reviewer wants it; null where it was not edited.</param>
/// <param name="Guideline">The version that lay beside it.</param>
public sealed record ReviewRow(
    long Item,
    long Record,
    string Dataset,
    string Sample,
    string Image,
    string? Split,
    string Label,
    string Teacher,
    string Model,
    string Reviewer,
    string Kind,
    Verdict Verdict,
    string? Reason,
    IReadOnlyDictionary<string, int> Ratings,
    string? Comment,
    string Reasoning,
    string? Edited,
    int? Guideline,
    double? Seconds,
    DateTime At
);

/// <summary>Writes the standing reviews of a batch, item by item; what was undone, and drafts, are left out.</summary>
public static class ReviewExport
{
    private const int ItemsAtOnce = 200;

    private static readonly IReadOnlyList<string> Columns =
    [
        "item",
        "record",
        "dataset",
        "sample",
        "image",
        "split",
        "label",
        "teacher",
        "model",
        "reviewer",
        "kind",
        "verdict",
        "reason",
        .. ReviewQuestion.All.Select(question => question.Key),
        "comment",
        "reasoning",
        "edited",
        "guideline",
        "seconds",
        "at",
    ];

    /// <param name="target">Written as the rows are read, a few at a time; it need not be able to go back.</param>
    public static async Task Write(
        StoreFactory store,
        long batchId,
        ReviewFormat format,
        Stream target,
        CancellationToken stop
    )
    {
        var header = format == ReviewFormat.Csv ? Columns : null;
        await foreach (var rows in Read(store, batchId, stop))
        {
            using var text = new MemoryStream();
            if (format == ReviewFormat.Csv)
                WriteTable(text, header, rows);
            else
                WriteLines(text, rows);
            header = null;
            text.Position = 0;
            await text.CopyToAsync(target, stop);
        }
    }

    /// <summary>Each part is a query of its own: a slow reader holds nothing in the store.</summary>
    private static async IAsyncEnumerable<IReadOnlyList<ReviewRow>> Read(
        StoreFactory store,
        long batchId,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        long? last = 0;
        while (last is { } after)
        {
            await using var context = store.CreateDbContext();
            var items = context.ReviewItems.Where(item => item.BatchId == batchId && item.Id > after);
            var part = items.OrderBy(item => item.Id).Take(ItemsAtOnce);
            last = await part.MaxAsync(item => (long?)item.Id, stop);
            yield return last is null ? [] : await Rows(context, items.Where(item => item.Id <= last), stop);
        }
    }

    private static async Task<IReadOnlyList<ReviewRow>> Rows(
        StoreContext context,
        IQueryable<ReviewItem> items,
        CancellationToken stop
    )
    {
        var found = await items
            .Join(
                context.Reviews.Where(review => !review.Superseded),
                item => item.RecordId,
                review => review.RecordId,
                (item, review) =>
                    new
                    {
                        Item = item.Id,
                        Review = review,
                        Record = item.Record!,
                        Sample = item.Record!.Sample!,
                        Dataset = item.Record.Sample!.Dataset!.Name,
                    }
            )
            .OrderBy(row => row.Item)
            .ThenBy(row => row.Review.Id)
            .AsNoTracking()
            .ToListAsync(stop);
        return
        [
            .. found.Select(row => new ReviewRow(
                row.Item,
                row.Record.Id,
                row.Dataset,
                row.Sample.Key,
                row.Sample.Image,
                row.Sample.Split?.Key(),
                row.Sample.Label,
                row.Record.Teacher,
                row.Record.Model,
                row.Review.Reviewer,
                row.Review.Final ? "decision"
                    : row.Review.Bulk is not null ? "bulk"
                    : "judgement",
                row.Review.Verdict,
                row.Review.Reason,
                ReviewQuestion.FromJson(row.Review.Ratings),
                row.Review.Comment,
                Reasoning(row.Record.Completion),
                row.Review.EditedCompletion is { } edited ? Reasoning(edited) : null,
                row.Review.Guideline,
                row.Review.Seconds,
                row.Review.CreatedAt
            )),
        ];
    }

    private static string Reasoning(string completion) =>
        CompletionFormat.Parse(completion, CompletionStyle.Cot).Think?.Trim() ?? completion;

    private static void WriteTable(Stream target, IReadOnlyList<string>? header, IReadOnlyList<ReviewRow> rows)
    {
        using var table = new CsvWriter(target);
        if (header is not null)
            table.Write(header);
        foreach (var row in rows)
            table.Write(Cells(row));
    }

    private static IReadOnlyList<string> Cells(ReviewRow row) =>
        [
            Number(row.Item),
            Number(row.Record),
            row.Dataset,
            row.Sample,
            row.Image,
            row.Split ?? "",
            row.Label,
            row.Teacher,
            row.Model,
            row.Reviewer,
            row.Kind,
            JsonNamingPolicy.SnakeCaseLower.ConvertName(row.Verdict.ToString()),
            row.Reason ?? "",
            .. ReviewQuestion.All.Select(question =>
                row.Ratings.TryGetValue(question.Key, out var rating) ? Number(rating) : ""
            ),
            row.Comment ?? "",
            row.Reasoning,
            row.Edited ?? "",
            row.Guideline is { } version ? Number(version) : "",
            row.Seconds is { } seconds ? Number(seconds) : "",
            row.At.ToString("O", CultureInfo.InvariantCulture),
        ];

    private static string Number(IFormattable value) => value.ToString(format: null, CultureInfo.InvariantCulture);

    private static void WriteLines(Stream target, IReadOnlyList<ReviewRow> rows)
    {
        foreach (var row in rows)
        {
            JsonSerializer.Serialize(target, row, StoreJson.Options);
            target.WriteByte((byte)'\n');
        }
    }
}
