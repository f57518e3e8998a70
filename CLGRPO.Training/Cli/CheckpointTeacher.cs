using CLGRPO.Data.Cot;
using CLGRPO.Data.Images;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.OpenAI;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary>
/// A model of our own as a teacher. A checkpoint of a run is asked what it was trained to answer; to judge a reasoning, it goes on where
/// the reasoning ends and gives the answer. Any other model is asked the construction's prompts.
/// </summary>
/// <remarks>One question at a time: the model is one.</remarks>
internal sealed class CheckpointTeacher : ITeacher, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly PretrainedModel _model;
    private readonly TrainedModel? _trained;

    private CheckpointTeacher(StoredTeacher settings, PretrainedModel model, TrainedModel? trained) =>
        (Settings, _model, _trained) = (settings, model, trained);

    public StoredTeacher Settings { get; }

    /// <summary>Loads the model from the folder that <see cref="StoredTeacher.Endpoint"/> names, on the default device.</summary>
    /// <exception cref="IOException">There is no such folder.</exception>
    public static CheckpointTeacher Load(StoredTeacher settings)
    {
        var trained = TrainedModel.Find(settings.Endpoint);
        return new(
            settings,
            PretrainedModel.Load(settings.Endpoint, ComputeDevice.Parse(ComputeDevice.DefaultName)),
            trained
        );
    }

    public async Task<TeacherReply> Ask(TeacherQuestion question, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            // Off the caller's thread; tensors belong to the thread that computes.
            return await Task.Run(() => Answer(question), stop);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _model.Dispose();
        _turn.Dispose();
    }

    private TeacherReply Answer(TeacherQuestion question)
    {
        using var scope = NewDisposeScope();
        var asked = Read(question);
        var begun = Begun(question);
        int[] ids = [.. asked.Ids, .. _model.Tokenizer.Encode(begun)];
        var room = _model.Model.Config.Language.Places - ids.Length;
        if (room < 1)
        {
            throw new TeacherException(
                TeacherFault.Refused,
                $"The question has {ids.Length} tokens; the model has places for {_model.Model.Config.Language.Places}."
            );
        }
        using var sampler = Sampler(question);
        var completion = sampler
            .Sample(
                [new Prompt(ids, Sample: 0, Stream: 0)],
                groupSize: 1,
                Math.Min(Settings.MaxCompletionTokens, room),
                _ => asked.Features(_model.Model)
            )[0]
            .Completions[0];
        return Reply(begun + _model.Tokenizer.Decode(completion.Ids, skipSpecialTokens: true), ids.Length, completion);
    }

    private Question Read(TeacherQuestion question)
    {
        try
        {
            return new Question(_model, _trained, System(question), Text(question), [question.ImagePath]);
        }
        catch (Exception e) when (e is ArgumentException or ImageException)
        {
            throw new TeacherException(TeacherFault.Refused, e.Message);
        }
    }

    private RolloutSampler Sampler(TeacherQuestion question)
    {
        var special = _model.Tokenizer.SpecialTokens;
        return new RolloutSampler(
            _model.Model,
            new SamplingConfig
            {
                Temperature = Settings.Temperature,
                TopP = Settings.TopP,
                Seed = question.Seed,
            }.Validated(),
            new HashSet<int> { special.ImEnd },
            [special.Img, special.ImgEnd, special.ImgContext]
        );
    }

    private string System(TeacherQuestion question) => _trained?.Recipe.Prompt.System ?? question.System;

    private string Text(TeacherQuestion question) =>
        _trained
            ?.Recipe.Prompt.For(CompletionStyle.Cot)
            .Replace("{labels}", string.Join(", ", question.Labels), StringComparison.Ordinal)
        ?? question.Text;

    // What stands in the completion before the model's first word.
    private string Begun(TeacherQuestion question) =>
        _trained is not null && question.Reasoning is { } reasoning
            ? CompletionFormat.ThinkOpen + reasoning + CompletionFormat.ThinkClose + CompletionFormat.AnswerOpen
            : "";

    private static TeacherReply Reply(string text, int promptTokens, Completion completion)
    {
        var parts = ThinkTags.Split(text);
        return new TeacherReply(
            parts.Reasoning,
            parts.Content,
            Truncated: !completion.Terminated,
            promptTokens,
            completion.Ids.Length,
            text
        );
    }
}
