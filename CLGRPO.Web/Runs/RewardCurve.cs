namespace CLGRPO.Web.Runs;

/// <summary>A stage's rewards in few points, each the mean of as many steps as it takes: a curve the size of a word.</summary>
internal sealed class RewardCurve
{
    private const int Most = 48;
    private readonly List<(int Step, double Value)> _points = [];
    private int _stepsPerPoint = 1;
    private double _sum;
    private int _count;

    public IReadOnlyList<double> Values => [.. _points.Select(point => point.Value)];

    public void Add(int step, double reward)
    {
        if (!double.IsFinite(reward))
            return;
        _sum += reward;
        if (++_count < _stepsPerPoint)
            return;
        _points.Add((step, _sum / _count));
        (_sum, _count) = (0, 0);
        if (_points.Count > Most)
            Halve();
    }

    /// <summary>Forgets what came after a step; −1: everything.</summary>
    public void CutAfter(int step)
    {
        _points.RemoveAll(point => point.Step > step);
        (_sum, _count) = (0, 0);
        if (_points.Count == 0)
            _stepsPerPoint = 1;
    }

    private void Halve()
    {
        var halved = _points.Chunk(2).Select(pair => (pair[^1].Step, pair.Average(point => point.Value))).ToList();
        _points.Clear();
        _points.AddRange(halved);
        _stepsPerPoint *= 2;
    }
}
