package workspace

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"germane/internal/document"
	"germane/internal/finding"
)

var (
	secretKey = regexp.MustCompile(`(?i)(?:^|_)(?:password|passwd|passphrase|secret|token|api_?key|(?:secret_)?access_?key(?:_id)?|private_?key|credentials?)$`)
	// secretValue finds a password in an address, a password in a query, an AWS access key, a private key.
	secretValue = regexp.MustCompile(`://[^/?#@\s:]*:([^/?#@\s]+)@|[?&](?:password|secret|token|api_key)=([^&\s]+)|\b((?:AKIA|ASIA)[0-9A-Z]{16})\b|(-----BEGIN [A-Z ]*PRIVATE KEY-----[^\0]*)`)
)

// secrets are texts that must not be repeated, not even in a finding.
type secrets []string

// takeSecrets reports secrets in a document and takes keys that hold nothing else out of it.
func takeSecrets(r *document.Reader, n *document.Node) secrets {
	var found secrets
	for _, item := range n.Items {
		found = append(found, takeSecrets(r, item)...)
	}
	n.Pairs = slices.DeleteFunc(n.Pairs, func(pair document.Pair) bool {
		if pair.Value.Kind == document.Scalar && pair.Value.Text.S != "" && secretKey.MatchString(pair.Key.S) {
			r.Add(pair.Key.Whole("secret-in-file", pair.Key.S+" is a secret, and this file is no place for one", secretHint(pair.Key.S)))
			found = append(found, pair.Value.Text.S)
			return true
		}
		found = append(found, takeSecrets(r, pair.Value)...)
		return false
	})
	if n.Kind == document.Scalar {
		found = append(found, secretsIn(r, n.Text)...)
	}
	return found
}

func secretsIn(r *document.Reader, text finding.Text) secrets {
	var found secrets
	for _, match := range secretValue.FindAllStringSubmatchIndex(text.S, -1) {
		for group := 2; group < len(match); group += 2 {
			if match[group] < 0 {
				continue
			}
			secret := text.Slice(match[group], match[group+1])
			r.Add(secret.Whole("secret-in-file", "this is a secret, and this file is no place for one", secretHint(text.S)))
			found = append(found, secret.S)
		}
	}
	return found
}

// secretsOf finds secrets in the variables that override keys, where they may be.
func secretsOf(environment map[string]string) secrets {
	var found secrets
	for variable, value := range environment {
		if !strings.HasPrefix(variable, prefix) {
			continue
		}
		for _, match := range secretValue.FindAllStringSubmatch(value, -1) {
			for _, secret := range match[1:] {
				if secret != "" {
					found = append(found, secret)
				}
			}
		}
	}
	return found
}

// secretHint says where the secret belongs; of is its key, or the address it stands in.
func secretHint(of string) string {
	where := "the environment"
	switch {
	case strings.HasPrefix(of, "smtp"):
		where = "GERMANE_SMTP_PASSWORD, or a file that GERMANE_SMTP_PASSWORD_FILE names"
	case strings.HasPrefix(of, "postgres"):
		where = "GERMANE_DATABASE_PASSWORD, or a file that GERMANE_DATABASE_PASSWORD_FILE names"
	}
	return "move it to " + where + ", and change it: whoever saw this file knows it"
}

// mask replaces secrets in what findings show. A secret of several lines is masked line by line, as findings show lines.
func (s secrets) mask(findings []finding.Finding) {
	for _, secret := range s {
		for line := range strings.Lines(secret) {
			line = strings.TrimSpace(line)
			stars := strings.Repeat("*", utf8.RuneCountInString(line))
			for i := range findings {
				f := &findings[i]
				f.Excerpt = strings.ReplaceAll(f.Excerpt, line, stars)
				if len(line) >= minMasked {
					f.Text, f.Hint = strings.ReplaceAll(f.Text, line, stars), strings.ReplaceAll(f.Hint, line, stars)
				}
			}
		}
	}
}

// minMasked spares our own words from a secret that is a letter or two.
const minMasked = 4
