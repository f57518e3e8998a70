using System.Collections.Concurrent;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;

namespace CLGRPO.Data.Tests.Teachers;

/// <summary>A teacher in memory that does what a test says for each request, numbered from 0.</summary>
internal sealed class ScriptedTeacher(Func<int, CancellationToken, Task<TeacherReply>> script) : ITeacher
{
    public static readonly TeacherReply Reply = new(" a dog.", "<answer>contentment</answer>", false, 1000, 500, "{}");
    private int _asked;
    private int _open;
    private int _mostOpen;

    public ScriptedTeacher(Func<int, TeacherFault?> faults)
        : this(
            (number, _) =>
                faults(number) is { } fault
                    ? Task.FromException<TeacherReply>(new TeacherException(fault, $"{fault}"))
                    : Task.FromResult(Reply)
        ) { }

    public StoredTeacher Settings { get; init; } = TeacherTesting.Settings("http://127.0.0.1:1024");

    public int Asked => Volatile.Read(ref _asked);

    public int MostOpen => Volatile.Read(ref _mostOpen);

    public async Task<TeacherReply> Ask(TeacherQuestion question, CancellationToken stop)
    {
        var number = Interlocked.Increment(ref _asked) - 1;
        var open = Interlocked.Increment(ref _open);
        if (open > MostOpen)
        {
            Volatile.Write(ref _mostOpen, open);
        }
        try
        {
            return await script(number, stop);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}

/// <summary>Keeps the calls in memory.</summary>
internal sealed class CallList : ITeacherCallLog
{
    private readonly ConcurrentQueue<TeacherCall> _calls = new();

    public IReadOnlyList<TeacherCall> Calls => [.. _calls];

    public string Outcomes => string.Join(' ', _calls.Select(call => call.Outcome));

    public Task Record(TeacherCall call)
    {
        _calls.Enqueue(call);
        return Task.CompletedTask;
    }
}
