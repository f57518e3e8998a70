using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Exporting;

/// <summary>The columns of an export for spreadsheets.</summary>
internal static class ExportTable
{
    public static IReadOnlyList<string> Header(ExportSource source) =>
        [
            "id",
            "image",
            "label",
            .. source.IsView ? ["split", "review"] : Array.Empty<string>(),
            .. source.Info.Attributes.Select(attribute => attribute.Name),
            "completion",
            "teacher",
        ];

    public static IReadOnlyList<string> Cells(ExportSource source, ExportRow row, string image) =>
        [
            row.Sample.Id,
            image,
            row.Sample.Label,
            .. source.IsView ? [row.Split?.Key() ?? "", row.Review ?? ""] : Array.Empty<string>(),
            .. source.Info.Attributes.Select(attribute =>
                row.Sample.Attributes.TryGetValue(attribute.Name, out var values) ? string.Join("; ", values) : ""
            ),
            row.Sample.Completion ?? "",
            row.Sample.Teacher ?? "",
        ];
}
