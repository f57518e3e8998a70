using System.ComponentModel.DataAnnotations;

namespace CLGRPO.Web.Runs;

/// <summary>Section <c>Training</c> of the settings: where runs are and how they are started.</summary>
public sealed class TrainingOptions
{
    public const string Section = "Training";

    /// <summary>Folder of the runs.</summary>
    [Required]
    public string RunsPath { get; set; } = "runs";

    /// <summary>Folder of the data sets.</summary>
    [Required]
    public string DatasetsPath { get; set; } = "datasets";

    /// <summary>Folder of models that recipes may begin with; null: recipes of the site name none by a path.</summary>
    public string? ModelsPath { get; set; }

    /// <summary>Runs that train at once, one for each GPU, or one on the processor.</summary>
    [Range(1, 64)]
    public int Slots { get; set; } = 1;

    /// <summary>cpu, cuda or cuda:N; null leaves it to the trainer. With cuda, each slot has a GPU of its own.</summary>
    public string? Device { get; set; }

    /// <summary>Threads that share a step; null leaves it to the trainer.</summary>
    [Range(1, 1024)]
    public int? Workers { get; set; }

    /// <summary>The trainer; null: the one beside the site.</summary>
    public string? Trainer { get; set; }

    /// <summary>A recipe that is queued at start where there is no run yet; null or empty: none is.</summary>
    public string? DemoRecipe { get; set; }

    /// <summary>A run is stuck when its next step is later than expected by this much.</summary>
    public TimeSpan StuckGrace { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>How often folders are looked at.</summary>
    public TimeSpan LookEvery { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>What a slot's run trains on; null leaves it to the trainer.</summary>
    internal string? DeviceOf(int slot) => Device == "cuda" && Slots > 1 ? $"cuda:{slot}" : Device;
}
