using System.Collections.Concurrent;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Web.Evaluations;

/// <summary>Reads what checkpoints answered, and keeps what is looked at again and again.</summary>
public sealed class EvaluationResults(EvaluationService evaluations)
{
    private const int MostKept = 4; // some ten MB each at 17,000 images and ten checkpoints
    private readonly List<(string Id, int Answered, EvaluationResult Result)> _kept = [];
    private readonly ConcurrentDictionary<string, double> _best = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>The best accuracy in a complete evaluation, a fraction; null while it is not complete.</summary>
    /// <remarks>Kept for all of them: a list asks for it again and again, and a complete evaluation does not change.</remarks>
    /// <exception cref="InvalidDataException">A file of answers is damaged.</exception>
    public double? BestAccuracy(EvaluationSummary evaluation)
    {
        if (evaluation.State != EvaluationState.Complete)
            return null;
        if (_best.TryGetValue(evaluation.Id, out var known))
            return known;
        return Of(evaluation.Id) is { } result ? _best[evaluation.Id] = result.BestAccuracy : null;
    }

    /// <summary>An evaluation's answers so far; null when there is no such evaluation, or none has answered.</summary>
    /// <param name="id">Looked up, never made into a path.</param>
    /// <exception cref="InvalidDataException">A file of answers is damaged.</exception>
    public EvaluationResult? Of(string id)
    {
        if (evaluations.Folder(id) is not { } folder)
            return null;
        var answered = Enumerable.Range(0, folder.Order.Checkpoints.Count).Where(folder.IsAnswered).ToList();
        if (answered.Count == 0)
            return null;
        lock (_gate)
        {
            var at = _kept.FindIndex(kept => kept.Id == id && kept.Answered == answered.Count);
            var result =
                at >= 0
                    ? _kept[at].Result
                    : new EvaluationResult([
                        .. answered.Select(i => (folder.Order.Checkpoints[i], AnswerSheet.Read(folder.SheetPath(i)))),
                    ]);
            _kept.RemoveAll(kept => kept.Id == id);
            _kept.Insert(0, (id, answered.Count, result));
            if (_kept.Count > MostKept)
                _kept.RemoveAt(MostKept);
            return result;
        }
    }
}
