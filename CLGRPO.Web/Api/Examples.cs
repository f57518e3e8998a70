using System.Text.Json.Nodes;
using CLGRPO.Web.Recipes;
using CLGRPO.Web.Runs;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CLGRPO.Web.Api;

/// <summary>Examples of whole bodies, for the page to try the API on; those of single fields stand at the fields (<c>example</c> in their comments).</summary>
internal sealed class Examples : ISchemaFilter
{
    private static readonly Dictionary<Type, string> Of = new()
    {
        [typeof(CreateRun)] = """
            {
              "recipe": "name: first\ndataset: emoscenes\nmodel: { preset: nano }\nprompt: { system: \"\", cot: \"Which emotion? Think first.\", answer: \"Which emotion?\" }\nstages:\n  - { name: stage-1, kind: sft, from: none, epochs: 2 }\n",
              "priority": 0,
              "note": "a first try",
              "tags": ["try"]
            }
            """,
        [typeof(ChangeRun)] = """{ "priority": 5, "tags": ["paper"] }""",
        [typeof(ControlRun)] = """{ "action": "pause" }""",
        [typeof(SaveRecipe)] =
            """{ "recipe": "name: first\ndataset: emoscenes\nmodel: { preset: nano }\nprompt: { system: \"\", cot: \"Which emotion? Think first.\", answer: \"Which emotion?\" }\nstages:\n  - { name: stage-1, kind: sft, from: none, epochs: 2 }\n", "note": "a first try", "basedOn": "preset:nano-demo", "expected": 0 }""",
        [typeof(GivenRecipe)] =
            """{ "recipe": "name: first\ndataset: emoscenes\nmodel: { preset: nano }\nprompt: { system: \"\", cot: \"Which emotion? Think first.\", answer: \"Which emotion?\" }\nstages:\n  - { name: stage-1, kind: sft, from: none, epochs: 2 }\n" }""",
        [typeof(PlanRecipe)] =
            """{ "recipe": "name: first\ndataset: emoscenes\nmodel: { preset: nano }\nprompt: { system: \"\", cot: \"Which emotion? Think first.\", answer: \"Which emotion?\" }\nstages:\n  - { name: stage-1, kind: sft, from: none, epochs: 2 }\n", "gpuGB": 24 }""",
        [typeof(CompareRecipes)] = """{ "before": "preset:nano-demo", "after": "recipe:mine@3" }""",
        [typeof(PinCheckpoint)] = """{ "pinned": true }""",
        [typeof(MuteWarning)] = """{ "muted": true }""",
    };

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is OpenApiSchema written && Of.TryGetValue(context.Type, out var example))
            written.Examples = [JsonNode.Parse(example)!];
    }
}
