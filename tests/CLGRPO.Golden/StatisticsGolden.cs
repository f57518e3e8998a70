using System.Text.Json;
using CLGRPO.Data.Reviews;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Golden;

/// <summary>training/statistics.json: scikit-learn, krippendorff and statsmodels against our statistics.</summary>
internal sealed class StatisticsGolden : IGoldenWalker
{
    private const double Tolerance = 1e-9;

    public string Folder => "training";

    public GoldenResult Walk(string folder)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "statistics.json")));
        var tally = new CaseTally();
        foreach (var group in file.RootElement.EnumerateObject())
        {
            Action<JsonElement> check = group.Name switch
            {
                "classification" => Classification,
                "agreement" => RaterAgreement,
                "mcnemar" => McNemarTest,
                "proportion" => Proportion,
                _ => _ => throw new GoldenMismatchException("nothing walks this kind of case"),
            };
            foreach (var (i, item) in group.Value.EnumerateArray().Index())
            {
                tally.Case($"statistics.json {group.Name}[{i}]", () => check(item));
            }
        }
        return tally.Result;
    }

    private static void Classification(JsonElement item)
    {
        var report = new ClassificationReport(
            Ints(item.GetProperty("truth")),
            Ints(item.GetProperty("predicted")),
            item.GetProperty("labels").GetInt32()
        );
        Close(item, "accuracy", report.Accuracy);
        Close(item, "macro_recall_all_labels", report.MacroRecall);
        Close(item, "macro_recall_present_labels", report.MacroRecallOfPresentLabels);
        Close(item, "macro_f1", report.MacroF1);
        Expect.Close("recall", Doubles(item.GetProperty("recall_per_class")), report.Recall, Tolerance);
        Expect.Close("precision", Doubles(item.GetProperty("precision_per_class")), report.Precision, Tolerance);
        var rows = item.GetProperty("confusion_truth_by_row").EnumerateArray().ToList();
        Expect.Same("confusion, rows", rows.Count, report.Confusion.Count);
        for (var row = 0; row < rows.Count; row++)
        {
            Expect.SameItems($"confusion[{row}]", Ints(rows[row]), report.Confusion[row]);
        }
    }

    private static void RaterAgreement(JsonElement item)
    {
        var categories = item.GetProperty("categories").GetInt32();
        var ratings = item.GetProperty("ratings_by_rater").EnumerateArray().Select(MaybeInts).ToList();
        foreach (var level in item.GetProperty("krippendorff_alpha").EnumerateObject())
        {
            var alpha = Agreement.KrippendorffAlpha(
                ratings,
                categories,
                Enum.Parse<MeasurementLevel>(level.Name, ignoreCase: true)
            );
            Close($"alpha, {level.Name}", level.Value, alpha);
        }
        if (item.TryGetProperty("first_two_raters", out var pair))
        {
            FirstTwoRaters(pair, Complete(ratings[0]), Complete(ratings[1]), categories);
        }
        if (item.TryGetProperty("fleiss_kappa", out var fleiss))
        {
            Close("fleiss_kappa", fleiss, Agreement.FleissKappa([.. ratings.Select(Complete)], categories));
        }
    }

    private static void FirstTwoRaters(JsonElement pair, List<int> first, List<int> second, int categories)
    {
        double? Kappa(KappaWeighting weighting) => Agreement.CohenKappa(first, second, categories, weighting);
        Close(pair, "percent_agreement", Agreement.Percent(first, second));
        Close(pair, "cohen_kappa", Kappa(KappaWeighting.None));
        Close(pair, "cohen_kappa_linear", Kappa(KappaWeighting.Linear));
        Close(pair, "cohen_kappa_quadratic", Kappa(KappaWeighting.Quadratic));
    }

    private static void McNemarTest(JsonElement item)
    {
        var table = item.GetProperty("table").EnumerateArray().Select(Ints).ToList();
        var test = new McNemar(OnlyFirst: table[0][1], OnlySecond: table[1][0]);
        Close(item, "exact_p", test.ExactP);
        Close(item, "chi2_corrected", test.ChiSquare);
        Close(item, "chi2_corrected_p", test.ChiSquareP);
    }

    private static void Proportion(JsonElement item)
    {
        var interval = WilsonInterval.At95(
            item.GetProperty("successes").GetInt32(),
            item.GetProperty("trials").GetInt32()
        );
        Expect.Close("wilson_95", Doubles(item.GetProperty("wilson_95")), [interval.Low, interval.High], Tolerance);
    }

    private static void Close(JsonElement item, string key, double? actual) =>
        Close(key, item.GetProperty(key), actual);

    // A value that does not exist is null here and NaN there.
    private static void Close(string what, JsonElement expected, double? actual) =>
        Expect.Close(
            what,
            expected.ValueKind == JsonValueKind.Null ? double.NaN : expected.GetDouble(),
            actual ?? double.NaN,
            Tolerance
        );

    private static List<int> Ints(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

    private static List<double> Doubles(JsonElement array) =>
        [.. array.EnumerateArray().Select(item => item.GetDouble())];

    private static List<int?> MaybeInts(JsonElement array) =>
        [.. array.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Null ? (int?)null : item.GetInt32())];

    private static List<int> Complete(List<int?> ratings) =>
        [.. ratings.Select(rating => rating ?? throw new GoldenMismatchException("a rating is missing here"))];
}
