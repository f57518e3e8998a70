using System.Security.Claims;
using CLGRPO.Web.Inference;

namespace CLGRPO.Web.Playground;

/// <summary>How far a model is with its answer.</summary>
public enum ColumnState
{
    Idle,

    /// <summary>In the queue.</summary>
    Waiting,

    /// <summary>The model is loaded, or reads the prompt.</summary>
    Reading,
    Writing,
    Done,

    /// <summary>Its person stopped it.</summary>
    Stopped,
    Failed,
}

/// <summary>One of the models that are asked side by side, with what it wrote. Used from the page's own thread alone.</summary>
public sealed class AnswerColumn(ModelChoice model, TimeProvider clock)
{
    private CancellationTokenSource? _asking;

    public ModelChoice Model { get; private set; } = model;

    public IReadOnlyList<WrittenSample> Samples { get; private set; } = [];

    /// <summary>The sample that is looked at.</summary>
    public int Shown { get; set; }

    public ColumnState State { get; private set; }

    /// <summary>Requests that are answered first.</summary>
    public int Ahead { get; private set; }

    public string? Error { get; private set; }

    /// <summary>Thumb up or down.</summary>
    public bool? Good { get; set; }

    /// <summary>What became of the thumb that was just given; null: none was.</summary>
    public ThumbKept? Thumb { get; set; }

    /// <summary>The text as written in place of its parts.</summary>
    public bool Raw { get; set; }

    /// <summary>Whether the reasoning is open; null: as the settings say.</summary>
    public bool? Open { get; set; }

    public bool IsAsking => State is ColumnState.Waiting or ColumnState.Reading or ColumnState.Writing;

    public WrittenSample? Sample => Shown < Samples.Count ? Samples[Shown] : null;

    public IReadOnlyList<(string Answer, int Count)> Votes => AnswerVote.Of(Samples.Select(sample => sample.Answer));

    public void Choose(ModelChoice model)
    {
        Clear();
        Model = model;
    }

    public void Clear()
    {
        (Samples, Shown, State, Ahead, Error, Good, Thumb, Open) = ([], 0, ColumnState.Idle, 0, null, null, null, null);
    }

    /// <summary>Asks, and takes in what comes; returns when the answer is there, or it was stopped.</summary>
    public async Task AskAsync(InferenceService inference, ClaimsPrincipal user, InferenceRequest request)
    {
        Clear();
        State = ColumnState.Waiting;
        Samples = [.. Enumerable.Range(0, request.Count).Select(_ => new WrittenSample())];
        using var asking = new CancellationTokenSource();
        _asking = asking;
        try
        {
            using var place = inference.Enter(user);
            var began = clock.GetTimestamp();
            State = ColumnState.Reading;
            await foreach (var told in inference.AskAsync(request, place, asking.Token))
            {
                if (told is InferenceStarted)
                    began = clock.GetTimestamp();
                Take(told, clock.GetElapsedTime(began));
            }
            State = ColumnState.Done;
        }
        catch (OperationCanceledException) when (asking.IsCancellationRequested)
        {
            State = ColumnState.Stopped;
        }
        catch (InferenceException e)
        {
            (State, Error) = (ColumnState.Failed, e.Message);
        }
        finally
        {
            _asking = null;
            foreach (var sample in Samples)
                sample.Stop();
        }
    }

    /// <summary>Ends the model's work within a token.</summary>
    public void Stop() => _asking?.Cancel();

    public PlaygroundAnswer ToKeep() =>
        new(Model.Id, Model.Stage, Good, Error, [.. Samples.Select((sample, at) => sample.ToKeep(withLook: at == 0))]);

    /// <summary>Shows what was kept.</summary>
    public void Restore(PlaygroundAnswer kept)
    {
        Clear();
        (Error, Good) = (kept.Error, kept.Good);
        Samples = [.. kept.Samples.Select(WrittenSample.Of)];
        State = kept.Error is null ? ColumnState.Done : ColumnState.Failed;
    }

    private void Take(InferenceEvent told, TimeSpan at)
    {
        switch (told)
        {
            case InferenceQueued queued:
                (State, Ahead) = (ColumnState.Waiting, queued.Ahead);
                break;
            case InferenceStarted:
                State = ColumnState.Writing;
                break;
            case InferenceDelta delta:
                Samples[delta.Index].Take(delta, at);
                break;
            case InferenceFinished end:
                Samples[end.Index].Take(end, at);
                break;
        }
    }
}
