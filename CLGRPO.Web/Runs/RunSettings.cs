using YamlDotNet.RepresentationModel;

namespace CLGRPO.Web.Runs;

/// <summary>A recipe's settings as one flat list: <c>seed</c>, <c>model.preset</c>, <c>stage-4.epsilon_high</c>.</summary>
internal static class RunSettings
{
    public static IReadOnlyDictionary<string, string> Of(string yaml)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var document = new YamlStream();
        using var reader = new StringReader(yaml);
        document.Load(reader);
        foreach (var root in document.Documents)
            Add(settings, "", root.RootNode);
        return settings;
    }

    private static void Add(Dictionary<string, string> settings, string path, YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                foreach (var (key, value) in map.Children)
                    Add(settings, Join(path, key.ToString()), value);
                break;
            // What has a name is called by it: stages and rewards may stand in another order, or be other ones.
            case YamlSequenceNode list
                when list.Children.Count > 0 && list.Children.All(item => NameOf(item) is not null):
                foreach (var item in list.Children)
                    Add(settings, Join(path == "stages" ? "" : path, NameOf(item)!), item);
                break;
            case YamlSequenceNode list:
                settings[path] = $"[{string.Join(", ", list.Children)}]";
                break;
            default:
                if (!path.EndsWith(".name", StringComparison.Ordinal))
                    settings[path] = node.ToString();
                break;
        }
    }

    private static string? NameOf(YamlNode node) =>
        node is YamlMappingNode map && map.Children.TryGetValue("name", out var name) ? name.ToString() : null;

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
