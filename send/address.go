package send

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Kind is what delivers.
type Kind uint8

// The kinds.
const (
	OutboxKind Kind = iota
	SMTPKind
	SESKind
)

// Security is how a connection to an SMTP server is protected.
type Security uint8

// The kinds of protection.
const (
	Plain    Security = iota // smtp://
	StartTLS                 // smtp+starttls://; a server without it gets no mail
	TLS                      // smtp+tls://
)

// Address is where mails are delivered: germane.yaml's delivery.
type Address struct {
	Kind Kind
	Dir  string // outbox: a folder, relative to the workspace or absolute

	Host     string // SMTP
	Port     int
	Security Security
	User     string // "": no authentication

	Region           string // SES
	ConfigurationSet string // "": none
	Tenant           string // "": none
	Endpoint         string // "": the region's own
}

// ErrPassword is returned for an address with a password in it: addresses stand in files and logs.
var ErrPassword = errors.New("a password does not belong in a delivery address: put it into GERMANE_SMTP_PASSWORD, or its file's name into GERMANE_SMTP_PASSWORD_FILE")

// ParseURL reads a delivery address: outbox://DIR, smtp://HOST:PORT, smtp+starttls://USER@HOST:PORT, smtp+tls://USER@HOST:PORT, or
// ses://REGION?configuration_set=…&tenant=…&endpoint=….
func ParseURL(text string) (Address, error) {
	if dir, ok := strings.CutPrefix(text, "outbox://"); ok {
		if dir == "" || strings.ContainsRune(dir, 0) {
			return Address{}, errors.New("an outbox needs a folder: outbox://outbox")
		}
		return Address{Kind: OutboxKind, Dir: filepath.FromSlash(dir)}, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return Address{}, errors.New("this is no address: write outbox://outbox, smtp+starttls://USER@HOST:587 or ses://REGION") // err would repeat a password
	}
	if _, has := u.User.Password(); has {
		return Address{}, ErrPassword
	}
	if u.Path != "" && u.Path != "/" || u.Fragment != "" || u.Opaque != "" {
		return Address{}, fmt.Errorf("nothing can follow the host in %s", text)
	}
	switch u.Scheme {
	case "smtp":
		return parseSMTP(u, Plain, 25)
	case "smtp+starttls":
		return parseSMTP(u, StartTLS, 587)
	case "smtp+tls":
		return parseSMTP(u, TLS, 465)
	case "ses":
		return parseSES(u)
	}
	return Address{}, fmt.Errorf("%q is not a way to deliver: there are outbox, smtp, smtp+starttls, smtp+tls and ses", u.Scheme)
}

func parseSMTP(u *url.URL, security Security, port int) (Address, error) {
	a := Address{Kind: SMTPKind, Host: u.Hostname(), Port: port, Security: security, User: u.User.Username()}
	if a.Host == "" {
		return Address{}, fmt.Errorf("%s:// needs a host", u.Scheme)
	}
	if text := u.Port(); text != "" {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil || number == 0 {
			return Address{}, fmt.Errorf("%s is not a port", text)
		}
		a.Port = int(number)
	}
	if security == Plain && a.User != "" && !a.Loopback() {
		return Address{}, errors.New("smtp:// would send the password unprotected: write smtp+starttls:// or smtp+tls://")
	}
	err := options(u, nil)
	return a, err
}

func parseSES(u *url.URL) (Address, error) {
	a := Address{Kind: SESKind, Region: u.Host}
	if !isOpaque(a.Region) || u.User != nil {
		return Address{}, errors.New("ses:// needs a region and nothing else: ses://eu-west-1")
	}
	if err := options(u, map[string]*string{"configuration_set": &a.ConfigurationSet, "tenant": &a.Tenant, "endpoint": &a.Endpoint}); err != nil {
		return Address{}, err
	}
	for _, name := range []string{a.ConfigurationSet, a.Tenant} {
		if name != "" && !isOpaque(name) {
			return Address{}, fmt.Errorf("%q is not a name that SES takes", name)
		}
	}
	if a.Endpoint == "" {
		return a, nil
	}
	end, err := url.Parse(a.Endpoint)
	if err != nil || end.Host == "" || end.User != nil || end.Scheme != "https" && (end.Scheme != "http" || !isLoopback(end.Hostname())) {
		return Address{}, fmt.Errorf("endpoint %s is not an https address (http only on this machine)", a.Endpoint)
	}
	return a, nil
}

// options reads a query that may hold these names, each once.
func options(u *url.URL, known map[string]*string) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fmt.Errorf("what follows the ? is not readable: %w", err)
	}
	for name, values := range query {
		value := known[name]
		if value == nil || len(values) != 1 || values[0] == "" {
			return fmt.Errorf("%s:// does not take %s like this", u.Scheme, name)
		}
		*value = values[0]
	}
	return nil
}

// Loopback reports whether mails stay on this machine, as far as an address can tell. Such a delivery needs no arming.
func (a *Address) Loopback() bool {
	switch a.Kind {
	case SMTPKind:
		return isLoopback(a.Host)
	case SESKind:
		end, err := url.Parse(a.Endpoint)
		return err == nil && isLoopback(end.Hostname())
	}
	return true
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback()
}

// String says where mails go, for people.
func (a *Address) String() string {
	switch a.Kind {
	case SMTPKind:
		return fmt.Sprintf("smtp server %s", net.JoinHostPort(a.Host, strconv.Itoa(a.Port)))
	case SESKind:
		if a.Endpoint != "" {
			return fmt.Sprintf("ses %s at %s", a.Region, a.Endpoint)
		}
		return "ses " + a.Region
	}
	return "outbox " + a.Dir
}

// Options are what a transport needs beyond its address.
type Options struct {
	Root        string        // what a relative outbox is relative to; "": the current folder
	Password    string        // of the SMTP user
	DKIM        *DKIM         // signs mails for SMTP; nil: they are not signed here
	Hello       string        // the name to say to SMTP servers; "": this machine's
	TLS         *tls.Config   // nil: the system's roots
	Concurrency int           // sends in flight; 0: 16
	Timeout     time.Duration // for a step before a mail's last byte; 0: 30 s
	Answer      time.Duration // for the answer after it; 0: 2 min, because whoever gives up early is in doubt
}

func (o Options) withDefaults() Options {
	if o.Concurrency == 0 {
		o.Concurrency = 16
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Answer == 0 {
		o.Answer = 2 * time.Minute
	}
	return o
}

// Open makes the transport for an address. Nothing is connected before the first mail.
func (a *Address) Open(ctx context.Context, o Options) (Transport, error) {
	o = o.withDefaults()
	switch a.Kind {
	case SMTPKind:
		return openSMTP(a, o)
	case SESKind:
		return openSES(ctx, a, o)
	}
	dir := a.Dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(o.Root, dir)
	}
	return openOutbox(dir)
}

// isOpaque reports whether a text can be an id, a tag or a name for a provider.
func isOpaque(text string) bool {
	for i := range len(text) {
		b := text[i]
		if b|0x20 < 'a' || b|0x20 > 'z' {
			if (b < '0' || b > '9') && b != '-' && b != '_' {
				return false
			}
		}
	}
	return text != "" && len(text) <= 256
}
