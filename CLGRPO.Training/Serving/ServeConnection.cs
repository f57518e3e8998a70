using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using CLGRPO.Data.Images;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Serving;

/// <summary>One connection, one request. Whoever asked hangs up when it wants no more.</summary>
internal sealed class ServeConnection(Socket socket, ServeEngine engine, ModelShelf shelf, TextWriter log)
{
    private static readonly TimeSpan AskWithin = TimeSpan.FromSeconds(60);

    // A request whose reader is so many events behind writes no more until they are read.
    private const int MostUnsent = 512;
    private readonly Channel<ServeEvent> _events = Channel.CreateUnbounded<ServeEvent>(
        new UnboundedChannelOptions { SingleReader = true }
    );
    private int _unsent;

    /// <summary>Serves until the last line is sent or the other end is gone.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var reader = PipeReader.Create(stream);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var writing = WriteAsync(stream, gone);
        try
        {
            await AnswerAsync(reader, gone);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // The other end is gone, or the process ends.
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            Tell(Refused(e.Message));
        }
        catch (Exception e)
        {
            await log.WriteLineAsync(e.ToString());
            Tell(Error(ServeFault.Internal, "The request failed; the site's log says how."));
        }
        _events.Writer.Complete();
        await writing;
    }

    private async Task AnswerAsync(PipeReader reader, CancellationTokenSource gone)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(gone.Token);
        late.CancelAfter(AskWithin);
        if (await ServeWire.ReceiveAsync(reader, late.Token) is not var (asked, images))
            return;
        if (asked.Do == ServeVerb.Status)
        {
            Tell(new ServeEvent(ServeEventType.Status) { Status = engine.Status(shelf.Folders) });
            return;
        }
        _ = WatchAsync(reader, gone);
        await GenerateAsync(asked, images, gone.Token);
    }

    private async Task GenerateAsync(ServeRequest asked, IReadOnlyList<byte[]> images, CancellationToken gone)
    {
        ServedModel model;
        try
        {
            model = await shelf.TakeAsync(asked.Model, gone);
        }
        catch (Exception e)
            when (e
                    is ModelException
                        or SafetensorsException
                        or InvalidDataException
                        or JsonException
                        or RecipeException
                || (e is IOException && !gone.IsCancellationRequested)
            )
        {
            Tell(Error(ServeFault.Model, e.Message));
            return;
        }
        try
        {
            var request = Ready(asked, model, images);
            await using var cancel = gone.Register(request.Cancel);
            engine.Submit(request);
            await request.Done;
        }
        catch (Exception e) when (e is ArgumentException or ImageException)
        {
            Tell(
                Refused(Sentence(e)) with
                {
                    Parameter = e is SettingException setting ? setting.Setting : "messages",
                }
            );
        }
        finally
        {
            shelf.Release(model);
        }
    }

    /// <exception cref="ArgumentException">It cannot be asked so.</exception>
    /// <exception cref="ImageException">A picture cannot be read.</exception>
    private ServedRequest Ready(ServeRequest asked, ServedModel model, IReadOnlyList<byte[]> images)
    {
        if (asked.Count < 1)
            throw new SettingException("n", $"n is {asked.Count}; it must be at least 1.");
        var input = new ChatInput(
            model.Pretrained,
            TrainedModel.Tiling(model.Trained, model.Pretrained.Images),
            Messages(asked, model.Trained),
            [.. images.Select(image => ImageDecoder.Decode(image))],
            asked.Begin
        );
        var room = model.Pretrained.Model.Config.Language.Places - input.Ids.Length;
        if (asked.MaxTokens is < 1 || asked.MaxTokens > room)
            throw new SettingException(
                "max_completion_tokens",
                $"max_completion_tokens is {asked.MaxTokens}; the prompt has {input.Ids.Length} tokens, so it must be from 1 to {room}."
            );
        var most = asked.MaxTokens ?? Math.Min(ServeRequest.DefaultMaxTokens, room);
        return new ServedRequest(asked, model, input, most, Tell, () => Volatile.Read(ref _unsent) > MostUnsent);
    }

    /// <summary>The chat; where the last message asks nothing, what the model was trained to be asked.</summary>
    private static List<ChatMessage> Messages(ServeRequest asked, TrainedModel? trained)
    {
        var messages = asked
            .Messages.Select(message => new ChatMessage(
                message.Role,
                [
                    .. message.Parts.Select(part =>
                        part.Text is { } text ? (ChatPart)new TextPart(text) : new ImagePart()
                    ),
                ]
            ))
            .ToList();
        if (messages.Count == 0 || messages[^1].Parts.OfType<TextPart>().Any(part => part.Text.Length > 0))
            return messages.Count > 0 ? messages : throw new ArgumentException("There are no messages.");
        var (system, question) = TrainedModel.Texts(
            trained,
            system: null,
            question: null,
            labels: asked.Labels.Count > 0 ? asked.Labels : null
        );
        messages[^1] = messages[^1] with
        {
            Parts = [.. messages[^1].Parts.Where(part => part is ImagePart), new TextPart(question)],
        };
        if (system.Length > 0 && messages.TrueForAll(message => message.Role != "system"))
            messages.Insert(0, new ChatMessage("system", system));
        return messages;
    }

    /// <summary>Notices that the other end hangs up.</summary>
    private static async Task WatchAsync(PipeReader reader, CancellationTokenSource gone)
    {
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(gone.Token);
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    break;
            }
        }
        catch (Exception e)
            when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Gone, too.
        }
        try
        {
            await gone.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The answer was complete before.
        }
    }

    private async Task WriteAsync(NetworkStream stream, CancellationTokenSource gone)
    {
        using var lines = new MemoryStream();
        try
        {
            while (await _events.Reader.WaitToReadAsync(CancellationToken.None))
            {
                lines.SetLength(0);
                var sending = 0;
                for (; _events.Reader.TryRead(out var told); sending++)
                    lines.Write(ServeWire.Line(told));
                await stream.WriteAsync(lines.GetBuffer().AsMemory(0, (int)lines.Length), CancellationToken.None);
                Interlocked.Add(ref _unsent, -sending);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            await gone.CancelAsync();
        }
    }

    private void Tell(ServeEvent told)
    {
        Interlocked.Increment(ref _unsent);
        _events.Writer.TryWrite(told);
    }

    private static ServeEvent Refused(string message) => Error(ServeFault.Request, message);

    private static ServeEvent Error(ServeFault fault, string message) =>
        new(ServeEventType.Error) { Fault = fault, Message = message };

    private static string Sentence(Exception e) =>
        e is ArgumentException { ParamName: { } name }
            ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
            : e.Message;

    private sealed class SettingException(string setting, string message) : ArgumentException(message)
    {
        public string Setting => setting;
    }
}
