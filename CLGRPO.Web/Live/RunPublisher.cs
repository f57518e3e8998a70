using System.Threading.Channels;
using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.SignalR;

namespace CLGRPO.Web.Live;

/// <summary>Tells the hub's clients what the training service finds new. Events that nobody took in time can be read through the REST.</summary>
public sealed class RunPublisher(TrainingService training, IHubContext<RolloutHub, IRolloutClient> hub)
    : BackgroundService
{
    private const int MostEventsAtOnce = 500;
    private readonly Channel<(RunSummary Run, IReadOnlyList<RunEvent> Events)> _news = Channel.CreateBounded<(
        RunSummary,
        IReadOnlyList<RunEvent>
    )>(new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = training.Subscribe((run, events) => _news.Writer.TryWrite((run, events)));
        await foreach (var (run, events) in _news.Reader.ReadAllAsync(stoppingToken))
        {
            var clients = hub.Clients.Group(RolloutHub.GroupOf(run.Id));
            await clients.RunChanged(run);
            foreach (var some in events.Chunk(MostEventsAtOnce))
                await clients.RunEvents(run.Id, some);
        }
    }
}
