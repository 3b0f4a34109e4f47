package workspace

import (
	"slices"
	"strings"

	"germane/internal/document"
	"germane/internal/finding"
)

// Mail programs that are looked up where none are named, and all that can be: families of caniemail.com.
var (
	defaultClients = []string{"gmail", "apple-mail", "outlook", "yahoo"}
	knownClients   = []string{
		"aol", "apple-mail", "fastmail", "free-fr", "gmail", "gmx", "hey", "ionos-1and1", "laposte", "mail-ru", "orange", "outlook", "protonmail", "rainloop", "samsung-email", "sfr", "t-online-de",
		"thunderbird", "web-de", "wp-pl", "yahoo",
	}
)

// KnownClients returns the families of mail programs that germane.yaml may name.
func KnownClients() []string { return slices.Clone(knownClients) }

// clients reads which mail programs the people of a workspace use.
func (cr *configReader) clients(f *document.Fields) []string {
	var names []string
	for _, text := range f.Strings("clients") {
		switch {
		case !slices.Contains(knownClients, text.S):
			cr.r.Add(text.Whole("bad-value", "there is no family of mail programs "+text.S, finding.DidYouMean(text.S, knownClients, "known are "+strings.Join(knownClients, ", "))))
		case !slices.Contains(names, text.S):
			names = append(names, text.S)
		}
	}
	if len(names) == 0 {
		return slices.Clone(defaultClients)
	}
	return names
}
