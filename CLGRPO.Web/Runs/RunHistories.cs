using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>The histories of the runs that are looked at; those that nobody asked for the longest are forgotten, and read anew when needed.</summary>
internal sealed class RunHistories
{
    private const int Most = 24;
    private readonly Lock _gate = new();
    private readonly LinkedList<(string Path, RunHistory History)> _newestFirst = [];

    public RunHistory Of(RunDirectory run)
    {
        lock (_gate)
        {
            var known = _newestFirst.FirstOrDefault(item => item.Path == run.Path);
            if (known.History is not null)
                _newestFirst.Remove(known);
            else
                known = (run.Path, new RunHistory(run));
            _newestFirst.AddFirst(known);
            if (_newestFirst.Count > Most)
                _newestFirst.RemoveLast();
            return known.History;
        }
    }
}
