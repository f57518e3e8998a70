using System.CommandLine;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Rules;

namespace CLGRPO.Data.Commands;

/// <summary><c>teachers list|add|set|check|remove|allow|disallow</c>.</summary>
public static class TeacherCommands
{
    /// <param name="checkpoint">Loads a model of our own; null where the program has none to load.</param>
    public static Command Create(Func<StoredTeacher, ITeacher>? checkpoint = null)
    {
        var store = new StoreArguments();
        var command = new Command("teachers", "Who writes and verifies chains of thought")
        {
            List(store),
            Add(store),
            Set(store),
            Check(store, checkpoint),
            Remove(store),
            Allow(store),
            Disallow(store),
        };
        store.AddTo(command);
        return command;
    }

    private static Command List(StoreArguments store)
    {
        var command = new Command("list", "Shows the teachers; keys are never shown");
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                foreach (var teacher in await Registry(store, database, parsed).List(stop))
                {
                    await parsed.InvocationConfiguration.Output.WriteLineAsync(Line(teacher));
                }
                return 0;
            }
        );
        return command;
    }

    private static Command Add(StoreArguments store)
    {
        var name = Name();
        var kind = new Option<TeacherKind>("--kind")
        {
            Description = "OpenAI (an endpoint), Rule (from the annotation) or Checkpoint (a model of our own)",
        };
        var errors = new Option<double>("--errors")
        {
            Description = "Rule: share of answers that are wrong, for experiments",
        };
        var settings = new TeacherOptions();
        var command = new Command("add", "Adds a teacher; an endpoint's origin must be allowed first")
        {
            name,
            kind,
            errors,
        };
        settings.AddTo(command);
        command.SetAction(
            async (parsed, stop) =>
            {
                var teacher = new StoredTeacher
                {
                    Name = parsed.GetValue(name)!,
                    Kind = parsed.GetValue(kind),
                    Endpoint = "",
                    Model = "",
                    CreatedAt = DateTime.UtcNow,
                };
                settings.Apply(parsed, teacher);
                if (teacher.Kind == TeacherKind.Rule)
                {
                    teacher.Model = RuleTeacher.ModelOf(parsed.GetValue(errors));
                }
                var key = await settings.ReadKey(parsed, stop);
                using var database = store.Open(parsed);
                await Registry(store, database, parsed).Add(teacher, key, StoreArguments.Actor, stop);
                await parsed.InvocationConfiguration.Output.WriteLineAsync(Line(teacher));
                return 0;
            }
        );
        return command;
    }

    private static Command Set(StoreArguments store)
    {
        var name = Name();
        var settings = new TeacherOptions();
        var command = new Command("set", "Changes a teacher; another host or port clears its key") { name };
        settings.AddTo(command);
        command.SetAction(
            async (parsed, stop) =>
            {
                var key = await settings.ReadKey(parsed, stop);
                using var database = store.Open(parsed);
                var registry = Registry(store, database, parsed);
                var isCleared = await registry.Change(
                    parsed.GetValue(name)!,
                    teacher => settings.Apply(parsed, teacher),
                    key,
                    StoreArguments.Actor,
                    stop
                );
                var output = parsed.InvocationConfiguration.Output;
                await output.WriteLineAsync(Line(await registry.Get(parsed.GetValue(name)!, stop)));
                if (isCleared)
                {
                    await output.WriteLineAsync("The stored key belonged to another origin and was cleared.");
                }
                return 0;
            }
        );
        return command;
    }

    private static Command Check(StoreArguments store, Func<StoredTeacher, ITeacher>? checkpoint)
    {
        var name = Name();
        var command = new Command("check", "Asks a teacher about one small image") { name };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                var registry = Registry(store, database, parsed);
                var settings = await registry.Get(parsed.GetValue(name)!, stop);
                var factory = new TeacherFactory(
                    await registry.AllowedOrigins(stop),
                    () => store.Keys(parsed),
                    checkpoint
                );
                try
                {
                    var teacher = factory.Create(settings);
                    using var owner = teacher as IDisposable;
                    await Tell(parsed, await TeacherHealth.Check(teacher, TimeProvider.System, stop));
                    return 0;
                }
                catch (TeacherException fault)
                {
                    await parsed.InvocationConfiguration.Error.WriteLineAsync($"{settings.Name}: {fault.Message}");
                    return 1;
                }
            }
        );
        return command;
    }

    private static Command Remove(StoreArguments store)
    {
        var name = Name();
        var command = new Command("remove", "Removes a teacher and its key; what it wrote stays") { name };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                await Registry(store, database, parsed).Remove(parsed.GetValue(name)!, StoreArguments.Actor, stop);
                return 0;
            }
        );
        return command;
    }

    private static Command Allow(StoreArguments store)
    {
        var origin = new Argument<string>("origin")
        {
            Description = "Such as https://api.example.org or http://gpu-7:8000",
        };
        var lab = new Option<bool>("--lab") { Description = "The host is in the lab: http is good enough" };
        var command = new Command("allow", "Lets teachers be at an origin: scheme, host and port") { origin, lab };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                var allowed = await Registry(store, database, parsed)
                    .Allow(parsed.GetValue(origin)!, parsed.GetValue(lab), StoreArguments.Actor, stop);
                await parsed.InvocationConfiguration.Output.WriteLineAsync(allowed.ToString());
                return 0;
            }
        );
        return command;
    }

    private static Command Disallow(StoreArguments store)
    {
        var origin = new Argument<string>("origin") { Description = "As it was allowed" };
        var command = new Command("disallow", "Takes an origin off the allow-list") { origin };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var database = store.Open(parsed);
                return await Registry(store, database, parsed)
                    .Disallow(parsed.GetValue(origin)!, StoreArguments.Actor, stop)
                    ? 0
                    : throw new ArgumentException($"{parsed.GetValue(origin)} is not on the allow-list.");
            }
        );
        return command;
    }

    private static Argument<string> Name() => new("name") { Description = "The teacher's name" };

    private static TeacherRegistry Registry(StoreArguments store, StoreFactory database, ParseResult parsed) =>
        new(database, () => store.Keys(parsed));

    private static string Line(StoredTeacher teacher) =>
        string.Join(
            "  ",
            (
                (string?[])
                    [
                        teacher.Name,
                        teacher.Kind.ToString(),
                        teacher.Endpoint,
                        teacher.Model,
                        teacher.SealedKey is null ? null : "key ***",
                        $"{teacher.Concurrency} at once",
                        teacher.RequestsPerMinute is { } rate ? $"{rate:0.##} a minute" : null,
                        teacher.Budget is { } budget ? $"budget {budget:0.##}" : null,
                        teacher.Enabled ? null : "disabled",
                    ]
            ).Where(part => part is { Length: > 0 })
        );

    // The answer is hostile text: nothing that a terminal would obey is shown.
    private static Task Tell(ParseResult parsed, TeacherHealth health) =>
        parsed.InvocationConfiguration.Output.WriteLineAsync(
            $"""
            model       {Plain(health.Model)}
            latency     {health.Seconds:0.00} s
            reasoning   {(health.HasReasoning ? "yes" : "no")}
            logprobs    {(health.HasLogprobs is { } has ? (has ? "yes" : "no") : "not asked")}
            cut off     {(health.Truncated ? "yes: raise --max-tokens" : "no")}
            cost        {health.Cost:0.########}
            answer      {Plain(health.Answer)}
            """
        );

    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
