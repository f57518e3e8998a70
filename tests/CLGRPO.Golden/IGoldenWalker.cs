namespace CLGRPO.Golden;

/// <summary>Compares our code with every case of one folder of golden numbers.</summary>
internal interface IGoldenWalker
{
    /// <summary>The folder under tests/golden, such as <c>tokenizer</c>; several walkers may share one.</summary>
    string Folder { get; }

    /// <summary>False where a set may do without this walker's cases and does; then it is not run.</summary>
    bool IsIn(string folder) => true;

    /// <summary>Walks every case it finds; none found is reported by the harness as a failure.</summary>
    /// <param name="folder">The folder's full path.</param>
    GoldenResult Walk(string folder);
}

/// <summary>What a walker found: how many cases agree, and one line for each that does not.</summary>
internal sealed record GoldenResult(int Passed, IReadOnlyList<string> Failures);
