using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Recipes;

/// <summary>A version of a recipe, as it was saved; versions never change.</summary>
/// <param name="Name">The recipe's own name.</param>
/// <param name="Version">From 1.</param>
/// <param name="By">Who saved it.</param>
/// <param name="Note">What they said about it.</param>
/// <param name="BasedOn">What it was made from, such as <c>preset:nano-demo</c>; null where nobody said.</param>
/// <param name="Hash">Of its content: equal recipes have equal hashes.</param>
/// <param name="Stages">Names of its stages, in order.</param>
public sealed record SavedRecipe(
    string Name,
    int Version,
    string By,
    DateTimeOffset At,
    string? Note,
    string? BasedOn,
    string Hash,
    string Dataset,
    IReadOnlyList<string> Stages
);

/// <summary>A recipe that comes with the program.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="Text">What it is for: the first words of its file.</param>
/// <param name="Stages">Names of its stages, in order.</param>
public sealed record Preset(string Name, string Text, string Dataset, IReadOnlyList<string> Stages);

/// <summary>A recipe and where it comes from.</summary>
/// <param name="Reference">Such as <c>preset:nano-demo</c>, <c>recipe:mine@3</c>, <c>run:mine-20261121-101500-3f9a</c>.</param>
/// <param name="Yaml">As it is kept, with its comments.</param>
public sealed record FoundRecipe(string Reference, Recipe Recipe, string Yaml);

/// <summary>A recipe cannot be saved; the message says why.</summary>
public sealed class RecipeConflictException(string message) : Exception(message);
