using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Tests.Datasets;

public sealed class DatasetVersionReaderTests : IDisposable
{
    private const string Hash64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private readonly TemporaryFolder _root = new();
    private readonly RawVersion _raw;

    public DatasetVersionReaderTests() => _raw = new RawVersion(_root);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Open_GoodVersion_ReadsEverything()
    {
        var version = DatasetVersion.Open(_raw.Write());

        Assert.Equal("tiny", version.Name);
        Assert.Equal(["yes", "no"], version.Info.Labels);
        Assert.Equal(["a", "b"], version.Train.Select(sample => sample.Id));
        Assert.Equal(["small"], version.Test[0].Attributes["size"]);
        Assert.Null(version.Test[0].Completion);
        Assert.Equal("four", File.ReadAllText(version.ImagePath(version.Test[0])));
        Assert.Empty(DatasetVersion.Validate(version.Path, deep: true));
    }

    [Theory]
    [InlineData("""{"id":"b","image":"IMG","label":"no","attributes":{},"colour":1}""", "unknown key 'colour'")]
    [InlineData("""{"image":"IMG","label":"no","attributes":{}}""", "missing key 'id'")]
    [InlineData("""{"id":"b","label":"no","attributes":{}}""", "missing key 'image'")]
    [InlineData("""{"id":"b","image":"IMG","attributes":{}}""", "missing key 'label'")]
    [InlineData("""{"id":"b","image":"IMG","label":"no"}""", "missing key 'attributes'")]
    [InlineData("""{"id":1,"image":"IMG","label":"no","attributes":{}}""", "'id' must be a string, not the number 1")]
    [InlineData("""{"id":"b","id":"b","image":"IMG","label":"no","attributes":{}}""", "not valid JSON")]
    [InlineData(
        """{"id":"b","image":"IMG","label":"maybe","attributes":{}}""",
        "unknown label 'maybe'; known are yes, no"
    )]
    [InlineData("""{"id":"b","image":"IMG","label":"No","attributes":{}}""", "unknown label 'No'")]
    [InlineData("""{"id":"b","image":"IMG","label":"no","attributes":{"mood":["good"]}}""", "unknown attribute 'mood'")]
    [InlineData(
        """{"id":"b","image":"IMG","label":"no","attributes":{"size":["huge"]}}""",
        "unknown value 'huge' of attribute 'size'"
    )]
    [InlineData(
        """{"id":"b","image":"IMG","label":"no","attributes":{"size":["small","small"]}}""",
        "names a value twice"
    )]
    [InlineData(
        """{"id":"b","image":"IMG","label":"no","attributes":{"size":"small"}}""",
        "'attributes.size' must be a list of strings"
    )]
    [InlineData("""{"id":"A","image":"IMG","label":"no","attributes":{}}""", "id 'A' is already used at train.jsonl:1")]
    [InlineData("""{"id":"../b","image":"IMG","label":"no","attributes":{}}""", "id '../b' must be")]
    [InlineData("""{"id":"b\u0000","image":"IMG","label":"no","attributes":{}}""", "id 'b\\u0000' must be")]
    [InlineData("""{"id":"b","image":"HASH","label":"no","attributes":{}}""", "is missing in")]
    [InlineData("""{"id":"b","image":"UPPER","label":"no","attributes":{}}""", "64 lower-case hex digits")]
    [InlineData("""{"id":"b","image":"abc","label":"no","attributes":{}}""", "64 lower-case hex digits")]
    [InlineData(
        """{"id":"b","image":"IMG","label":"no","attributes":{},"completion":"x"}""",
        "completion and teacher belong together"
    )]
    [InlineData(
        """{"id":"b","image":"IMG","label":"no","attributes":{},"completion":"\ud800","teacher":"t"}""",
        "half a surrogate pair"
    )]
    [InlineData(
        """{"id":"b","image":"IMG","label":"no","attributes":{},"completion":null,"teacher":null}""",
        "'completion' must be a string, not null"
    )]
    [InlineData("""["b"]""", "a JSON object is expected, not a list")]
    [InlineData("", "not valid JSON")]
    [InlineData("""{"id":"b",""", "not valid JSON")]
    [Trait("Id", "A-DATA-2")]
    public void Open_BadRow_IsReportedWithFileLineAndReason(string row, string reason)
    {
        _raw.Train[1] = row.Replace("IMG", RawVersion.Image("two"), StringComparison.Ordinal)
            .Replace("HASH", Hash64, StringComparison.Ordinal)
            .Replace("UPPER", Hash64.ToUpperInvariant(), StringComparison.Ordinal);

        var problems = Problems(_raw.Write());

        Assert.Contains(
            problems,
            problem =>
                problem is { File: "train.jsonl", Line: 2 } && problem.Reason.Contains(reason, StringComparison.Ordinal)
        );
        Assert.All(problems, problem => Assert.Equal(("train.jsonl", 2), (problem.File, problem.Line)));
    }

    [Fact]
    public void Open_ManyBadRows_ReportsAllOfThem()
    {
        _raw.Train[0] = "nonsense";
        _raw.Train[1] = RawVersion.Row("b", "two", "maybe");
        _raw.Validation[0] = RawVersion.Row("../c", "three", "yes");
        _raw.Test.Add(RawVersion.Row("e", "two", "no"));

        Assert.Equal(
            ["train.jsonl:1", "train.jsonl:2", "val.jsonl:1", "test.jsonl:2", "test.jsonl:0"],
            Problems(_raw.Write()).Select(problem => $"{problem.File}:{problem.Line}")
        );
    }

    [Fact]
    public void Open_TestImageAlsoInTrain_IsReported()
    {
        _raw.Test[0] = RawVersion.Row("d", "one", "no");

        var problem = Assert.Single(Problems(_raw.Write()));

        Assert.Equal("the image of id 'd' is also at train.jsonl:1: splits must not share images", problem.Reason);
    }

    [Fact]
    public void Open_TestIdAlsoInTrain_IsReported()
    {
        _raw.Test[0] = RawVersion.Row("a", "four", "no");

        Assert.StartsWith(
            "id 'a' is already used at train.jsonl:1",
            Assert.Single(Problems(_raw.Write())).Reason,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("\"train\": 2", "\"train\": 3", "has 2 rows, but dataset.json says 3")]
    [InlineData("\"format_version\": 1", "\"format_version\": 2", "format_version 2 is not known; this build reads 1")]
    [InlineData("\"name\": \"tiny\"", "\"name\": \"other\"", "differs from the folder's name")]
    [InlineData("[\"yes\", \"no\"]", "[\"yes\", \"Yes\"]", "labels names an entry twice")]
    [InlineData("[\"yes\", \"no\"]", "[\"yes\"]", "at least 2 are needed")]
    [InlineData("\"Which?\"", "\"\"", "question is empty")]
    [InlineData("\"licence\": \"CC0-1.0\"", "\"license\": \"CC0-1.0\"", "unknown key 'license'")]
    [InlineData("\"source\": \"by hand\", ", "", "missing key 'provenance.source'")]
    public void Open_BadDescription_IsReported(string part, string replacement, string reason)
    {
        _raw.Info = _raw.Info.Replace(part, replacement, StringComparison.Ordinal);

        Assert.Contains(Problems(_raw.Write()), problem => problem.Reason.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Id", "A-DATA-1")]
    public void Open_ChangedAfterwards_DoesNotHashToItsName()
    {
        var version = _raw.Write();
        var file = Path.Combine(version, "train.jsonl");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"yes\"", "\"no\"", StringComparison.Ordinal));

        Assert.Contains("the version was changed", Assert.Single(Problems(version)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_CutOffFile_IsReported()
    {
        var version = _raw.Write();
        var file = Path.Combine(version, "test.jsonl");
        File.WriteAllText(file, File.ReadAllText(file).TrimEnd('\n'));

        Assert.Contains(
            Problems(version),
            problem =>
                problem is { File: "test.jsonl", Line: 1 }
                && problem.Reason.Contains("cut off", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Open_NotUtf8_IsReported()
    {
        var version = _raw.Write();
        File.WriteAllBytes(Path.Combine(version, "val.jsonl"), [(byte)'"', 0xFF, (byte)'"', (byte)'\n']);

        Assert.Contains(
            Problems(version),
            problem => problem is { File: "val.jsonl", Line: 1, Reason: "not UTF-8 text" }
        );
    }

    [Fact]
    public void Open_MissingFile_IsReported()
    {
        var version = _raw.Write();
        File.Delete(Path.Combine(version, "val.jsonl"));

        Assert.Equal("val.jsonl: the file is missing", Assert.Single(Problems(version)).ToString());
    }

    [Fact]
    public void Validate_DamagedImage_IsFoundByTheDeepCheckOnly()
    {
        var version = _raw.Write();
        File.WriteAllText(_root.In("blobs", RawVersion.Image("three")), "damaged");

        Assert.Empty(DatasetVersion.Validate(version));
        var problem = Assert.Single(DatasetVersion.Validate(version, deep: true));
        Assert.Contains("(id 'c')", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_ByNameAndByHash_FindsTheOnlyVersion()
    {
        var version = _raw.Write();

        Assert.Equal(version, DatasetVersion.Find(_root.Path, "tiny"));
        Assert.Equal(version, DatasetVersion.Find(_root.Path, $"tiny@{Path.GetFileName(version)[..6]}"));
        Assert.Throws<DirectoryNotFoundException>(() => DatasetVersion.Find(_root.Path, "tiny@zz"));
        Assert.Throws<DirectoryNotFoundException>(() => DatasetVersion.Find(_root.Path, "none"));
    }

    private static IReadOnlyList<DatasetProblem> Problems(string version)
    {
        var problems = Assert.Throws<DatasetException>(() => DatasetVersion.Open(version)).Problems;
        Assert.Equal(problems, DatasetVersion.Validate(version));
        return problems;
    }
}
