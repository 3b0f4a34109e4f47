package workspace

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"germane/internal/document"
	"germane/internal/finding"
)

// Delivery is how messages leave. Secrets are not part of it: they come from the environment.
type Delivery struct {
	Text   string // the address as it was written
	Scheme string // outbox, ses, smtp, smtp+starttls, smtp+tls; "": not set

	Folder string // outbox: where messages are written, relative to the workspace

	Region           string // ses
	ConfigurationSet string // ses; "": none
	Tenant           string // ses; "": none
	Endpoint         string // ses; "": Amazon's own

	Host string // smtp
	Port int    // smtp
	User string // smtp; "": no authentication
}

// DKIM is who signs mail that leaves by SMTP (RFC 6376).
type DKIM struct {
	Domain   string
	Selector string // its public key stands at SELECTOR._domainkey.DOMAIN
}

// Database is where people, runs and versions are kept.
type Database struct {
	Postgres string // its address; "": SQLite
	File     string // SQLite's file, relative to the workspace
}

// webURL returns an absolute http or https address without user and password, nil if s is none.
func webURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !dialHost(u.Hostname()) || badPort(u.Port()) {
		return nil
	}
	return u
}

// dialHost reports a host name, of one label too, or an IP address.
func dialHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return validHost(host) || hostLabel.MatchString(strings.ToLower(host))
}

func badPort(port string) bool {
	if port == "" {
		return false
	}
	_, err := strconv.ParseUint(port, 10, 16)
	return err != nil
}

// loopback reports hosts that never leave the machine.
func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func (cr *configReader) publicURL(f *document.Fields) *url.URL {
	text, ok := f.Text("public_url")
	if !ok {
		return nil
	}
	u := webURL(text.S)
	if u == nil || u.RawQuery != "" || u.Fragment != "" {
		cr.r.Add(text.Whole("bad-url", fmt.Sprintf("%q is not a web address that links can be made of", text.S), "write scheme and host, such as https://links.acme.example"))
		return nil
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		cr.r.Add(text.Whole("public-url-not-https", "people would follow these links without https", "write https://"+u.Host))
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u
}

var deliverySchemes = []string{"outbox", "ses", "smtp", "smtp+starttls", "smtp+tls"}

// The ports of submission (RFC 6409), of submission over TLS (RFC 8314), and of plain SMTP.
var smtpPorts = map[string]int{"smtp": 25, "smtp+starttls": 587, "smtp+tls": 465}

func (cr *configReader) delivery(f *document.Fields) Delivery {
	text, ok := f.Text("delivery")
	if !ok {
		return Delivery{}
	}
	scheme, rest, ok := strings.Cut(text.S, "://")
	switch {
	case !ok || !slices.Contains(deliverySchemes, scheme):
		cr.r.Add(badDelivery(text, fmt.Sprintf("%q is not a way of delivery", scheme),
			finding.DidYouMean(scheme, deliverySchemes, "write outbox://outbox, ses://REGION, smtp+starttls://USER@HOST:587 or smtp+tls://USER@HOST:465")))
		return Delivery{}
	case scheme == "outbox":
		if rest == "" {
			cr.r.Add(badDelivery(text, "the outbox has no folder", "write the folder after outbox://, such as outbox://outbox"))
			return Delivery{}
		}
		return Delivery{Text: text.S, Scheme: scheme, Folder: rest}
	}
	u, err := url.Parse(text.S)
	if err != nil { // the error repeats the address, which may hold a password
		cr.r.Add(badDelivery(text, "this address cannot be read", "write it as in smtp+starttls://USER@HOST:587; a % or @ inside a name is written %25 or %40"))
		return Delivery{}
	}
	if scheme == "ses" {
		return cr.ses(text, u)
	}
	return cr.smtp(text, u)
}

func badDelivery(text finding.Text, what, hint string) finding.Finding {
	return text.Whole("bad-delivery", what, hint)
}

var regionForm = regexp.MustCompile(`^[a-z]{2,3}(?:-[a-z]+)+-[0-9]{1,2}$`)

func (cr *configReader) ses(text finding.Text, u *url.URL) Delivery {
	d := Delivery{Text: text.S, Scheme: "ses", Region: u.Host}
	if !regionForm.MatchString(u.Host) || u.Path != "" && u.Path != "/" {
		cr.r.Add(badDelivery(text, fmt.Sprintf("%q is not a region of Amazon SES", u.Host+u.Path), "write one such as ses://eu-west-1"))
	}
	known := map[string]*string{"configuration_set": &d.ConfigurationSet, "tenant": &d.Tenant, "endpoint": &d.Endpoint}
	names := []string{"configuration_set", "tenant", "endpoint"}
	for _, name := range sortedKeys(u.Query()) {
		if target, ok := known[name]; ok {
			*target = u.Query().Get(name)
		} else {
			cr.r.Add(badDelivery(text, fmt.Sprintf("delivery by SES knows no %q", name), finding.DidYouMean(name, names, "known here: "+strings.Join(names, ", "))))
		}
	}
	if d.Endpoint != "" && webURL(d.Endpoint) == nil {
		cr.r.Add(badDelivery(text, fmt.Sprintf("the endpoint %q is not a web address", d.Endpoint), "write one such as endpoint=http://127.0.0.1:4579"))
	}
	return d
}

func (cr *configReader) smtp(text finding.Text, u *url.URL) Delivery {
	d := Delivery{Text: text.S, Scheme: u.Scheme, Host: u.Hostname(), Port: smtpPorts[u.Scheme], User: u.User.Username()}
	if !dialHost(d.Host) || badPort(u.Port()) {
		cr.r.Add(badDelivery(text, fmt.Sprintf("%q is not the host of a mail server", u.Host), fmt.Sprintf("write one such as %s://USER@mail.acme.example:%d", u.Scheme, d.Port)))
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		d.Port = port
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		cr.r.Add(badDelivery(text, "delivery by SMTP takes only a user, a host and a port", fmt.Sprintf("write %s://USER@HOST:%d", u.Scheme, d.Port)))
	}
	return d
}

// dkim reads who signs. A signature counts for the domain of a mail's sender only (RFC 7489, 3.1.1).
func (cr *configReader) dkim(n *document.Node, senders []Sender) *DKIM {
	if n == nil {
		return nil
	}
	f := cr.r.Map(n, "dkim")
	f.Require("domain", "dkim", "name the domain that mail is from: {domain: mail.acme.example, selector: s1}")
	f.Require("selector", "dkim", "name where the public key stands in the DNS: {domain: mail.acme.example, selector: s1}")
	d := &DKIM{Domain: f.String("domain"), Selector: f.String("selector")}
	if text, ok := f.Text("domain"); ok && cr.host(text) {
		cr.signsFor(text, senders)
	}
	if text, ok := f.Text("selector"); ok && !validHost(text.S) && !hostLabel.MatchString(strings.ToLower(text.S)) {
		cr.r.Add(text.Whole("bad-value", fmt.Sprintf("%q is not a selector", text.S), "write what stands before ._domainkey in the DNS, such as s1"))
	}
	f.Done("dkim")
	return d
}

func (cr *configReader) signsFor(domain finding.Text, senders []Sender) {
	for _, sender := range senders {
		if _, from, ok := strings.Cut(sender.Email, "@"); ok && !strings.EqualFold(from, domain.S) {
			cr.r.Add(domain.Whole("bad-value", fmt.Sprintf("sender %s is from %s, and a signature of %s does not count for that", sender.Name, from, domain.S), "give all senders one domain, and name it here"))
			return
		}
	}
}

// connection is how other programs write where Postgres is, or nearly: taken for a file's name it would make a new database, whose name
// has a password in it.
var connection = regexp.MustCompile(`^(\w+\s*=|(?i:postgres(ql)?):?/.*@)`)

func (cr *configReader) database(f *document.Fields) Database {
	text, ok := f.Text("database")
	scheme, _, isURL := strings.Cut(text.S, "://")
	switch {
	case !ok:
		return Database{File: "germane.db"}
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		if _, err := url.Parse(text.S); err != nil {
			cr.hidden = append(cr.hidden, text.S) // it may hold a password where nobody finds it
			cr.r.Add(text.Whole("bad-database", "this address cannot be read", "write it as in postgres://germane@db.acme.example/germane; a % or @ inside a name is written %25 or %40"))
		}
		return Database{Postgres: text.S}
	case connection.MatchString(text.S):
		cr.hidden = append(cr.hidden, text.S)
		cr.r.Add(text.Whole("bad-database", "this is no file's name, and no address that Germane reads", "write it as in postgres://germane@db.acme.example/germane; a file of such a name as ./NAME"))
		return Database{File: "germane.db"}
	case isURL || text.S == "":
		if strings.Contains(text.S, "@") {
			cr.hidden = append(cr.hidden, text.S)
		}
		cr.r.Add(text.Whole("bad-database", fmt.Sprintf("%q is not a kind of database", scheme), "write a file's name such as germane.db, or postgres://USER@HOST/NAME"))
		return Database{File: "germane.db"}
	}
	return Database{File: text.S}
}

func (cr *configReader) host(text finding.Text) bool {
	if validHost(text.S) {
		return true
	}
	hint := "write only the name, such as acme.example"
	if u := webURL(text.S); u != nil {
		hint = "write only the name: " + u.Hostname()
	}
	cr.r.Add(text.Whole("bad-host", fmt.Sprintf("%q is not a host name", text.S), hint))
	return false
}

func (cr *configReader) hosts(f *document.Fields, key string) []string {
	var hosts []string
	for _, text := range f.Strings(key) {
		if cr.host(text) {
			hosts = append(hosts, strings.ToLower(text.S))
		}
	}
	return hosts
}

func (cr *configReader) listen(n *document.Node) Listen {
	f := cr.r.Map(n, "listen")
	listen := Listen{Public: cr.endpoint(f, "public", "127.0.0.1:8080"), Private: cr.endpoint(f, "private", "127.0.0.1:8081")}
	if text, ok := f.Text("private"); ok && listen.Public == listen.Private && !strings.HasSuffix(listen.Public, ":0") {
		cr.r.Add(text.Whole("bad-host", "both servers would listen on "+text.S, "give the private one a port of its own"))
	}
	f.Done("listen")
	return listen
}

func (cr *configReader) endpoint(f *document.Fields, key, fallback string) string {
	text, ok := f.Text(key)
	if !ok {
		return fallback
	}
	host, port, err := net.SplitHostPort(text.S)
	if err != nil || port == "" || badPort(port) || host != "" && !dialHost(host) {
		cr.r.Add(text.Whole("bad-host", fmt.Sprintf("%q is not an address and port to listen on", text.S), "write both, such as "+fallback))
		return fallback
	}
	return text.S
}

func (cr *configReader) proxies(f *document.Fields) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range f.Strings("trusted_proxies") {
		if prefix, err := netip.ParsePrefix(text.S); err == nil {
			prefixes = append(prefixes, prefix.Masked())
		} else if address, err := netip.ParseAddr(text.S); err == nil && address.Zone() == "" {
			prefixes = append(prefixes, netip.PrefixFrom(address, address.BitLen()))
		} else {
			cr.r.Add(text.Whole("bad-host", fmt.Sprintf("%q is not an IP address or network", text.S), "write one such as 10.0.0.7 or 10.0.0.0/8"))
		}
	}
	return prefixes
}

var arnForm = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$`)

func (cr *configReader) sns(n *document.Node) []string {
	f := cr.r.Map(n, "sns")
	var topics []string
	for _, text := range f.Strings("topics") {
		if arnForm.MatchString(text.S) {
			topics = append(topics, text.S)
			continue
		}
		cr.r.Add(text.Whole("bad-value", fmt.Sprintf("%q is not the ARN of an SNS topic", text.S), "copy it from the AWS console: arn:aws:sns:eu-west-1:123456789012:mail-events"))
	}
	f.Done("sns")
	return topics
}
