using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace CLGRPO.Training.Stages;

/// <summary>
/// A recipe being edited. It holds what was typed, readable or not, writes it down as YAML, and lets the strict reader say what is
/// wrong: form, file and API know the same settings, limits and messages. Not for several threads at once.
/// </summary>
public sealed class RecipeForm
{
    private readonly YamlMappingNode _root;

    private RecipeForm(YamlMappingNode root)
    {
        _root = root;
        Refresh();
    }

    public static RecipeForm Of(Recipe recipe) => new(RecipeReader.Root(recipe.ToYaml(), recipe.Name));

    /// <summary>Every setting, in the order of the file; also optional ones that are left out.</summary>
    public IReadOnlyList<RecipeField> Fields { get; private set; } = [];

    /// <summary>The recipe with every setting spelt out.</summary>
    public string Yaml { get; private set; } = "";

    /// <summary>What is wrong, in the order of the file; empty when the recipe can be used.</summary>
    public IReadOnlyList<RecipeError> Errors { get; private set; } = [];

    /// <summary>The recipe; settings that cannot be read stand at their defaults.</summary>
    public Recipe Recipe { get; private set; } = null!;

    public bool IsValid => Errors.Count == 0;

    public RecipeField? Find(string path) => Fields.FirstOrDefault(field => field.Path == path);

    /// <summary>Writes a setting as it was typed.</summary>
    /// <param name="value">null takes the key away.</param>
    /// <exception cref="ArgumentException">There is no such setting.</exception>
    public void Set(string path, string? value)
    {
        Write(path, value);
        Refresh();
    }

    /// <summary>Makes changes together.</summary>
    /// <exception cref="ArgumentException">There is no such setting.</exception>
    public void Apply(IEnumerable<RecipeFix> changes)
    {
        foreach (var change in changes)
            Write(change.Path, change.Value);
        Refresh();
    }

    /// <summary>Adds a copy of a stage, behind it and beginning with it.</summary>
    public void CopyStage(int stage)
    {
        var stages = Sequence("stages").Children;
        var copy = (YamlMappingNode)Copy(stages[stage]);
        var from = Recipe.Stages[stage].Name;
        var number = 2;
        while (Recipe.Stages.Any(other => other.Name == $"{from}-{number}"))
            number++;
        copy.Children["name"] = new YamlScalarNode($"{from}-{number}");
        copy.Children["from"] = new YamlScalarNode(from);
        stages.Insert(stage + 1, copy);
        Refresh();
    }

    public void RemoveStage(int stage) => RemoveItem("stages", stage);

    /// <summary>Adds a reward to a GRPO stage.</summary>
    public void AddReward(int stage, string name)
    {
        Sequence($"stages[{stage}].rewards").Children.Add(new YamlMappingNode("name", name));
        Refresh();
    }

    public void RemoveReward(int stage, int reward) => RemoveItem($"stages[{stage}].rewards", reward);

    /// <summary>The line of the written recipe that an error points to, by its setting's path.</summary>
    public int LineOf(RecipeError error) => Find(error.Path)?.Line is > 0 and var line ? line : error.Line;

    private void RemoveItem(string list, int item)
    {
        Sequence(list).Children.RemoveAt(item);
        Refresh();
    }

    private void Refresh()
    {
        var text = new FormText();
        Recipe = RecipeSchema.Recipe(new FormFields(_root, path: "", indent: "", lead: "", text), recipe: null);
        Yaml = text.Yaml;
        var kinds = text
            .Fields.Where(field => field.Stage is not null && field.Key == "kind")
            .ToDictionary(field => field.Stage!.Value, field => field.Text);
        Fields = [.. text.Fields.Select(field => Describe(field, kinds))];
        Errors = Check(Yaml);
    }

    private RecipeField Describe(RecipeField field, Dictionary<int, string> kinds)
    {
        var guide = SettingGuide.Of(field.Path, field.Stage is { } stage ? kinds.GetValueOrDefault(stage, "") : "");
        return field with { Guide = guide, Choices = field.Kind == FieldKind.Text ? Known(field) : field.Choices };
    }

    private IReadOnlyList<string> Known(RecipeField field) =>
        field switch
        {
            { Stage: { } stage, Key: "from" } =>
            [
                .. Recipe.Stages.Take(stage).Select(earlier => earlier.Name),
                Stage.FromNone,
            ],
            { Stage: not null, Key: "name" } when field.Path.Contains(".rewards[", StringComparison.Ordinal) =>
            [
                .. Rewards.RewardRegistry.Names,
            ],
            _ => [],
        };

    private static IReadOnlyList<RecipeError> Check(string yaml)
    {
        try
        {
            RecipeReader.Parse(yaml);
            return [];
        }
        catch (RecipeException e)
        {
            return e.Errors;
        }
    }

    private void Write(string path, string? value)
    {
        var dot = path.LastIndexOf('.');
        var (parent, key) = dot < 0 ? (_root, path) : (Mapping(path[..dot]), path[(dot + 1)..]);
        var name = new YamlScalarNode(key);
        if (Find(path) is { Kind: FieldKind.Switch } && value == "true")
            parent.Children[name] = new YamlMappingNode();
        else if (value is null || (Find(path) is { Kind: FieldKind.Switch } && value == "false"))
            parent.Children.Remove(name);
        else if (Find(path) is { Kind: FieldKind.List } || (Find(path) is null && parent.Children.ContainsKey(name)))
            throw Unknown(path);
        else
            parent.Children[name] = new YamlScalarNode(value);
    }

    private YamlSequenceNode Sequence(string path) => At(path) as YamlSequenceNode ?? throw Unknown(path);

    private YamlMappingNode Mapping(string path) => At(path) as YamlMappingNode ?? throw Unknown(path);

    private YamlNode At(string path)
    {
        YamlNode node = _root;
        foreach (var step in path.Split('.'))
        {
            var bracket = step.IndexOf('[', StringComparison.Ordinal);
            var key = bracket < 0 ? step : step[..bracket];
            if (node is not YamlMappingNode mapping || !mapping.Children.TryGetValue(key, out node!))
                throw Unknown(path);
            if (bracket < 0)
                continue;
            node =
                int.TryParse(
                    step.AsSpan(bracket + 1).TrimEnd(']'),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var item
                )
                && node is YamlSequenceNode list
                && item < list.Children.Count
                    ? list.Children[item]
                    : throw Unknown(path);
        }
        return node;
    }

    private static YamlNode Copy(YamlNode node) =>
        node switch
        {
            YamlMappingNode mapping => new YamlMappingNode(
                mapping.Children.Select(pair => KeyValuePair.Create(Copy(pair.Key), Copy(pair.Value)))
            ),
            YamlSequenceNode list => new YamlSequenceNode(list.Children.Select(Copy)),
            _ => new YamlScalarNode(((YamlScalarNode)node).Value) { Style = ((YamlScalarNode)node).Style },
        };

    private static ArgumentException Unknown(string path) => new($"A recipe has no setting '{path}'.", nameof(path));
}
