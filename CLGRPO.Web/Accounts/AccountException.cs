namespace CLGRPO.Web.Accounts;

/// <summary>What was asked about accounts is not possible; the message is for the person who asked.</summary>
public sealed class AccountException(string message) : Exception(message);
