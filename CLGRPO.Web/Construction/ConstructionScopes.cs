namespace CLGRPO.Web.Construction;

/// <summary>Authorisation policies of the constructions, which are scopes of API keys too.</summary>
public static class ConstructionScopes
{
    /// <summary>See constructions, what they wrote, and the prompts.</summary>
    public const string Read = "construction:read";

    /// <summary>Begin and steer constructions, write prompts and try them.</summary>
    public const string Write = "construction:write";

    /// <summary>See the teachers: settings, spending, health; never keys.</summary>
    public const string TeachersRead = "teachers:read";

    /// <summary>Add, change and remove teachers, and say where they may be.</summary>
    public const string TeachersManage = "teachers:manage";
}
