using System.ComponentModel.DataAnnotations;
using System.Globalization;
using CLGRPO.Data.Files;
using CLGRPO.Data.Store;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Accounts;

/// <summary>REST of the audit: read only, as the database has it.</summary>
public static class AuditEndpoints
{
    private const int MostAtOnce = 500;

    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        var audit = routes.MapGroup("/api/v1").WithTags("Audit").RequireAuthorization(Scopes.AuditRead);
        audit.MapGet("/audit", List).WithName("ListAudit").WithSummary("Lists who did what, newest first");
        audit
            .MapGet("/audit.csv", Csv)
            .WithName("ExportAudit")
            .WithSummary(
                "The same as CSV, all of it; cells that a spreadsheet would take for a formula are made harmless"
            )
            .Produces(StatusCodes.Status200OK, contentType: "text/csv");
    }

    private static async Task<Results<Ok<Page<AuditEntry>>, ValidationProblem>> List(
        [AsParameters] AuditFilter filter,
        Audit audit,
        CancellationToken stop,
        [Range(0, int.MaxValue)] int offset = 0,
        [Range(1, MostAtOnce)] int limit = 50
    ) => TypedResults.Ok(await audit.Find(filter, offset, limit, stop));

    private static Results<PushStreamHttpResult, ValidationProblem> Csv(
        [AsParameters] AuditFilter filter,
        Audit audit,
        CancellationToken stop
    ) =>
        TypedResults.Stream(
            async body =>
            {
                await using var csv = new CsvWriter(body);
                await csv.WriteAsync(["time", "who", "what", "object", "before", "after"]);
                await foreach (var entry in audit.All(filter, stop))
                {
                    await csv.WriteAsync([
                        entry.At.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                        entry.Actor,
                        entry.Action,
                        entry.Subject,
                        entry.Before ?? "",
                        entry.After ?? "",
                    ]);
                }
            },
            "text/csv",
            "audit.csv"
        );
}
