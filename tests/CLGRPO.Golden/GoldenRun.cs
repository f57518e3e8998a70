namespace CLGRPO.Golden;

/// <summary>Runs walkers folder by folder and prints what they found.</summary>
internal sealed class GoldenRun(IReadOnlyList<IGoldenWalker> walkers, string root, TextWriter output)
{
    private const int ShownFailures = 10;

    private int _passed;
    private int _failed;

    /// <summary>Walks every folder, or only those named; the last line printed is <c>N passed, N failed</c>.</summary>
    /// <returns>The exit code: 0 when nothing failed.</returns>
    public int Execute(IReadOnlyCollection<string> only)
    {
        output.WriteLine($"golden numbers: {root}");
        foreach (var folder in Folders(only))
        {
            WalkFolder(folder);
        }
        output.WriteLine($"{_passed} passed, {_failed} failed");
        return _failed == 0 ? 0 : 1;
    }

    private IEnumerable<string> Folders(IReadOnlyCollection<string> only)
    {
        if (only.Count > 0)
        {
            return only;
        }
        var onDisk = Directory.EnumerateDirectories(root).Select(path => Path.GetFileName(path));
        return walkers
            .Select(walker => walker.Folder)
            .Union(onDisk, StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
    }

    private void WalkFolder(string folder)
    {
        var mine = walkers.Where(walker => string.Equals(walker.Folder, folder, StringComparison.Ordinal)).ToList();
        var path = Path.Combine(root, folder);
        if (mine.Count == 0 && Directory.Exists(path))
        {
            output.WriteLine($"{folder}: not walked yet");
            return;
        }
        if (!Directory.Exists(path))
        {
            Report(folder, new GoldenResult(0, [$"there is no folder {path}"]));
            return;
        }
        foreach (var walker in mine)
        {
            var name = $"{folder} ({walker.GetType().Name})";
            if (walker.IsIn(path))
                Report(name, Walk(walker, path));
            else
                output.WriteLine($"{name}: this set has none");
        }
    }

    private static GoldenResult Walk(IGoldenWalker walker, string path)
    {
        var tally = new CaseTally();
        GoldenResult? result = null;
        tally.Case("the walker itself", () => result = walker.Walk(path));
        return result switch
        {
            null => tally.Result,
            { Passed: 0, Failures.Count: 0 } => new GoldenResult(0, ["no case found"]),
            _ => result,
        };
    }

    private void Report(string name, GoldenResult result)
    {
        _passed += result.Passed;
        _failed += result.Failures.Count;
        output.WriteLine(
            $"{name}: {result.Passed + result.Failures.Count} cases walked, {result.Failures.Count} failed"
        );
        foreach (var failure in result.Failures.Take(ShownFailures))
        {
            output.WriteLine($"    {failure}");
        }
        if (result.Failures.Count > ShownFailures)
        {
            output.WriteLine($"    … and {result.Failures.Count - ShownFailures} more");
        }
    }
}
