using CLGRPO.Training.Compute;
using CLGRPO.Training.Stages;
using TorchSharp;

namespace CLGRPO.Training.Tests.Compute;

public sealed class ComputeDeviceTests
{
    [Theory]
    [InlineData("abacus")]
    [InlineData("")]
    [InlineData("CUDA")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:one")]
    [InlineData("cpu:0")]
    public void Parse_OfNoDevice_NamesItAndWhatThereIs(string name)
    {
        var error = Assert.Throws<ArgumentException>(() => ComputeDevice.Parse(name));
        Assert.Contains($"'{name}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("give cpu or cuda", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OfCpu_IsTheProcessor() => Assert.Equal(DeviceType.CPU, ComputeDevice.Parse("cpu").type);

    [Theory]
    [InlineData("cuda")]
    [InlineData("cuda:1")]
    public void Parse_OfCudaWithALibtorchThatHasNone_SaysHowToGetOne(string name)
    {
        Assert.SkipWhen(CudaCapabilities.LibtorchHasCuda, "This libtorch has CUDA.");
        var error = Assert.Throws<ArgumentException>(() => ComputeDevice.Parse(name));
        Assert.Contains("this build's libtorch", error.Message, StringComparison.Ordinal);
        Assert.Contains("TORCH_DIR", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OfAGpuBeyondTheLast_SaysHowManyThereAre()
    {
        Assert.SkipUnless(torch.cuda.is_available(), "There is no GPU.");
        var error = Assert.Throws<ArgumentException>(() => ComputeDevice.Parse("cuda:99"));
        Assert.Contains($"{torch.cuda.device_count()} GPUs", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Workers_OfTheProcessor_IsEveryCoreUnlessAsked()
    {
        Assert.Equal(Environment.ProcessorCount, ComputeDevice.Workers(torch.CPU, null));
        Assert.Equal(3, ComputeDevice.Workers(torch.CPU, 3));
        Assert.Throws<ArgumentException>(() => ComputeDevice.Workers(torch.CPU, 0));
    }

    [Fact]
    public void Workers_OfAGpu_IsOne()
    {
        var gpu = new torch.Device(DeviceType.CUDA, 0);
        Assert.Equal(1, ComputeDevice.Workers(gpu, null));
        Assert.Equal(1, ComputeDevice.Workers(gpu, 1));
        var error = Assert.Throws<ArgumentException>(() => ComputeDevice.Workers(gpu, 4));
        Assert.Contains("--workers is 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Environment_OnTheProcessor_NamesLibtorchAndNoGpu()
    {
        var environment = RunEnvironment.Here(2, torch.CPU);
        Assert.Equal(("cpu", torch.__version__), (environment.Device, environment.Libtorch));
        Assert.Null(environment.Gpu);
        Assert.Null(environment.Driver);
    }

    [Fact]
    public void Capabilities_WithoutCuda_AreAbsent()
    {
        Assert.False(CudaCapabilities.HasGraphs(torch.CPU));
        Assert.Null(CudaCapabilities.PeakMemory(torch.CPU));
        CudaCapabilities.ResetPeakMemory(torch.CPU); // does nothing, and says nothing
        CudaCapabilities.EmptyCache(torch.CPU);
        Assert.Null(GpuDescription.Of(torch.CPU));
    }
}
