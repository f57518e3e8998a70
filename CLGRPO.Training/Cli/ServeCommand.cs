using System.CommandLine;
using CLGRPO.Training.Serving;

namespace CLGRPO.Training.Cli;

/// <summary><c>serve</c>: models for the site's playground and API, on a Unix socket.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var socket = new Option<string>("--socket") { Description = "Where the socket is to lie", Required = true };
        var device = CommonOptions.Device();
        var models = Number("--models", 3, "Models that are kept loaded");
        var rows = Number("--rows", 64, "Completions of a model that are written at once");
        var cache = Number("--cache-mib", 2048, "Memory for keys and values of a model's completions");
        var threads = Number("--threads", Environment.ProcessorCount, "Threads that share an operation");
        var idle = Number("--idle", 300, "Seconds without a connection after which the process ends");
        var withParent = ParentInput.Option();
        var command = new Command("serve", "Answers requests to models on a Unix socket, for the site")
        {
            socket,
            device,
            models,
            rows,
            cache,
            threads,
            idle,
            withParent,
        };
        command.SetAction(
            async (parsed, stop) =>
            {
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
                if (parsed.GetValue(withParent))
                    _ = EndWithInputAsync(ending);
                var host = new ServeHost(
                    parsed.GetValue(socket)!,
                    CommonOptions.DeviceOf(parsed, device),
                    CommonOptions.AtLeastOne(parsed, threads),
                    new ServeLimits
                    {
                        MaxModels = CommonOptions.AtLeastOne(parsed, models),
                        MaxRows = CommonOptions.AtLeastOne(parsed, rows),
                        CacheBytes = (long)CommonOptions.AtLeastOne(parsed, cache) << 20,
                    },
                    TimeSpan.FromSeconds(CommonOptions.AtLeastOne(parsed, idle))
                );
                var (output, log) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
                await host.RunAsync(
                    () =>
                    {
                        output.WriteLine($"serving on {parsed.GetValue(socket)}");
                        output.Flush();
                    },
                    log,
                    ending.Token
                );
            }
        );
        return command;
    }

    private static Option<int> Number(string name, int usual, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => usual };

    private static async Task EndWithInputAsync(CancellationTokenSource ending)
    {
        await ParentInput.EndAsync();
        await ending.CancelAsync();
    }
}
