package check

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"germane/internal/finding"
)

var unfinished = regexp.MustCompile(`(?i)\b(?:todo|fixme|xxx+|tbd|lorem|placeholder|your-?domain|your-?link)\b`)

// target reports a link that leads nowhere, or not where it should.
func (r *reader) target(l *pageLink) {
	report := func(code finding.Code, text, hint string) {
		r.findings = append(r.findings, r.atLink(l, code, text, hint))
	}
	known, _, dynamic := strings.Cut(l.target, aValue)
	scheme, _, absolute := strings.Cut(known, ":")
	address, err := url.Parse(strings.ReplaceAll(l.target, aValue, "x"))
	switch scheme = strings.ToLower(scheme); {
	case l.target == "" || l.target == "#":
		report("placeholder-link", "this link leads nowhere", "write where it should lead, or leave the link out")
	case l.target[0] == '#', absolute && (scheme == "mailto" || scheme == "tel" || scheme == "sms"):
	case unfinished.MatchString(known):
		report("placeholder-link", "this link is not finished: "+shortened(known), "write where it should lead")
	case dynamic && !absolute:
	case err != nil || strings.ContainsAny(known, " \t\n\"<>\\^`{|}"):
		report("bad-link", "this is no address: "+shortened(known), "write it as a browser shows it, with %20 for a space")
	case !absolute:
		report("bad-link", "this link has no scheme: "+shortened(known)+" leads nowhere from a mail", "write https:// before it")
	case !dynamic && (scheme == "http" || scheme == "https") && !strings.Contains(address.Hostname(), ".") && !strings.Contains(address.Hostname(), ":"):
		report("bad-link", "no reader can reach "+shortened(address.Host), "write a host on the internet, such as acme.example")
	case placeholderHost(address.Hostname()):
		report("placeholder-link", address.Hostname()+" is kept for examples, and leads nowhere", "write where the link should lead")
	case scheme == "http":
		report("link-not-https", "this link can be read and changed on its way: "+shortened(known), "write https://")
	}
}

// placeholderHost says whether a host is one of those kept for documentation under real endings (RFC 2606). Names that end in
// .example or .invalid are what workspaces are tried out with.
func placeholderHost(host string) bool {
	host = strings.ToLower(host)
	for _, name := range []string{"example.com", "example.org", "example.net"} {
		if host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return false
}

func shortened(target string) string {
	if characters := []rune(target); len(characters) > 60 {
		return string(characters[:57]) + "…"
	}
	return target
}

// vague are link texts that say nothing when a screen reader lists them.
var vague = map[string]bool{
	"click here": true, "here": true, "click": true, "tap here": true, "this": true, "this link": true, "link": true, "more": true, "read more": true, "learn more": true, "more info": true, "go": true,
}

// endLink judges the text of the link that ends.
func (r *reader) endLink() {
	if r.link == nil {
		return
	}
	l := r.link
	r.link = nil
	r.links = append(r.links, *l)
	label := wording(l.label.String())
	switch {
	case label == "" && !l.pictures:
		r.findings = append(r.findings, r.atLink(l, "link-without-text", "this link has no text", "write what it leads to; a picture says it in alt"))
	case vague[strings.Trim(label, " .!…»→>")] && !l.pictures:
		r.findings = append(r.findings, r.atLink(l, "vague-link-text", fmt.Sprintf("%q does not say where the link leads", strings.TrimSpace(l.label.String())), "name what is there: screen readers list links without the text around them"))
	}
}

// labelled reports links of one text that lead to different places.
func (r *reader) labelled() []finding.Finding {
	first := map[string]*pageLink{}
	var findings []finding.Finding
	for i := range r.links {
		l := &r.links[i]
		label := wording(l.label.String())
		if label == "" || strings.Contains(label, aValue) || vague[label] {
			continue
		}
		before, ok := first[label]
		switch {
		case !ok:
			first[label] = l
		case before.target != l.target && r.together(before.start, l.start):
			findings = append(findings, r.atLink(l, "ambiguous-link-text", fmt.Sprintf("another link of this message is called %q, too, and leads elsewhere", strings.TrimSpace(l.label.String())), "say in each what is different"))
		}
	}
	return findings
}
