namespace CLGRPO.Data.Teachers;

/// <summary>How patiently a teacher is asked.</summary>
public sealed record TeacherDeskConfig
{
    /// <summary>Requests for one question at most, the first included.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>Mean wait before the second try; doubled for each further one, with jitter.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between tries, also where the teacher asks for a longer one.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Share of failed requests at which the teacher counts as down.</summary>
    public double FailureRatio { get; init; } = 0.8;

    /// <summary>Requests within <see cref="FailureWindow"/> below which no share is judged.</summary>
    public int MinRequests { get; init; } = 10;

    /// <summary>Over how long the share is taken.</summary>
    public TimeSpan FailureWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a teacher that is down is left alone; doubled for each probe that fails.</summary>
    public TimeSpan Break { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time between probes.</summary>
    public TimeSpan MaxBreak { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long questions wait for a teacher that is down; after that they fail at once with <see cref="TeacherFault.Unavailable"/>
    /// until a probe succeeds.
    /// </summary>
    public TimeSpan MaxOutage { get; init; } = TimeSpan.FromMinutes(10);
}
