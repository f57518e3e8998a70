namespace CLGRPO.Web.Recipes;

/// <summary>Authorisation policies of recipes, which are scopes of API keys too.</summary>
public static class RecipeScopes
{
    /// <summary>See recipes and presets, check and plan them.</summary>
    public const string Read = "recipes:read";

    /// <summary>Save versions.</summary>
    public const string Write = "recipes:write";
}
