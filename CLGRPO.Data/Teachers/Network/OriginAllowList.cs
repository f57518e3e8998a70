using CLGRPO.Data.Store;

namespace CLGRPO.Data.Teachers.Network;

/// <summary>The origins that an admin allowed.</summary>
public sealed class OriginAllowList(IEnumerable<Origin> origins)
{
    private readonly HashSet<Origin> _origins = [.. origins];

    public static OriginAllowList Of(IEnumerable<AllowedOrigin> rows) => new(rows.Select(Origin.Of));

    public bool Allows(Origin origin) => _origins.Contains(origin);

    /// <summary>Reads an endpoint that may be connected to.</summary>
    /// <exception cref="TeacherException">It is no endpoint, or not on the list.</exception>
    public TeacherEndpoint Read(string text)
    {
        try
        {
            var endpoint = TeacherEndpoint.Parse(text);
            return Allows(endpoint.Origin)
                ? endpoint
                : throw new TeacherException(
                    TeacherFault.Forbidden,
                    $"{endpoint.Origin} is not on the allow-list; an admin adds it with 'teachers allow {endpoint.Origin}'."
                );
        }
        catch (ArgumentException wrong)
        {
            throw new TeacherException(TeacherFault.Forbidden, wrong.Message);
        }
    }
}
