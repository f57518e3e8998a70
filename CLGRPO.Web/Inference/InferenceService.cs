using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Text.Json;
using CLGRPO.Data.Cot;
using CLGRPO.Training.Serving;
using CLGRPO.Web.Accounts;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Inference;

/// <summary>Asks trained models, for the playground and for the API.</summary>
public sealed partial class InferenceService(
    InferenceModels models,
    InferenceTurns turns,
    InferenceProcess process,
    IOptions<InferenceOptions> options,
    TimeProvider clock,
    ILogger<InferenceService> log
)
{
    private const string Gone =
        "The inference process ended while it was answering. It is started again with the next request; please send yours once more.";

    /// <summary>Reserves a place in the queue, before anything is read for the request. Dispose it when the answer is there, or given up.</summary>
    /// <exception cref="InferenceException">Too many are there already.</exception>
    public InferencePlace Enter(ClaimsPrincipal caller) => turns.Enter(CallerOf(caller));

    /// <summary>
    /// Asks a model. Events come in the order of <see cref="InferenceQueued"/> (while it waits), <see cref="InferenceStarted"/>, then for
    /// each completion <see cref="InferenceDelta"/>s and one <see cref="InferenceFinished"/>. Stopping the enumeration, or
    /// <paramref name="stop"/>, ends the model's work within one token.
    /// </summary>
    /// <param name="place">From <see cref="Enter"/>; used once.</param>
    /// <exception cref="InferenceException">It is not answered; the message is for the caller.</exception>
    public async IAsyncEnumerable<InferenceEvent> AskAsync(
        InferenceRequest request,
        InferencePlace place,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.RequestSeconds), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        await using var events = AnswerAsync(request, place, either.Token).GetAsyncEnumerator(CancellationToken.None);
        while (true)
        {
            try
            {
                if (!await events.MoveNextAsync())
                    yield break;
            }
            catch (OperationCanceledException) when (deadline.IsCancellationRequested && !stop.IsCancellationRequested)
            {
                throw new InferenceException(
                    InferenceFault.Late,
                    $"The request took longer than {options.Value.RequestSeconds} seconds and was given up."
                );
            }
            catch (GoneException)
            {
                await process.EndedAsync(stop); // so that the next request does not meet it dying
                throw new InferenceException(InferenceFault.Failed, Gone);
            }
            yield return events.Current;
        }
    }

    /// <summary>What the inference process does; null when none runs.</summary>
    public async Task<ServeStatus?> StatusAsync(CancellationToken stop)
    {
        if (process.Id is null)
            return null;
        await using var stream = await process.ConnectAsync(stop);
        await ServeWire.SendAsync(stream, new ServeRequest { Do = ServeVerb.Status }, [], stop);
        return (await ServeWire.NextAsync(PipeReader.Create(stream), stop))?.Status;
    }

    private async IAsyncEnumerable<InferenceEvent> AnswerAsync(
        InferenceRequest request,
        InferencePlace place,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        var model = models.Find(request.Model) ?? throw NoModel(request.Model);
        await foreach (var queued in TurnAsync(place, stop))
            yield return queued;
        var wire = OnWire(request, models.Describe(model).Labels);
        for (var attempt = 0; ; attempt++)
        {
            var folder = model.Folders[attempt];
            await using var stream = await process.ConnectAsync(stop);
            var reader = PipeReader.Create(stream);
            var first = await FirstAsync(stream, reader, wire with { Model = folder }, ImagesOf(request), stop);
            if (first is { Type: ServeEventType.Error, Fault: ServeFault.Model })
            {
                LogUnusable(model.Id, folder, first.Message!);
                if (attempt + 1 < model.Folders.Count)
                    continue; // of a run any older checkpoint that is whole
                throw Unusable(model.Id);
            }
            Throw(first);
            var checkpoint = model.Run is null ? null : Path.GetFileName(folder);
            yield return new InferenceStarted(model, checkpoint, first.PromptTokens);
            await foreach (var told in CompletionsAsync(reader, wire, stop))
                yield return told;
            yield break;
        }
    }

    private static async IAsyncEnumerable<InferenceQueued> TurnAsync(
        InferencePlace place,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        place.Wait();
        var told = -1;
        while (true)
        {
            var moved = place.Moved;
            if (place.HasBegun)
                yield break;
            var ahead = place.Ahead;
            if (ahead != told)
                yield return new InferenceQueued(told = ahead);
            await moved.WaitAsync(stop);
        }
    }

    private static async IAsyncEnumerable<InferenceEvent> CompletionsAsync(
        PipeReader reader,
        ServeRequest wire,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        CompletionParts[] parts = [.. Enumerable.Range(0, wire.Count).Select(index => new CompletionParts(index))];
        if (wire.Begin.Length > 0)
        {
            foreach (var part in parts)
                yield return part.Begin(wire.Begin);
        }
        while (true)
        {
            var told = await NextAsync(reader, stop);
            Throw(told);
            switch (told.Type)
            {
                case ServeEventType.Token:
                    var delta = parts[told.Index].Append(told);
                    yield return delta;
                    break;
                case ServeEventType.Finished:
                    var (rest, end) = parts[told.Index].Finish(told);
                    yield return rest;
                    yield return end;
                    break;
                case ServeEventType.Done:
                    yield break;
            }
        }
    }

    private static async Task<ServeEvent> FirstAsync(
        Stream stream,
        PipeReader reader,
        ServeRequest wire,
        IReadOnlyList<ReadOnlyMemory<byte>> images,
        CancellationToken stop
    )
    {
        try
        {
            await ServeWire.SendAsync(stream, wire, images, stop);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new GoneException();
        }
        return await NextAsync(reader, stop);
    }

    /// <exception cref="GoneException">The process is gone.</exception>
    private static async Task<ServeEvent> NextAsync(PipeReader reader, CancellationToken stop)
    {
        try
        {
            if (await ServeWire.NextAsync(reader, stop) is { } told)
                return told;
        }
        catch (Exception e) when (e is IOException or SocketException or JsonException or InvalidDataException)
        {
            // The same as an end.
        }
        throw new GoneException();
    }

    private static void Throw(ServeEvent told)
    {
        if (told.Type != ServeEventType.Error)
            return;
        throw told.Fault == ServeFault.Request
            ? new InferenceException(InferenceFault.Request, told.Message!, told.Parameter)
            : new InferenceException(InferenceFault.Failed, told.Message!);
    }

    private static ServeRequest OnWire(InferenceRequest request, IReadOnlyList<string> labels) =>
        new()
        {
            Messages =
            [
                .. request.Messages.Select(message => new ServeMessage(
                    message.Role,
                    [.. message.Parts.Select(part => new ServePart((part as InferenceText)?.Text))]
                )),
            ],
            Begin =
                request.Reasoning is { } reasoning
                    ? CompletionFormat.ThinkOpen + reasoning + CompletionFormat.ThinkClose + CompletionFormat.AnswerOpen
                : request.Think ? ""
                : CompletionFormat.AnswerOpen,
            MaxTokens = request.MaxTokens,
            Count = request.Count,
            Temperature = request.Temperature,
            TopP = request.TopP,
            TopK = request.TopK,
            MinP = request.MinP,
            Seed = request.Seed,
            Stop = request.Stop,
            Logprobs = request.Logprobs,
            TopLogprobs = request.TopLogprobs,
            Labels = labels,
            LabelProbabilities = request.LabelProbabilities,
            Look = request.Look,
        };

    private static IReadOnlyList<ReadOnlyMemory<byte>> ImagesOf(InferenceRequest request) =>
        [
            .. request
                .Messages.SelectMany(message => message.Parts)
                .OfType<InferenceImage>()
                .Select(image => image.Encoded),
        ];

    private static string CallerOf(ClaimsPrincipal caller) =>
        caller.FindFirstValue(ApiKeyHandler.KeyIdClaim) is { } key
            ? $"key:{key}"
            : caller.FindFirstValue(ClaimTypes.NameIdentifier) ?? caller.Identity?.Name ?? "";

    private static InferenceException NoModel(string? id) =>
        new(
            InferenceFault.NoModel,
            id is null
                ? "There is no model yet: no run has saved a checkpoint."
                : $"There is no model '{id}'; /v1/models lists those there are.",
            "model"
        );

    private static InferenceException Unusable(string id) =>
        new(InferenceFault.Failed, $"The model '{id}' cannot be loaded; the site's log says why.", "model");

    private sealed class GoneException : Exception;

    [LoggerMessage(LogLevel.Warning, "Model {Model} cannot be loaded from {Folder}: {Why}")]
    private partial void LogUnusable(string model, string folder, string why);
}
