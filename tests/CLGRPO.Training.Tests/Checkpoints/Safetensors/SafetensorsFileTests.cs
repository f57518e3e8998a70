using System.Text;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Checkpoints.Safetensors;

/// <summary>The rules of the format. Names in comments are those of the reference reader's own tests.</summary>
[Trait("Id", "A-ST-1")]
public sealed class SafetensorsFileTests : IDisposable
{
    private const string TwoBytes = """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_SmallFile_GivesTensorsMetadataAndBytes()
    {
        const string Header =
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"I16","shape":[1,2],"data_offsets":[0,4]}}""";
        using var file = Open(RawFile.Bytes(Header, 4));
        var tensor = Assert.Single(file.Tensors).Value;
        Assert.Equal(SafetensorsDtype.I16, tensor.Dtype);
        Assert.Equal([1, 2], tensor.Shape);
        Assert.Equal(8 + Header.Length, tensor.Offset);
        Assert.Equal("pt", file.Metadata["format"]);
        var bytes = new byte[4];
        file.Read(tensor, bytes);
        Assert.Equal([0, 1, 2, 3], bytes);
        file.Read(tensor, 1, bytes.AsSpan(0, 2));
        Assert.Equal([1, 2, 2, 3], bytes);
    }

    [Fact] // header_too_small
    public void Open_UnderEightBytes_IsHeaderTooSmall() => Refuses(SafetensorsError.HeaderTooSmall, new byte[7]);

    [Fact]
    public void Open_EmptyFile_IsHeaderTooSmall() => Refuses(SafetensorsError.HeaderTooSmall, []);

    [Theory] // header_too_large
    [InlineData(16UL * 1024 * 1024 + 1)]
    [InlineData(100_000_001UL)]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 7)]
    public void Open_HeaderLengthAboveLimit_IsHeaderTooLarge(ulong length) =>
        Refuses(SafetensorsError.HeaderTooLarge, RawFile.Bytes(length, "{}"u8.ToArray()));

    [Theory] // invalid_header_length
    [InlineData(3UL)]
    [InlineData(16UL * 1024 * 1024)]
    public void Open_HeaderLongerThanFile_IsInvalidHeaderLength(ulong length) =>
        Refuses(SafetensorsError.InvalidHeaderLength, RawFile.Bytes(length, "{}"u8.ToArray()));

    [Fact]
    public void Open_HeaderAsLongAsFile_IsInvalidHeaderLength() =>
        Refuses(SafetensorsError.InvalidHeaderLength, RawFile.Bytes(8 + 2, "{}"u8.ToArray()));

    [Fact] // invalid_header_non_utf8
    public void Open_HeaderNotUtf8_IsInvalidHeader() =>
        Refuses(SafetensorsError.InvalidHeader, RawFile.Bytes(1, [0xFF]));

    [Theory] // invalid_header_not_json, deep JSON, wrong kinds
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"a\"")]
    [InlineData("{}{}")]
    [InlineData("{}x")]
    [InlineData("{} \0")]
    [InlineData("\uFEFF{}")]
    [InlineData("{\"a\":1}")]
    [InlineData("{\"a\":null}")]
    [InlineData("{\"a\":{}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}")]
    [InlineData("{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}")]
    [InlineData("{\"a\":{\"dtype\":\"u8\",\"shape\":[0],\"data_offsets\":[0,0]}}")]
    [InlineData("{\"a\":{\"dtype\":8,\"shape\":[0],\"data_offsets\":[0,0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":0,\"data_offsets\":[0,0]}}")]
    [InlineData("{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}")]
    [InlineData("{\"__metadata__\":{\"a\":1}}")]
    [InlineData("{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}")]
    [InlineData("{\"__metadata__\":[]}")]
    [InlineData("{/* no comments */}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},}")]
    public void Open_HeaderNotOfTheFormat_IsInvalidHeaderDeserialization(string header) =>
        Refuses(SafetensorsError.InvalidHeaderDeserialization, RawFile.Bytes(header));

    [Fact]
    public void Open_DeepJson_IsInvalidHeaderDeserialization() =>
        Refuses(SafetensorsError.InvalidHeaderDeserialization, RawFile.Bytes(new string('[', 1_000_000)));

    [Theory]
    [InlineData("-1")]
    [InlineData("-0")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("\"1\"")]
    [InlineData("true")]
    [InlineData("[1]")]
    public void Open_DimensionNotAWholeNumber_IsInvalidHeaderDeserialization(string dimension) =>
        Refuses(
            SafetensorsError.InvalidHeaderDeserialization,
            RawFile.Bytes("{" + RawFile.Tensor("a", "U8", dimension, "0", "1") + "}", 1)
        );

    [Theory]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"""
    )]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"""
    )]
    [InlineData("""{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"data_offsets":[0,0]}}""")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""")]
    public void Open_SameNameTwice_IsDuplicateKey(string header) =>
        Refuses(SafetensorsError.DuplicateKey, RawFile.Bytes(header));

    [Fact] // json_attack: many tensors over the same bytes
    public void Open_OverlappingTensors_IsInvalidOffset()
    {
        var tensors = Enumerable.Range(0, 10).Select(i => RawFile.Tensor($"weight_{i}", "F32", "2,2", "0", "16"));
        Refuses(SafetensorsError.InvalidOffset, RawFile.Bytes("{" + string.Join(',', tensors) + "}", 16));
    }

    [Theory] // a hole before, a hole between, ends reversed
    [InlineData("1", "3", "3", "5")]
    [InlineData("0", "2", "3", "5")]
    [InlineData("0", "2", "4", "2")]
    [InlineData("0", "2", "2", "1")]
    public void Open_HolesAndReversedOffsets_IsInvalidOffset(string begin, string end, string begin2, string end2) =>
        Refuses(
            SafetensorsError.InvalidOffset,
            RawFile.Bytes(
                "{"
                    + RawFile.Tensor("a", "U8", "2", begin, end)
                    + ","
                    + RawFile.Tensor("b", "U8", "2", begin2, end2)
                    + "}",
                5
            )
        );

    [Theory] // validation_overflow, of the product of the shape and of its bits
    [InlineData("U8", "2,18446744073709551615")]
    [InlineData("U8", "18446744073709551615,2,0")]
    [InlineData("F32", "2305843009213693952")]
    [InlineData("F64", "4294967296,4294967296")]
    [InlineData("U8", "18446744073709551616")]
    [InlineData("U8", "99999999999999999999999999999999999999")]
    public void Open_ShapeBeyond64Bits_IsValidationOverflow(string dtype, string shape) =>
        Refuses(
            SafetensorsError.ValidationOverflow,
            RawFile.Bytes("{" + RawFile.Tensor("a", dtype, shape, "0", "4") + "}", 4)
        );

    [Theory]
    [InlineData("F4", "3", "0", "1")]
    [InlineData("F6_E2M3", "2", "0", "1")]
    public void Open_TornBytes_IsMisalignedSlice(string dtype, string shape, string begin, string end) =>
        Refuses(
            SafetensorsError.MisalignedSlice,
            RawFile.Bytes("{" + RawFile.Tensor("a", dtype, shape, begin, end) + "}", 1)
        );

    [Fact] // invalid_info
    public void Open_ShapeAndOffsetsDiffer_IsTensorInvalidInfo() =>
        Refuses(
            SafetensorsError.TensorInvalidInfo,
            RawFile.Bytes("{" + RawFile.Tensor("a", "F32", "2,2", "0", "4") + "}", 4)
        );

    [Fact]
    public void Open_EndAt2To63_IsRefusedWithoutAllocating() =>
        Refuses(
            SafetensorsError.MetadataIncompleteBuffer,
            RawFile.Bytes("{" + RawFile.Tensor("a", "U8", "1152921504606846976", "0", "1152921504606846976") + "}", 4)
        );

    [Theory] // metadata_incomplete_buffer, an extra byte and a missing one
    [InlineData(3)]
    [InlineData(1)]
    [InlineData(0)]
    public void Open_TooManyOrTooFewBytes_IsMetadataIncompleteBuffer(int bytes) =>
        Refuses(SafetensorsError.MetadataIncompleteBuffer, RawFile.Bytes(TwoBytes, bytes));

    [Fact]
    public void Open_NoTensorsButBytes_IsMetadataIncompleteBuffer() =>
        Refuses(SafetensorsError.MetadataIncompleteBuffer, RawFile.Bytes("{}", 1));

    [Theory] // zero_sized_tensor, empty_shapes_allowed, and tensors without order or with a null metadata
    [InlineData("{}", 0, 0)]
    [InlineData("""{"__metadata__":null}""", 0, 0)]
    [InlineData("""{"a":{"dtype":"I32","shape":[2,0],"data_offsets":[0,0]}}""", 0, 1)]
    [InlineData("""{"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}""", 4, 1)]
    [InlineData("""{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}""", 1, 1)]
    [InlineData(
        """{"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}""",
        3,
        2
    )]
    public void Open_UnusualButLegal_Opens(string header, int bytes, int tensors)
    {
        using var file = Open(RawFile.Bytes(header, bytes));
        Assert.Equal(tensors, file.Tensors.Count);
    }

    [Theory] // whitespace_padded_header, whitespace_leading_padded_header
    [InlineData("", "      ")]
    [InlineData(" \n\t\r ", "")]
    [InlineData("    ", "\n\n")]
    public void Open_WhiteSpaceAroundHeader_Opens(string before, string after)
    {
        using var file = Open(RawFile.Bytes(before + TwoBytes + after, 2));
        var bytes = new byte[2];
        file.Read(file.Tensors["a"], bytes);
        Assert.Equal([0, 1], bytes);
    }

    [Theory]
    [InlineData("0,0,0,0,0,0,0,0,0")]
    public void Open_RankAboveLimit_IsLimitExceeded(string shape) =>
        Refuses(SafetensorsError.LimitExceeded, RawFile.Bytes("{" + RawFile.Tensor("a", "U8", shape, "0", "0") + "}"));

    [Fact]
    public void Open_TooManyTensors_IsLimitExceeded()
    {
        var tensors = Enumerable
            .Range(0, SafetensorsLimits.Tensors + 1)
            .Select(i => RawFile.Tensor($"{i}", "U8", "0", "0", "0"));
        Refuses(SafetensorsError.LimitExceeded, RawFile.Bytes("{" + string.Join(',', tensors) + "}"));
    }

    [Theory]
    [InlineData(512, true)]
    [InlineData(513, false)]
    public void Open_LongName_IsAcceptedUpToTheLimit(int length, bool isAccepted)
    {
        var bytes = RawFile.Bytes("{" + RawFile.Tensor(new string('n', length), "U8", "0", "0", "0") + "}");
        if (isAccepted)
        {
            using var file = Open(bytes);
            Assert.Single(file.Tensors);
        }
        else
        {
            Refuses(SafetensorsError.LimitExceeded, bytes);
        }
    }

    [Fact]
    public void Open_TooMuchMetadata_IsLimitExceeded()
    {
        var entries = Enumerable.Range(0, SafetensorsLimits.MetadataEntries + 1).Select(i => $"\"{i}\":\"\"");
        Refuses(
            SafetensorsError.LimitExceeded,
            RawFile.Bytes("{\"__metadata__\":{" + string.Join(',', entries) + "}}")
        );
        var text = new string('x', SafetensorsLimits.MetadataCharacters);
        Refuses(SafetensorsError.LimitExceeded, RawFile.Bytes($$$"""{"__metadata__":{"k":"{{{text}}}"}}"""));
    }

    [Fact]
    public void Open_SparseTenTerabytes_AllocatesNothing()
    {
        const long Bytes = 10L << 40;
        var header = Encoding.UTF8.GetBytes("{" + RawFile.Tensor("a", "U8", $"{Bytes}", "0", $"{Bytes}") + "}");
        var path = _folder.File("sparse.safetensors", RawFile.Bytes((ulong)header.Length, header));
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(handle, 8 + header.Length + Bytes);
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var file = SafetensorsFile.Open(path);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        var last = new byte[] { 1 };
        file.Read(file.Tensors["a"], Bytes - 1, last);
        Assert.Equal(0, last[0]);
    }

    [Fact]
    public void Open_Refused_NamesTheFileAndFreesIt()
    {
        var path = _folder.File("x.safetensors", new byte[3]);
        var error = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path));
        Assert.Contains("x.safetensors", error.Message, StringComparison.Ordinal);
        File.Delete(path);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Open_HostileName_IsShownShortAndWithoutControlCharacters()
    {
        var name = "\\u001b[31m\\n" + new string('n', 400);
        var path = _folder.File("x.safetensors", RawFile.Bytes("{" + RawFile.Tensor(name, "U8", "1", "0", "0") + "}"));
        var error = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path));
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain(new string('n', 101), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FileCutWhileOpen_IsFileChanged()
    {
        var path = _folder.File("x.safetensors", RawFile.Bytes(TwoBytes, 2));
        using var file = SafetensorsFile.Open(path);
        // A program that heeds no locks.
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(handle, RandomAccess.GetLength(handle) - 1);
        }
        var error = Assert.Throws<SafetensorsException>(() => file.Read(file.Tensors["a"], new byte[2]));
        Assert.Equal(SafetensorsError.FileChanged, error.Error);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 3)]
    [InlineData(2, 1)]
    [InlineData(long.MaxValue, 1)]
    public void Read_OutsideTheTensor_Throws(long offset, int length)
    {
        using var file = Open(RawFile.Bytes(TwoBytes, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(file.Tensors["a"], offset, new byte[length]));
    }

    [Fact]
    public void Read_TensorOfAnotherFile_Throws()
    {
        using var file = Open(RawFile.Bytes(TwoBytes, 2));
        var foreign = file.Tensors["a"] with { Offset = 0 };
        Assert.Throws<ArgumentException>(() => file.Read(foreign, new byte[2]));
    }

    [Fact]
    public void Sha256_IsThatOfTheFile()
    {
        var bytes = RawFile.Bytes(TwoBytes, 2);
        using var file = Open(bytes);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)), file.Sha256());
    }

    private SafetensorsFile Open(byte[] bytes) => SafetensorsFile.Open(_folder.File("test.safetensors", bytes));

    private void Refuses(SafetensorsError error, byte[] bytes) =>
        Assert.Equal(error, Assert.Throws<SafetensorsException>(() => Open(bytes)).Error);
}
