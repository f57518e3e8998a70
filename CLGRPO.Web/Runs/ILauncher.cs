using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>Starts the process that trains a run.</summary>
public interface ILauncher
{
    /// <summary>Runs that it can train at once.</summary>
    int Slots { get; }

    /// <summary>Begins a run, or goes on with it. The process outlives the site.</summary>
    /// <param name="slot">0 to <see cref="Slots"/> − 1; no other run has it while this one trains.</param>
    /// <returns>Completes when the process ends, with its exit code; never where that cannot be known.</returns>
    /// <exception cref="LaunchException">It cannot be started.</exception>
    Task<int> Launch(RunDirectory run, int slot);

    /// <summary>Ends a process that does not listen, at once.</summary>
    void Kill(RunOwner owner);
}

/// <summary>A run's process could not be started; the message says why.</summary>
public sealed class LaunchException(string message, Exception inner) : Exception(message, inner);
