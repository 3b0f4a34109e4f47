package dns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// SPF is what a domain says about who may send in its name.
type SPF struct {
	Record   string
	All      string   // what it says of everybody else: "-" no, "~" rather not, "?" nothing, "+" yes
	Includes []string // domains whose senders may, at any depth
	Lookups  int      // that a receiver may have to make to read it
}

// MostSPFLookups is how many lookups a receiver makes. It reads no record that needs more (RFC 7208, 4.6.4).
const MostSPFLookups = 10

// Errors of records that count for nothing.
var (
	ErrSeveral = errors.New("there is more than one, and so none counts")
	ErrLookups = fmt.Errorf("it takes more than %d lookups to read, and so it does not count", MostSPFLookups)
)

// SPF reads a domain's record and those that it includes. The error is an [ErrNone], an [ErrSeveral] or an [ErrLookups], or says what
// is wrong with a record; what was read until then comes with it.
func (r *Resolver) SPF(ctx context.Context, domain string) (*SPF, error) {
	s := &SPF{}
	record, err := r.spfRecord(ctx, domain)
	if err != nil {
		return s, err
	}
	s.Record = record
	s.All, err = r.readSPF(ctx, s, domain, record)
	return s, err
}

func (r *Resolver) spfRecord(ctx context.Context, domain string) (string, error) {
	texts, err := r.TXT(ctx, domain)
	if err != nil {
		return "", err
	}
	texts = slices.DeleteFunc(texts, func(text string) bool {
		version, _, _ := strings.Cut(text, " ")
		return !strings.EqualFold(version, "v=spf1")
	})
	switch len(texts) {
	case 0:
		return "", ErrNone
	case 1:
		return texts[0], nil
	}
	return "", ErrSeveral
}

// readSPF counts the lookups of a record and follows it. It returns what the record says of all others.
func (r *Resolver) readSPF(ctx context.Context, s *SPF, domain, record string) (all string, err error) {
	redirect := ""
	for _, term := range strings.Fields(record)[1:] {
		qualifier, name, value, err := cutTerm(term)
		if err != nil {
			return "", fmt.Errorf("in the record of %s: %w", domain, err)
		}
		switch name {
		case "all":
			all = qualifier
		case "include":
			s.Includes = append(s.Includes, plain(value))
			if _, err := r.followSPF(ctx, s, value); err != nil {
				return all, err
			}
		case "redirect":
			redirect = value
		case "a", "mx", "ptr", "exists":
			if s.Lookups++; s.Lookups > MostSPFLookups {
				return all, ErrLookups
			}
		}
	}
	if redirect != "" && all == "" {
		s.Includes = append(s.Includes, plain(redirect))
		return r.followSPF(ctx, s, redirect)
	}
	return all, nil
}

// followSPF reads the record of another domain. That there is none is a mistake of the record that leads there.
func (r *Resolver) followSPF(ctx context.Context, s *SPF, domain string) (all string, err error) {
	if s.Lookups++; s.Lookups > MostSPFLookups {
		return "", ErrLookups
	}
	if strings.Contains(domain, "%") {
		return "", nil // a macro: it depends on the mail
	}
	record, err := r.spfRecord(ctx, domain)
	switch {
	case errors.Is(err, ErrNone):
		return "", fmt.Errorf("it leads to %s, which has no such record", domain)
	case errors.Is(err, ErrSeveral):
		return "", fmt.Errorf("it leads to %s, which has more than one", domain)
	case err != nil:
		return "", err
	}
	return r.readSPF(ctx, s, domain, record)
}

// cutTerm reads a mechanism or modifier (RFC 7208, 4.6.1), without its network.
func cutTerm(term string) (qualifier, name, value string, err error) {
	qualifier = "+"
	if strings.ContainsRune("+-~?", rune(term[0])) {
		qualifier, term = term[:1], term[1:]
	}
	end := strings.IndexAny(term, ":=/")
	if end < 0 {
		end = len(term)
	}
	name, value = strings.ToLower(term[:end]), term[end:]
	modifier := strings.HasPrefix(value, "=")
	if strings.HasPrefix(value, ":") || modifier {
		value = value[1:]
	}
	switch name {
	case "include", "exists", "redirect", "ip4", "ip6":
		if value == "" || modifier != (name == "redirect") {
			return "", "", "", fmt.Errorf("%s leads nowhere", name)
		}
	case "all", "a", "mx", "ptr":
		if modifier {
			return "", "", "", fmt.Errorf("%s= is no term of SPF", name)
		}
	default:
		if !modifier || name == "" { // unknown modifiers are let be
			return "", "", "", errors.New("one of its terms is none of SPF")
		}
	}
	return qualifier, name, value, nil
}
