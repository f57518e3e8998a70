using CLGRPO.Data.Store;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>How the tries on a class went on.</summary>
/// <param name="Accepted">Tries.</param>
/// <param name="Failed">Tries.</param>
/// <param name="Curve">Share of accepted tries up to then, oldest first, evenly spaced; null before the first decided one.</param>
public sealed record ClassCourse(string Label, int Accepted, int Failed, IReadOnlyList<double?> Curve);

/// <summary>How a construction went on.</summary>
/// <param name="AcceptedTries">Accepted reasonings.</param>
/// <param name="FailedTries">Rejected reasonings of all rounds.</param>
/// <param name="Waiting">Reasonings that passed and wait for the samples before them: only a near-duplicate among these turns them down.</param>
/// <param name="Voting">Reasonings that wait for votes.</param>
/// <param name="SavedLater">Samples that were accepted after a first try that failed.</param>
/// <param name="ImagesPerMinute">Reasonings of the last five minutes, a minute; null without any.</param>
/// <param name="LastHour">Reasonings in each minute of the last hour, oldest first.</param>
public sealed record ConstructionCourse(
    IReadOnlyList<ClassCourse> Classes,
    int AcceptedTries,
    int FailedTries,
    int Waiting,
    int Voting,
    int SavedLater,
    double? ImagesPerMinute,
    IReadOnlyList<double> LastHour
)
{
    private const int Points = 26;
    private const int HourMinutes = 60;
    private const int RateMinutes = 5;

    /// <summary>Counts what was read.</summary>
    /// <param name="isAnswered">Whether all votes on a try without a verdict are in.</param>
    /// <param name="saved">Samples that were accepted after a first try that failed.</param>
    internal static ConstructionCourse Of(
        IReadOnlyList<string> labels,
        IReadOnlyList<CountedTry> tries,
        Func<CountedTry, bool> isAnswered,
        int saved,
        DateTime now
    )
    {
        var count = new Counting(labels, tries.Count, isAnswered, now);
        foreach (var one in tries)
            count.Add(one);
        return count.Result(saved);
    }

    /// <summary>Goes through the tries in the order in which they were written.</summary>
    private sealed class Counting(
        IReadOnlyList<string> labels,
        int total,
        Func<CountedTry, bool> isAnswered,
        DateTime now
    )
    {
        private readonly (int[] Accepted, int[] Failed)?[] _classes = new (int[], int[])?[labels.Count];
        private readonly double[] _hour = new double[HourMinutes];
        private int _seen;
        private int _accepted;
        private int _failed;
        private int _waiting;
        private int _voting;
        private DateTime? _firstRecent;

        public void Add(CountedTry one)
        {
            var point = Math.Min(Points - 1, (int)((long)_seen++ * Points / Math.Max(1, total)));
            var age = (now - one.At).TotalMinutes;
            if (age is >= 0 and < HourMinutes)
                _hour[HourMinutes - 1 - (int)age]++;
            if (age is >= 0 and < RateMinutes)
                _firstRecent ??= one.At;
            if (one.State == CotState.Candidate)
            {
                (_waiting, _voting) = isAnswered(one) ? (_waiting + 1, _voting) : (_waiting, _voting + 1);
                return;
            }
            var isAccepted = one.State == CotState.Accepted;
            (_accepted, _failed) = isAccepted ? (_accepted + 1, _failed) : (_accepted, _failed + 1);
            if (one.Label < 0)
                return;
            var counts = _classes[one.Label] ??= (new int[Points], new int[Points]);
            (isAccepted ? counts.Accepted : counts.Failed)[point]++;
        }

        public ConstructionCourse Result(int saved)
        {
            var recent = _hour[(HourMinutes - RateMinutes)..].Sum();
            return new ConstructionCourse(
                [
                    .. labels
                        .Index()
                        .Where(label => _classes[label.Index] is not null)
                        .Select(label => Course(label.Item, label.Index)),
                ],
                _accepted,
                _failed,
                _waiting,
                _voting,
                saved,
                _firstRecent is { } first ? recent / Math.Max((now - first).TotalMinutes, 1.0 / 60) : null,
                _hour
            );
        }

        private ClassCourse Course(string label, int index)
        {
            var (accepted, failed) = _classes[index]!.Value;
            var curve = new double?[Points];
            var (good, all) = (0, 0);
            for (var i = 0; i < Points; i++)
            {
                good += accepted[i];
                all += accepted[i] + failed[i];
                curve[i] = all > 0 ? (double)good / all : null;
            }
            return new ClassCourse(label, good, all - good, curve);
        }
    }
}
