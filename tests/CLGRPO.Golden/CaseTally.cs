namespace CLGRPO.Golden;

/// <summary>Counts the cases of a walker; a case fails when its check throws.</summary>
internal sealed class CaseTally
{
    private readonly List<string> _failures = [];
    private int _passed;

    public GoldenResult Result => new(_passed, _failures);

    /// <summary>Runs one case. <see cref="Expect"/>'s comparisons throw what differs.</summary>
    public void Case(string name, Action check)
    {
        if (Prepare(name, check))
        {
            _passed++;
        }
    }

    /// <summary>Runs what cases need and is none itself: only its failure counts.</summary>
    /// <returns>Whether it succeeded.</returns>
    public bool Prepare(string name, Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception error) // whatever our code throws on a case is that case's failure, with its words
        {
            var kind = error is GoldenMismatchException ? "" : $"{error.GetType().Name}: ";
            _failures.Add($"{name}: {kind}{error.Message}");
            return false;
        }
    }
}
