using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace CLGRPO.Training.Stages;

/// <summary>Reads recipes strictly: an unknown or misspelt key, a wrong type or a value out of range is an error, and all
/// errors are reported at once, each with its line, its path and, where one is near, a suggestion.</summary>
public static class RecipeReader
{
    /// <summary>Longest recipe, in characters.</summary>
    public const int LongestText = 256 * 1024;

    private const int DeepestNesting = 16;

    /// <exception cref="RecipeException">The recipe cannot be used; all errors are listed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Recipe ReadFile(string path) =>
        new FileInfo(path).Length > 4L * LongestText
            ? throw TooLong(path, new FileInfo(path).Length)
            : Parse(File.ReadAllText(path), path);

    /// <param name="source">What the messages call the recipe, such as its file name.</param>
    /// <exception cref="RecipeException">The recipe cannot be used; all errors are listed.</exception>
    public static Recipe Parse(string yaml, string source = "recipe")
    {
        if (yaml.Length > LongestText)
        {
            throw TooLong(source, yaml.Length);
        }
        var errors = new List<RecipeError>();
        var fields = new YamlFields(Root(yaml, source), path: "", errors);
        var recipe = RecipeSchema.Recipe(fields, recipe: null);
        fields.ReportUnknownKeys();
        return errors.Count == 0
            ? recipe
            : throw new RecipeException(
                source,
                [.. errors.OrderBy(error => error.Line).ThenBy(error => error.Path, StringComparer.Ordinal)]
            );
    }

    internal static YamlMappingNode Root(string yaml, string source)
    {
        try
        {
            RequireShallow(yaml);
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            return stream.Documents switch
            {
                [{ RootNode: YamlMappingNode root }] => root,
                [] => throw Single(source, 1, "the recipe is empty."),
                [{ RootNode: var other }] => throw Single(
                    source,
                    (int)other.Start.Line,
                    "the recipe must be a mapping of keys to values."
                ),
                [_, var second, ..] => throw Single(
                    source,
                    (int)second.RootNode.Start.Line,
                    "there is more than one document; a recipe is one."
                ),
            };
        }
        catch (YamlException error)
        {
            throw Single(source, (int)error.Start.Line, $"this is not YAML: {error.Message}");
        }
    }

    /// <summary>Loading recurses, so hostile nesting is refused before it; anchors are, since nothing here needs them.</summary>
    private static void RequireShallow(string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        var depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > DeepestNesting + 2)
            {
                throw new YamlException(
                    parser.Current.Start,
                    parser.Current.End,
                    $"nested deeper than {DeepestNesting} levels."
                );
            }
            if (parser.Current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
            {
                throw new YamlException(
                    parser.Current.Start,
                    parser.Current.End,
                    "anchors and aliases are not supported; write the value out."
                );
            }
        }
    }

    private static RecipeException TooLong(string source, long length) =>
        Single(source, 0, $"{length} characters are too long for a recipe; the limit is {LongestText}.");

    private static RecipeException Single(string source, int line, string message) =>
        new(source, [new RecipeError(line, "", message)]);
}
