using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers.Keys;
using CLGRPO.Data.Teachers.Network;
using CLGRPO.Data.Teachers.OpenAI;
using CLGRPO.Data.Teachers.Rules;

namespace CLGRPO.Data.Teachers;

/// <summary>Makes teachers of what an admin configured.</summary>
/// <param name="origins">Where endpoints may be.</param>
/// <param name="keys">Opens API keys; called only where a teacher has one.</param>
/// <param name="checkpoint">Loads a model of our own from the folder in <see cref="StoredTeacher.Endpoint"/>; null where there is none to load it.</param>
/// <param name="connector">Connects to endpoints; by the system's resolver and sockets by default.</param>
/// <param name="limits">How much of a reply is read.</param>
/// <param name="time">The clock of timeouts; the system's by default.</param>
public sealed class TeacherFactory(
    OriginAllowList origins,
    Func<SecretBox> keys,
    Func<StoredTeacher, ITeacher>? checkpoint = null,
    GuardedConnector? connector = null,
    ReplyLimits? limits = null,
    TimeProvider? time = null
)
{
    /// <returns>The teacher; disposable where it holds connections or a model (<see cref="TeacherDesk"/> disposes its teacher).</returns>
    /// <exception cref="TeacherException">The endpoint is not one that may be connected to.</exception>
    /// <exception cref="InvalidDataException">The stored key does not open.</exception>
    /// <exception cref="ArgumentException">The teacher's settings cannot work.</exception>
    public ITeacher Create(StoredTeacher teacher) =>
        teacher.Kind switch
        {
            TeacherKind.OpenAI => CreateOpenAI(teacher),
            TeacherKind.Rule => RuleTeacher.Create(teacher),
            TeacherKind.Checkpoint => checkpoint?.Invoke(teacher)
                ?? throw new ArgumentException(
                    $"Teacher '{teacher.Name}' is a checkpoint, and this program cannot load one; use 'clgrpo cot build'."
                ),
            _ => throw new ArgumentException($"Teacher '{teacher.Name}' is of no known kind."),
        };

    private OpenAITeacher CreateOpenAI(StoredTeacher teacher)
    {
        var endpoint = origins.Read(teacher.Endpoint);
        var key = teacher.SealedKey is { } sealedKey ? keys().Unseal(sealedKey, endpoint.Origin) : null;
        return new OpenAITeacher(
            teacher,
            new ChatClient(endpoint, key, connector ?? new GuardedConnector(), limits, time)
        );
    }
}
