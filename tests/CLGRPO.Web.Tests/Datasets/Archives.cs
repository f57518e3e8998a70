using System.IO.Compression;
using System.Text;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Web.Tests.Datasets;

/// <summary>Zip archives of the kinds that people, and strangers, upload.</summary>
internal static class Archives
{
    public static byte[] Of(params IEnumerable<(string Name, byte[] Bytes)> entries)
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create))
        {
            foreach (var (name, bytes) in entries)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        }
        return memory.ToArray();
    }

    /// <summary>Pictures of a version in folders named by their class, and four that cannot be taken.</summary>
    public static (byte[] Bytes, int Good) WithBadRows(DatasetVersion version, int good)
    {
        var samples = version.Train.Take(good).ToList();
        var pictures = samples.Select(sample =>
            ($"{sample.Label}/{sample.Id}.png", File.ReadAllBytes(version.ImagePath(sample)))
        );
        return (
            Of([
                .. pictures,
                ("awe/not-a-picture.png", Encoding.UTF8.GetBytes("<svg onload=alert(1)>")),
                ("fear/cut-off.png", [.. File.ReadAllBytes(version.ImagePath(samples[0])).Take(20)]),
                ("fear/same-again.png", File.ReadAllBytes(version.ImagePath(samples[0]))),
                ("loose.png", File.ReadAllBytes(version.ImagePath(samples[1]))),
            ]),
            good
        );
    }

    /// <summary>An entry of zeros that inflates a thousand times.</summary>
    public static byte[] Bomb() => Of(("awe/zeros.png", new byte[4 << 20]));
}
