using System.Globalization;
using CLGRPO.Data.Datasets;
using CLGRPO.Golden;
using CLGRPO.Training.Tests.Models;

namespace CLGRPO.Training.Tests.RealModels;

/// <summary>A data set of real pictures of many shapes, with a chain of thought for each.</summary>
internal static class PictureDataset
{
    public const string Name = "pictures";
    private static readonly string[] s_labels = ["awe", "fear"];

    /// <summary>Writes the version: photographs and drawings, every third for validation or test.</summary>
    public static DatasetVersion Write(string root)
    {
        using var writer = new DatasetVersionWriter(
            root,
            new DatasetInfo
            {
                Name = Name,
                Question = "Which emotion?",
                Labels = s_labels,
                Provenance = new("scikit-image and drawings", "pictures of the golden numbers", []),
                Licence = "CC0-1.0",
            }
        );
        string[] pictures =
        [
            .. Directory
                .EnumerateFiles(Path.Combine(GoldenFolder.Find(), "images"))
                .Where(path => Path.GetExtension(path) is ".jpg" or ".png" or ".webp")
                .Where(path => new FileInfo(path).Length > 4000)
                .Order(StringComparer.Ordinal),
        ];
        foreach (var (i, path) in pictures.Index())
        {
            var label = s_labels[i % 2];
            writer.Add(
                (i % 6) switch
                {
                    2 => Split.Validation,
                    5 => Split.Test,
                    _ => Split.Train,
                },
                new Sample(
                    string.Create(CultureInfo.InvariantCulture, $"{i}-{Path.GetFileName(path)}"),
                    writer.AddImage(File.ReadAllBytes(path)),
                    label,
                    new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal),
                    $"<think>I see.</think><answer>{label}</answer>",
                    Teacher: "hand"
                )
            );
        }
        return writer.Commit();
    }
}
