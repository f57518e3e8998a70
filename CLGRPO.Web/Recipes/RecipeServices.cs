namespace CLGRPO.Web.Recipes;

/// <summary>What recipes need on the site.</summary>
public static class RecipeServices
{
    public static void AddRecipes(this IServiceCollection services)
    {
        services.AddSingleton<RecipeShelf>();
        services.AddSingleton<RecipePlans>();
    }
}
