package dns

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// DMARC is what a domain wants done with mail that pretends to come from it.
type DMARC struct {
	At         string // the domain whose record it is: this one's, or that of its organisation
	Policy     string // none, quarantine or reject, for this domain
	StrictDKIM bool   // the signature must be of the very domain in From, and not only of the same organisation's
	StrictSPF  bool   // likewise for where bounces go
	Reports    bool   // somebody gets reports
}

// DMARC reads the policy for a domain in From. The error is an [ErrNone] or an [ErrSeveral], or says what is wrong with the record.
func (r *Resolver) DMARC(ctx context.Context, domain string) (*DMARC, error) {
	organisation := Organisation(domain)
	d, err := r.policyAt(ctx, domain, false)
	if errors.Is(err, ErrNone) && organisation != plain(domain) {
		return r.policyAt(ctx, organisation, true)
	}
	return d, err
}

func (r *Resolver) policyAt(ctx context.Context, domain string, ofSubdomain bool) (*DMARC, error) {
	texts, err := r.TXT(ctx, "_dmarc."+domain)
	if err != nil {
		return nil, err
	}
	texts = slices.DeleteFunc(texts, func(text string) bool {
		version, _, _ := strings.Cut(text, ";")
		return strings.ReplaceAll(version, " ", "") != "v=DMARC1"
	})
	switch len(texts) {
	case 0:
		return nil, ErrNone
	case 1:
		return readPolicy(plain(domain), texts[0], ofSubdomain)
	}
	return nil, ErrSeveral
}

func readPolicy(domain, text string, ofSubdomain bool) (*DMARC, error) {
	tags := readTags(text)
	d := &DMARC{At: domain, Policy: strings.ToLower(tags["p"]), Reports: tags["rua"] != ""}
	d.StrictDKIM, d.StrictSPF = strings.EqualFold(tags["adkim"], "s"), strings.EqualFold(tags["aspf"], "s")
	if sub := strings.ToLower(tags["sp"]); ofSubdomain && sub != "" {
		d.Policy = sub
	}
	if !slices.Contains([]string{"none", "quarantine", "reject"}, d.Policy) {
		if !d.Reports {
			return nil, errors.New("its policy is none of none, quarantine and reject")
		}
		d.Policy = "none" // RFC 7489, 6.6.3
	}
	return d, nil
}

// readTags reads tag=value; tag=value (RFC 6376, 3.2).
func readTags(text string) map[string]string {
	tags := map[string]string{}
	for pair := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); ok && tags[name] == "" {
			tags[name] = strings.TrimSpace(value)
		}
	}
	return tags
}

// Organisation is the domain that somebody registered: acme.co.uk of mail.acme.co.uk.
func Organisation(domain string) string {
	organisation, err := publicsuffix.EffectiveTLDPlusOne(plain(domain))
	if err != nil {
		return plain(domain)
	}
	return organisation
}

// Aligned reports whether a domain that SPF or DKIM vouches for speaks for the domain in From (RFC 7489, 3.1).
func Aligned(from, other string, strict bool) bool {
	if strict {
		return plain(from) == plain(other)
	}
	return Organisation(from) == Organisation(other)
}
