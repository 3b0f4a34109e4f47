// Package dns asks what the DNS says of a sender's domain, as those do who receive its mail: SPF (RFC 7208), DKIM keys (RFC 6376), DMARC
// (RFC 7489), where replies go, whose an address is.
//
// It judges nothing by the mail that is sent; what the answers mean, and what to do about them, `germane doctor` says. A [Resolver]
// asks; [SPF], [DMARC] and [Key] are answers. Whatever comes from the DNS is bounded here, and may hold anything: whoever prints it
// makes sure of that.
package dns
