using CLGRPO.Training.Planning;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Recipes;

/// <summary>A recipe on somebody's screen: the form, what it is compared with, what the last dry run said.</summary>
public sealed class RecipeEditor
{
    private readonly TrainingOptions _training;
    private string _kept;
    private IReadOnlyDictionary<string, string> _base = new Dictionary<string, string>(StringComparer.Ordinal);

    public RecipeEditor(Recipe recipe, TrainingOptions training)
    {
        _training = training;
        Form = RecipeForm.Of(recipe);
        _kept = Form.Yaml;
    }

    public RecipeForm Form { get; private set; }

    /// <summary>Something differs from what is saved.</summary>
    public bool IsChanged => Form.Yaml != _kept;

    /// <summary>Errors of the recipe, or else what keeps the site from training it.</summary>
    public IReadOnlyList<RecipeError> Problems =>
        Form.IsValid ? RunRecipe.Problems(Form.Recipe, _training) : Form.Errors;

    public bool CanStart => Problems.Count == 0;

    /// <summary>What it is compared with; null: nothing.</summary>
    public FoundRecipe? Base { get; private set; }

    public RunPlan? Plan { get; private set; }

    /// <summary>The plan is of the recipe as it is now.</summary>
    public bool IsPlanFresh { get; private set; }

    public IReadOnlyList<RecipeChange> Changes => Base is null ? [] : RecipeDiff.Of(Base.Recipe, Form.Recipe);

    public void CompareWith(FoundRecipe? other)
    {
        Base = other;
        _base = other is null
            ? new Dictionary<string, string>(StringComparer.Ordinal)
            : RecipeDiff.Settings(RecipeForm.Of(other.Recipe));
    }

    /// <summary>What the setting is in the recipe it is compared with; null where that has no such stage or setting.</summary>
    public string? BaseOf(RecipeField field) => _base.GetValueOrDefault(RecipeDiff.NameOf(field, Form.Recipe));

    /// <summary>The setting differs from what it is compared with.</summary>
    public bool Differs(RecipeField field) =>
        Base is not null
        && field.Kind is not (FieldKind.List or FieldKind.Switch)
        && (field.Line > 0 ? field.Text : null) != BaseOf(field);

    public IReadOnlyList<RecipeError> ErrorsAt(string path) => [.. Problems.Where(error => error.Path == path)];

    public void Set(string path, string? value) => Change(() => Form.Set(path, value));

    public void Apply(IEnumerable<RecipeFix> changes) => Change(() => Form.Apply(changes));

    public void Change(Action change)
    {
        change();
        IsPlanFresh = false;
    }

    /// <summary>Puts another recipe in its place, as from pasted YAML.</summary>
    public void Replace(Recipe recipe) => Change(() => Form = RecipeForm.Of(recipe));

    /// <summary>Sets a stage to what it is in the recipe it is compared with.</summary>
    public void ResetStage(int stage) =>
        Apply(
            Form.Fields.Where(field => field.Stage == stage && Differs(field))
                .Select(field => new RecipeFix(field.Path, BaseOf(field), ""))
                .ToList()
        );

    public void Planned(RunPlan plan)
    {
        Plan = plan;
        IsPlanFresh = true;
    }

    public void Saved() => _kept = Form.Yaml;
}
