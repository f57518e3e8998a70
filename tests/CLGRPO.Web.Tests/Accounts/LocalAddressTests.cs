using CLGRPO.Web.Accounts;

namespace CLGRPO.Web.Tests.Accounts;

public sealed class LocalAddressTests
{
    [Theory]
    [InlineData("//evil")]
    [InlineData("////evil")]
    [InlineData("/\\evil")]
    [InlineData("\\\\evil")]
    [InlineData("https:evil")]
    [InlineData("https://evil")]
    [InlineData("%2f%2fevil")]
    [InlineData("/%2fevil")]
    [InlineData("/%5cevil")]
    [InlineData("/\t/evil")]
    [InlineData("javascript:alert(1)")]
    [InlineData("")]
    [InlineData(null)]
    public void Or_AddressOfElsewhere_IsReplaced(string? address) => Assert.Equal("/", LocalAddress.Or(address, "/"));

    [Theory]
    [InlineData("/")]
    [InlineData("/admin")]
    [InlineData("/runs/one?step=4&view=a//b")]
    public void Or_PathOfTheSite_Stays(string address) => Assert.Equal(address, LocalAddress.Or(address, "/"));
}
