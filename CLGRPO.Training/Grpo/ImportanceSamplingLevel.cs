namespace CLGRPO.Training.Grpo;

/// <summary>Whose ratio is clipped.</summary>
public enum ImportanceSamplingLevel
{
    /// <summary>Each token's own.</summary>
    Token,

    /// <summary>One per sequence, the geometric mean of its tokens' ratios (GSPO, arXiv:2507.18071).</summary>
    Sequence,
}
