using Microsoft.AspNetCore.Components;
using Radzen;

namespace CLGRPO.Web.Playground;

/// <summary>What was asked before, and thumbs.</summary>
public sealed partial class PlaygroundPage
{
    private IReadOnlyList<PlaygroundSummary> _history = [];
    private PlaygroundEntry? _entry; // the one on the page

    [Inject]
    private ThumbReviews Thumbs { get; set; } = null!;

    [Inject]
    private DialogService Dialogs { get; set; } = null!;

    private void Keep(PlaygroundPicture picture, Ask ask)
    {
        if (!_columns.Exists(column => column.Samples.Any(sample => sample.HasText)))
            return;
        _entry = Shelf.Save(
            _user,
            new PlaygroundEntry
            {
                Id = "",
                At = default,
                Picture = picture,
                Question = ask.Question,
                System = ask.System,
                Settings = ask.Settings,
                Answers = [.. _columns.Select(column => column.ToKeep())],
            }
        );
        _history = Shelf.List(_user);
    }

    private async Task Rate(AnswerColumn column, bool good)
    {
        if (_entry is null)
            return;
        column.Good = column.Good == good ? null : good;
        var user = (await Authentication).User;
        column.Thumb = await Thumbs.Rate(user, _entry.Id, _columns.IndexOf(column), column.Good, Left);
        _history = Shelf.List(_user);
    }

    private void Restore(string id)
    {
        if (IsAsking || Shelf.Find(_user, id) is not { } entry)
            return;
        _columns.Clear();
        foreach (var answer in entry.Answers)
        {
            var model =
                _models.FirstOrDefault(one => one.Id == answer.Model)
                ?? new ModelChoice(
                    answer.Model,
                    answer.Model,
                    "not there any more",
                    "",
                    answer.Stage,
                    null,
                    null,
                    [],
                    null
                );
            var column = new AnswerColumn(model, Clock);
            column.Restore(answer);
            _columns.Add(column);
        }
        (_entry, _picture, _refused) = (entry, entry.Picture, null);
        (_question, _system, _settings) = (entry.Question, entry.System, entry.Settings);
    }

    private void Delete(string id)
    {
        Shelf.Delete(_user, id);
        if (_entry?.Id == id)
            _entry = null;
        _history = Shelf.List(_user);
    }

    private async Task Clear()
    {
        var sure = await Dialogs.Confirm(
            "All questions, answers, thumbs and pictures that you brought are gone for good.",
            "Delete your history?",
            new ConfirmOptions { OkButtonText = "Delete", CancelButtonText = "Cancel" }
        );
        if (sure != true)
            return;
        Shelf.Clear(_user);
        (_entry, _history) = (null, []);
        if (_picture is { FromDataset: false })
            _picture = null;
    }
}
