namespace CLGRPO.Data.Datasets;

/// <summary>One image with what is known about it: a line of <c>train.jsonl</c>, <c>val.jsonl</c> or <c>test.jsonl</c>.</summary>
/// <param name="Id">Unique in the dataset version, also when case is ignored; letters, digits, <c>. _ -</c>; at most 256.</param>
/// <param name="Image">SHA-256 of the image file, 64 lower-case hex digits: its name under <c>blobs/</c>.</param>
/// <param name="Label">One of <see cref="DatasetInfo.Labels"/>.</param>
/// <param name="Attributes">Attribute name → values. An absent name means "not known"; an empty list means "none of them".</param>
/// <param name="Completion">The chain of thought <c>&lt;think&gt;…&lt;/think&gt;&lt;answer&gt;…&lt;/answer&gt;</c>; null where there is none; may be malformed.</param>
/// <param name="Teacher">Who wrote the completion; null where there is none.</param>
public sealed record Sample(
    string Id,
    string Image,
    string Label,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Attributes,
    string? Completion = null,
    string? Teacher = null
);
