using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Keys;
using CLGRPO.Data.Teachers.Network;
using CLGRPO.Data.Teachers.OpenAI;
using CLGRPO.Data.Tests.Images;

namespace CLGRPO.Data.Tests.Teachers;

/// <summary>What tests of teachers have in common.</summary>
internal static class TeacherTesting
{
    public static readonly FakeAct.Answer Good = new(" a dog in the sun.", "<answer>contentment</answer>");

    public static StoredTeacher Settings(FakeTeacherServer server) => Settings(server.Endpoint);

    public static StoredTeacher Settings(string endpoint, TeacherKind kind = TeacherKind.OpenAI) =>
        new()
        {
            Id = 1,
            Name = "fake",
            Kind = kind,
            Endpoint = endpoint,
            Model = FakeTeacherServer.Model,
            PromptPrice = 1,
            CompletionPrice = 2,
        };

    /// <summary>A teacher at the server, which is allowed.</summary>
    public static ITeacher Teacher(
        FakeTeacherServer server,
        ReplyLimits? limits = null,
        StoredTeacher? settings = null
    ) =>
        new TeacherFactory(new OriginAllowList([server.Origin]), NoKeys, limits: limits).Create(
            settings ?? Settings(server)
        );

    public static TeacherQuestion Question(string imagePath, string text = "What does it show?", long seed = 1) =>
        new(
            PromptPurpose.Generate,
            "You look closely.",
            text,
            imagePath,
            new StoredSample
            {
                Id = 7,
                Key = "sample-7",
                KeyFolded = "SAMPLE-7",
                Image = new string('0', 64),
                Label = "contentment",
            },
            ["amusement", "contentment"],
            Reasoning: null,
            seed
        );

    /// <summary>A small picture in a folder.</summary>
    public static string Picture(TemporaryFolder folder, int width = 8, int height = 8, byte shade = 200) =>
        folder.File(
            $"{width}x{height}-{shade}.png",
            TestPng.Make(width, height, [.. Enumerable.Repeat(shade, width * height * 3)])
        );

    public static SecretBox NoKeys() => throw new InvalidOperationException("No teacher here has a key.");
}
