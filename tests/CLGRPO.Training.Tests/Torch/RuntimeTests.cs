using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

[assembly: AssemblyFixture(typeof(CLGRPO.Training.Tests.Torch.ThreadsAtStart))]

namespace CLGRPO.Training.Tests.Torch;

/// <summary>libtorch's threads before any test: those of workers set them to one for the whole process.</summary>
public sealed class ThreadsAtStart
{
    public int Count { get; } = get_num_threads();
}

public sealed class RuntimeTests(ThreadsAtStart atStart)
{
    [Fact]
    public void Matmul_OfShapesThatDoNotFit_CarriesLibtorchsWordsWithoutItsStack()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => zeros(2, 3).matmul(zeros(2, 3)));
        Assert.Contains(
            "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("frame #", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Call_AfterAnError_WorksAsBefore()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ExternalException>(() => zeros(2).view(3));
        Assert.Equal(2, ones(2).sum().ToSingle());
    }

    [Fact]
    public void GetNumThreads_WithoutOmpNumThreads_IsEveryCore()
    {
        Assert.SkipWhen(
            Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is not null,
            "OMP_NUM_THREADS says otherwise."
        );
        Assert.Equal(Environment.ProcessorCount, atStart.Count);
    }

    [Fact]
    public void Load_WithOpenBlasForOpenMP_TakesNoOtherBlas()
    {
        const string Folder = "/usr/lib/x86_64-linux-gnu/openblas-openmp/";
        Assert.SkipUnless(File.Exists(Folder + "libblas.so.3"), "libopenblas0-openmp is not installed.");
        using var product = ones(4, 4).matmul(ones(4, 4));

        var loaded = File.ReadLines("/proc/self/maps")
            .Where(line => line.Contains("libblas.so", StringComparison.Ordinal))
            .Select(line => line[line.IndexOf('/', StringComparison.Ordinal)..])
            .Distinct(StringComparer.Ordinal);

        Assert.Equal([Folder + "libblas.so.3"], loaded);
    }

    [Fact]
    public void SetState_OfGenerator_RepeatsItsNumbers()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed: 7);
        randn([3], generator: generator);
        var state = generator.get_state();
        var first = randn([64], generator: generator);
        generator.set_state(state);
        var second = randn([64], generator: generator);

        Assert.Equal(first.data<float>().ToArray(), second.data<float>().ToArray());
        Assert.Equal(7, generator.initial_seed());
    }

    [Fact]
    public void Generator_OfTheSameSeed_GivesTheSameNumbers()
    {
        using var scope = NewDisposeScope();
        using var one = new Generator(seed: 3);
        using var other = new Generator().manual_seed(3);
        Assert.Equal(
            ones(100).div_(2).bernoulli(one).data<float>().ToArray(),
            ones(100).div_(2).bernoulli(other).data<float>().ToArray()
        );
    }

    [Fact]
    public void GetRngState_OfTheDefaultGenerator_IsWhatSetRngStateTakes()
    {
        using var scope = NewDisposeScope();
        var state = get_rng_state();
        set_rng_state(state);
        Assert.Equal(ScalarType.Byte, state.dtype);
        Assert.True(state.numel() > 5000); // Mersenne twister: 624 words and more
    }

    [Fact]
    public void SetRngState_OfTheWrongSize_IsRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ExternalException>(() => set_rng_state(zeros([3], ScalarType.Byte)));
    }

    [Fact]
    public void Multinomial_OfCertainDistribution_DrawsTheCertain()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed: 1);
        var drawn = tensor([0f, 1f, 0f]).multinomial(5, replacement: true, generator: generator);
        Assert.Equal([1, 1, 1, 1, 1], drawn.data<long>().ToArray());
    }

    [Fact]
    public void Cuda_WithoutDevice_IsUnavailableAndRefusesTensors()
    {
        Assert.SkipWhen(cuda.is_available(), "There is a GPU.");
        Assert.Equal(0, cuda.device_count());
        Assert.Throws<ExternalException>(() => zeros([1], device: CUDA));
    }

    [Fact]
    public void InPlaceOperators_OfBigTensors_LeaveNoNativeReference()
    {
        using var scope = NewDisposeScope();
        var ones = torch.ones(1024, 1024); // 4 MiB
        var before = Environment.WorkingSet;
        for (var i = 0; i < 300; i++)
        {
            using var inner = NewDisposeScope();
            var copy = ones.clone().add_(ones);
            copy.split(512)[1].mul_(2);
            copy.index_put_(0, 1..3);
        }
        Assert.True(Environment.WorkingSet - before < 600L << 20, "1.2 GiB were made and not freed.");
    }
}
