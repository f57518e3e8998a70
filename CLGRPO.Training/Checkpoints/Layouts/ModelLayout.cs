namespace CLGRPO.Training.Checkpoints.Layouts;

/// <summary>How a model folder names and cuts its tensors. Source: reference/internvl.md §9.</summary>
public enum ModelLayout
{
    /// <summary>B: what transformers' converter writes and <c>from_pretrained</c> reads (<c>vision_tower.…</c>).</summary>
    HuggingFace,

    /// <summary>A: the original InternVLChatModel (<c>vision_model.…</c>, queries, keys and values in one tensor).</summary>
    Original,

    /// <summary>C: transformers' names in memory, which newer versions also save (<c>model.vision_tower.…</c>).</summary>
    Memory,
}
