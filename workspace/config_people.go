package workspace

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"germane/internal/document"
	"germane/internal/finding"
)

func (cr *configReader) senders(n *document.Node) []Sender {
	if n == nil {
		return nil
	}
	f := cr.r.Map(n, "senders")
	var senders []Sender
	for _, pair := range f.Node().Pairs {
		if cr.r.Name(pair.Key, "a sender") {
			senders = append(senders, cr.sender(pair))
		}
	}
	f.Require("default", "senders", "name one of the senders default: campaigns and templates that name none use it")
	return senders
}

func (cr *configReader) sender(pair document.Pair) Sender {
	f := cr.r.Map(pair.Value, "a sender")
	what := "sender " + pair.Key.S
	f.Require("name", what, "write the name people see in their inbox: {name: Acme, email: hello@mail.acme.example}")
	f.Require("email", what, "write the address mail is from: {name: Acme, email: hello@mail.acme.example}")
	s := Sender{Name: pair.Key.S, Place: pair.Key}
	s.DisplayName = cr.line(f, "name", 200)
	s.Email = cr.address(f, "email")
	s.ReplyTo = cr.address(f, "reply_to")
	s.PostalAddress = cr.line(f, "postal_address", 500)
	f.Done("a sender")
	return s
}

// line reads a text that will stand in a header or footer: one line, of bounded length.
func (cr *configReader) line(f *document.Fields, key string, most int) string {
	text, ok := f.Text(key)
	if !ok {
		return ""
	}
	if strings.ContainsFunc(text.S, unicode.IsControl) {
		cr.r.Add(text.Whole("bad-value", key+" contains a line break or another control character", "write it on one line"))
		return ""
	}
	if len([]rune(text.S)) > most {
		cr.r.Add(text.Whole("out-of-range", fmt.Sprintf("%s is longer than %d characters", key, most), "shorten it"))
	}
	return text.S
}

func (cr *configReader) address(f *document.Fields, key string) string {
	text, ok := f.Text(key)
	if !ok {
		return ""
	}
	if !ValidAddress(text.S) {
		cr.r.Add(text.Whole("bad-address", fmt.Sprintf("%q is not a mail address", text.S), "write only the address, such as hello@mail.acme.example"))
	}
	return text.S
}

var localForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// ValidAddress reports whether s is a bare mail address whose local part is a dot-atom (RFC 5322, 3.4.1) and whose domain is a
// host name. Quoted local parts and address literals exist in the standard only.
func ValidAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && len(local) <= 64 && len(s) <= 254 && localForm.MatchString(local) && validHost(domain)
}

var hostLabel = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// validHost reports a domain of two or more labels, or localhost.
func validHost(s string) bool {
	labels := strings.Split(strings.ToLower(s), ".")
	for _, label := range labels {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return len(s) <= 253 && (len(labels) > 1 || strings.EqualFold(s, "localhost"))
}

func (cr *configReader) topics(n *document.Node) []Topic {
	f := cr.r.Map(n, "topics")
	var topics []Topic
	for _, pair := range f.Node().Pairs {
		good := cr.r.Name(pair.Key, "a topic")
		title := cr.line(f, pair.Key.S, 100)
		if pair.Value.Kind == document.Null {
			cr.r.Add(pair.Key.Whole("missing-key", "topic "+pair.Key.S+" has no title", "write what people read when they choose: {"+pair.Key.S+": Product tips}"))
		}
		if good {
			topics = append(topics, Topic{Name: pair.Key.S, Title: title, Place: pair.Key})
		}
	}
	return topics
}

func (cr *configReader) consent(n *document.Node) ImportedConsent {
	f := cr.r.Map(n, "consent")
	consent := ImportedConsent{Subscribed: f.OneOf("imported", "none", "none", "subscribed") == "subscribed", Basis: cr.line(f, "basis", 200)}
	if consent.Subscribed && consent.Basis == "" {
		cr.r.Add(f.Key("imported").Whole("missing-key", "people cannot count as subscribed without a basis", `say how they subscribed: {imported: subscribed, basis: "signup form"}`))
		consent.Subscribed = false
	}
	f.Done("consent")
	return consent
}

// recipients reads patterns of addresses. One that fits every address would undo the guard they are part of.
func (cr *configReader) recipients(f *document.Fields) []string {
	var patterns []string
	for _, text := range f.Strings("allow_recipients") {
		probe := strings.ReplaceAll(text.S, "*", "x")
		_, domain, _ := strings.Cut(text.S, "@")
		switch {
		case strings.Trim(domain, "*.") == "" && strings.Contains(text.S, "*"):
			cr.r.Add(text.Whole("out-of-range", fmt.Sprintf("%q would allow mail to everybody", text.S), "name a domain, such as *@acme.example; to mail everybody, run germane arm"))
		case !ValidAddress(probe):
			cr.r.Add(text.Whole("bad-address", fmt.Sprintf("%q is not a pattern of mail addresses", text.S), "write an address in which * stands for anything: *@acme.example"))
		default:
			patterns = append(patterns, text.S)
		}
	}
	return patterns
}

// alerts reads https addresses and mail addresses.
func (cr *configReader) alerts(f *document.Fields) []string {
	var alerts []string
	for _, text := range f.Strings("alerts") {
		if u := webURL(text.S); ValidAddress(text.S) || u != nil && (u.Scheme == "https" || loopback(u.Hostname())) {
			alerts = append(alerts, text.S)
			continue
		}
		cr.r.Add(text.Whole("bad-url", fmt.Sprintf("%q is neither an https address nor a mail address", text.S), "write an address such as https://hooks.acme.example/mail or oncall@acme.example"))
	}
	return alerts
}

func outOfRange(text finding.Text, key string, least, most int64) finding.Finding {
	return text.Whole("out-of-range", fmt.Sprintf("%s is a number from %d to %d, not %s", key, least, most, text.S), "")
}
