using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Network;
using CLGRPO.Web.Datasets.Uploads;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Construction;

/// <summary>REST of the teachers and of the origins at which they may be. Keys go in and never come out.</summary>
internal static class TeacherEndpoints
{
    public static void MapTeachers(this IEndpointRouteBuilder construction)
    {
        var teachers = construction.MapGroup("/teachers").RequireAuthorization(ConstructionScopes.TeachersRead);
        teachers
            .MapGet("/", List)
            .WithName("ListTeachers")
            .WithSummary("Lists the teachers with spending and health, by name");
        teachers.MapGet("/{name}", Get).WithName("GetTeacher").WithSummary("Gets a teacher");
        var changes = teachers.MapGroup("").RequireAuthorization(ConstructionScopes.TeachersManage);
        changes
            .MapPost("/", Add)
            .WithName("AddTeacher")
            .WithSummary("Adds a teacher; an endpoint's origin must be allowed first")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        changes
            .MapPut("/{name}", Change)
            .WithName("ChangeTeacher")
            .WithSummary("Sets what a teacher is like; another origin clears its key")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        changes
            .MapDelete("/{name}", Remove)
            .WithName("RemoveTeacher")
            .WithSummary("Removes a teacher with its key; what it wrote stays");
        changes
            .MapPost("/{name}/check", Check)
            .WithName("CheckTeacher")
            .WithSummary("Asks a teacher about one small picture");

        var origins = construction.MapGroup("/origins").RequireAuthorization(ConstructionScopes.TeachersRead);
        origins.MapGet("/", Origins).WithName("ListOrigins").WithSummary("Lists the origins at which teachers may be");
        var rules = origins.MapGroup("").RequireAuthorization(ConstructionScopes.TeachersManage);
        rules
            .MapPost("/", Allow)
            .WithName("AllowOrigin")
            .WithSummary("Lets teachers be at an origin: scheme, host and port")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        rules
            .MapDelete("/", Disallow)
            .WithName("DisallowOrigin")
            .WithSummary("Takes an origin off the list; its teachers are not asked any more")
            .ProducesProblem(StatusCodes.Status400BadRequest);
    }

    private static async Task<Ok<Page<TeacherView>>> List(
        TeacherRoom room,
        CancellationToken stop,
        [Range(0, int.MaxValue)] int offset = 0,
        [Range(1, 200)] int limit = 100
    )
    {
        var all = await room.List(stop);
        return TypedResults.Ok(new Page<TeacherView>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static async Task<Results<Ok<TeacherView>, NotFound>> Get(
        string name,
        TeacherRoom room,
        CancellationToken stop
    ) => await Find(name, room, stop) is { } found ? TypedResults.Ok(found) : TypedResults.NotFound();

    private static async Task<Results<CreatedAtRoute<TeacherView>, ProblemHttpResult>> Add(
        AddTeacher asked,
        TeacherRoom room,
        TimeProvider clock,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        try
        {
            var teacher = await room.Add(asked, clock.GetUtcNow().UtcDateTime, UploadEndpoints.Owner(user), stop);
            return TypedResults.CreatedAtRoute(
                (await Find(teacher, room, stop))!,
                "GetTeacher",
                new { name = teacher }
            );
        }
        catch (ArgumentException wrong)
        {
            return Refused(wrong);
        }
    }

    private static async Task<Results<Ok<TeacherView>, NotFound, ProblemHttpResult>> Change(
        string name,
        TeacherForm asked,
        TeacherRoom room,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        if (await Find(name, room, stop) is null)
            return TypedResults.NotFound();
        try
        {
            await room.Change(name, asked, UploadEndpoints.Owner(user), stop);
            return TypedResults.Ok((await Find(name, room, stop))!);
        }
        catch (ArgumentException wrong)
        {
            return Refused(wrong);
        }
    }

    private static async Task<Results<NoContent, NotFound>> Remove(
        string name,
        TeacherRoom room,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        if (await Find(name, room, stop) is null)
            return TypedResults.NotFound();
        await room.Remove(name, UploadEndpoints.Owner(user), stop);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<TeacherCheck>, NotFound>> Check(
        string name,
        TeacherRoom room,
        CancellationToken stop
    ) => await Find(name, room, stop) is null ? TypedResults.NotFound() : TypedResults.Ok(await room.Check(name, stop));

    private static async Task<Ok<IReadOnlyList<OriginView>>> Origins(TeacherRoom room, CancellationToken stop) =>
        TypedResults.Ok<IReadOnlyList<OriginView>>([.. (await room.Origins(stop)).Select(View)]);

    private static async Task<Results<Ok<IReadOnlyList<OriginView>>, ProblemHttpResult>> Allow(
        AllowOrigin asked,
        TeacherRoom room,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        try
        {
            await room.Registry.Allow(asked.Origin, asked.Lab, UploadEndpoints.Owner(user), stop);
            return await Origins(room, stop);
        }
        catch (ArgumentException wrong)
        {
            return Refused(wrong);
        }
    }

    /// <param name="origin">As the list has it.</param>
    private static async Task<Results<NoContent, NotFound, ProblemHttpResult>> Disallow(
        string origin,
        TeacherRoom room,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        try
        {
            return await room.Registry.Disallow(origin, UploadEndpoints.Owner(user), stop)
                ? TypedResults.NoContent()
                : TypedResults.NotFound();
        }
        catch (ArgumentException wrong)
        {
            return Refused(wrong);
        }
    }

    internal static OriginView View(AllowedOrigin origin) =>
        new(Origin.Of(origin).ToString(), origin.AddedBy, origin.AddedAt);

    private static async Task<TeacherView?> Find(string name, TeacherRoom room, CancellationToken stop) =>
        (await room.List(stop)).FirstOrDefault(teacher => teacher.Name == name);

    private static ProblemHttpResult Refused(ArgumentException wrong) =>
        TypedResults.Problem(wrong.Message, statusCode: StatusCodes.Status400BadRequest);
}
