using System.Text.Json.Nodes;
using CLGRPO.Golden;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Models;

/// <summary>Another set of golden numbers: models of the given set under other names, to be changed at will.</summary>
internal sealed class GoldenSet : IDisposable
{
    private static readonly string s_given = GoldenFolder.Find();
    private readonly TemporaryFolder _root = new();

    /// <param name="models">Name in the given set, name here.</param>
    public GoldenSet(params (string Given, string Here)[] models)
    {
        Directory.CreateDirectory(InternVl);
        Directory.CreateSymbolicLink(_root.File("images"), Path.Combine(s_given, "images"));
        foreach (var (given, here) in models)
        {
            foreach (var path in Directory.EnumerateFileSystemEntries(GivenInternVl, given + "*"))
            {
                var copy = Path.Combine(InternVl, here + Path.GetFileName(path)[given.Length..]);
                if (Directory.Exists(path))
                    Directory.CreateSymbolicLink(copy, path);
                else
                    File.Copy(path, copy);
            }
        }
    }

    /// <summary>The folder internvl of the set that the tests are given.</summary>
    public static string GivenInternVl => Path.Combine(s_given, "internvl");

    public string Root => _root.Path;

    public string InternVl => _root.File("internvl");

    /// <summary>Changes what the file of a model says.</summary>
    public void Change(string model, Action<JsonNode> change)
    {
        var path = Path.Combine(InternVl, model + ".json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    public void Dispose() => _root.Dispose();
}
