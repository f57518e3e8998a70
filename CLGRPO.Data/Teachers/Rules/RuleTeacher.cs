using System.Globalization;
using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers.OpenAI;

namespace CLGRPO.Data.Teachers.Rules;

/// <summary>
/// The built-in teacher: writes a reasoning from the annotation and judges one by its words, with no server and no model. The same
/// question has the same answer.
/// </summary>
/// <remarks>
/// For experiments it errs at a stated rate: what it writes then argues for another label than it answers, as a teacher does that was
/// told the label and saw something else; what it judges gets another label.
/// </remarks>
public sealed class RuleTeacher : ITeacher
{
    private const string ErrorsKey = "errors=";
    private readonly double _errors;
    private readonly ulong _seed;

    private RuleTeacher(StoredTeacher settings, double errors)
    {
        (Settings, _errors) = (settings, errors);
        _seed = Fold(settings.Name);
    }

    public StoredTeacher Settings { get; }

    /// <summary>The model name of a rule teacher that errs: <c>errors=0.2</c>; empty where it does not.</summary>
    public static string ModelOf(double errors) =>
        errors == 0 ? "" : ErrorsKey + errors.ToString(CultureInfo.InvariantCulture);

    /// <exception cref="ArgumentException">The model is neither empty nor an error rate.</exception>
    public static RuleTeacher Create(StoredTeacher settings)
    {
        if (settings.Model.Length == 0)
        {
            return new(settings, errors: 0);
        }
        return
            settings.Model.StartsWith(ErrorsKey, StringComparison.Ordinal)
            && double.TryParse(settings.Model[ErrorsKey.Length..], CultureInfo.InvariantCulture, out var errors)
            && errors is >= 0 and <= 1
            ? new(settings, errors)
            : throw new ArgumentException(
                $"Rule teacher '{settings.Name}' has the model '{settings.Model}'; it must be empty or {ErrorsKey}0 … {ErrorsKey}1."
            );
    }

    public Task<TeacherReply> Ask(TeacherQuestion question, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var random = new CounterRandom(
            _seed,
            unchecked((ulong)question.Seed),
            Fold(question.Sample.Key),
            (ulong)question.Purpose
        );
        var errs = random.Chance(_errors);
        var completion =
            question.Purpose == PromptPurpose.Generate ? Write(question, errs, random) : Judge(question, errs, random);
        var parts = ThinkTags.Split(completion);
        return Task.FromResult(
            new TeacherReply(
                parts.Reasoning,
                parts.Content,
                Truncated: false,
                PromptTokens: 0,
                CompletionTokens: 0,
                completion
            )
        );
    }

    private static string Write(TeacherQuestion question, bool errs, CounterRandom random)
    {
        var label = question.Sample.Label;
        var claimed = errs ? Other(question.Labels, label, random) : label;
        var reasoning = SceneRules.TryRead(question.Sample, question.Labels, out var values)
            ? SceneRules.Write(values, claimed, random)
            : AnnotationRules.Write(question.Sample.Attributes, claimed);
        return CompletionFormat.Write(reasoning, ' ' + label, CompletionStyle.Cot);
    }

    private static string Judge(TeacherQuestion question, bool errs, CounterRandom random)
    {
        var reasoning = question.Reasoning ?? "";
        var label = SceneRules.Judge(reasoning, question.Labels) ?? AnnotationRules.Judge(reasoning, question.Labels);
        if (errs)
        {
            label = Other(question.Labels, label, random);
        }
        return CompletionFormat.Write(
            label is null ? " the reasoning arrives nowhere." : $" the reasoning arrives at {label}.",
            ' ' + (label ?? "unknown"),
            CompletionStyle.Cot
        );
    }

    private static string Other(IReadOnlyList<string> labels, string? label, CounterRandom random)
    {
        var others = labels.Where(other => !string.Equals(other, label, StringComparison.OrdinalIgnoreCase)).ToList();
        return others.Count > 0 ? random.Pick(others) : label ?? "";
    }

    // A number that stays the same from run to run, unlike string.GetHashCode.
    private static ulong Fold(string text) =>
        Convert.ToUInt64(DatasetHash.Of(System.Text.Encoding.UTF8.GetBytes(text))[..16], 16);
}
