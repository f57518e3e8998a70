using System.Globalization;
using CLGRPO.Benchmarks;
using CLGRPO.Benchmarks.Gpu;
using CLGRPO.Benchmarks.Serving;

// Usage: CLGRPO.Benchmarks --gpu PEERS FOLDER ROWS...   ours beside transformers and PyTorch on CLGRPO_DEVICE; see .ci/gpu-check
//        CLGRPO.Benchmarks              ours beside PyTorch; writes tests/benchmarks/results/latest.json
//        CLGRPO.Benchmarks --serving    asking models together beside one after the other; writes tests/benchmarks/results/serving.json
//        CLGRPO.Benchmarks --peer-alone  PyTorch beside itself on a tiny model: how far from 1 a ratio is by chance
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

if (args is ["--gpu", var peers, var work, .. var batches])
    return GpuCheck.Run(peers, work, [.. batches.Select(int.Parse)], Console.Out) ? 0 : 1;

var repository = RepositoryFolder();
var benchmarks = Path.Combine(repository, "tests", "benchmarks");
var script = Path.Combine(benchmarks, "peers", "peer.py");
var threads = Environment.ProcessorCount;
var folder = Directory.CreateTempSubdirectory("clgrpo-benchmarks-").FullName;
try
{
    switch (args)
    {
        case ["--peer-alone"]:
            Print(PeerAlone());
            return 0;
        case ["--serving"]:
            var served = Serving();
            Print(served);
            served.Write(Path.Combine(benchmarks, "results", "serving.json"));
            return 0;
        case []:
            var report = OursBesidePeer();
            Print(report);
            report.Write(Path.Combine(benchmarks, "results", "latest.json"));
            return 0;
        default:
            Console.Error.WriteLine(
                $"CLGRPO.Benchmarks: unknown arguments '{string.Join(' ', args)}'; none, --serving or --peer-alone."
            );
            return 2;
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}

BenchmarkReport OursBesidePeer()
{
    using var pretrained = BenchmarkModel.Nano(seed: 0);
    var model = Path.Combine(folder, "model");
    pretrained.Save(model);
    var shape = ModelShape.Read(model);
    var workload = new NanoWorkload().Create(shape, threads);
    var path = workload.Write(folder);
    using var ours = new Ours(pretrained, workload); // first: what it sets for libtorch goes to the peer too
    using var peer = new Peer(script, path, threads);
    return new Comparison(ours, peer, shape, workload).Run(threads);
}

BenchmarkReport Serving()
{
    using var model = BenchmarkModel.Nano(seed: 0);
    return new ServingBenchmark(model, folder, threads).Run();
}

BenchmarkReport PeerAlone()
{
    var model = Path.Combine(folder, "model");
    Directory.CreateDirectory(model);
    foreach (
        var file in Directory.EnumerateFiles(Path.Combine(repository, "tests", "golden", "internvl", "tiny-tied-hf"))
    )
    {
        File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
    }
    var shape = ModelShape.Read(model);
    var workload = new NanoWorkload().Create(shape, threads);
    var path = workload.Write(folder);
    using var one = new Peer(script, path, threads);
    using var other = new Peer(script, path, threads);
    return new Comparison(one, other, shape, workload).Run(threads);
}

static void Print(BenchmarkReport report) => report.Print(Console.Out);

static string RepositoryFolder()
{
    for (var above = new DirectoryInfo(AppContext.BaseDirectory); above is not null; above = above.Parent)
    {
        if (File.Exists(Path.Combine(above.FullName, "CLGRPO.sln")))
        {
            return above.FullName;
        }
    }
    throw new DirectoryNotFoundException($"No CLGRPO.sln above {AppContext.BaseDirectory}.");
}
