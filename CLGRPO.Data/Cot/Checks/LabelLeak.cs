using System.Text.RegularExpressions;

namespace CLGRPO.Data.Cot.Checks;

/// <summary>
/// Finds reasoning that tells where the answer came from ("the label says…", "as annotated", "according to the hints")
/// rather than what is to be seen: a model would learn to refer to a label it is never given.
/// </summary>
public static partial class LabelLeak
{
    /// <summary>The words that give it away; null when none do.</summary>
    public static string? Find(string reasoning)
    {
        var match = Telltale().Match(reasoning);
        return match.Success ? match.Value : null;
    }

    // Non-backtracking: the text is a stranger's (A-TOK-2).
    [GeneratedRegex(
        @"\b(?:given|provided|assigned|annotated|stated|correct|true|target|expected|known|gold)\s+(?:\w+\s+)?(?:labels?|annotations?|category|class|tags?|answer|emotion)\b"
            + @"|\b(?:labels?|annotations?|metadata|attributes?|hints?)\s+(?:says?|states?|indicates?|is|are|tells?|reads?|shows?|suggests?|provided|given|confirms?|mentions?|lists?)\b"
            + @"|\bground[\s-]truth\b"
            + @"|\b(?:is|was|are|been|being|as)\s+(?:labell?ed|annotated|tagged)\b"
            + @"|\b(?:i\s+(?:was|am|have\s+been)|we\s+(?:were|are))\s+(?:told|given|informed|asked\s+to\s+(?:justify|explain))\b"
            + @"|\b(?:according\s+to|based\s+on|given|per|from)\s+(?:the|these|this|its)\s+(?:\w+\s+)?(?:hints?|annotations?|labels?|metadata|attributes?|tags)\b"
            + @"|\bsince\s+the\s+(?:answer|emotion|label)\s+(?:is|must\s+be)\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking
    )]
    private static partial Regex Telltale();
}
