package dns

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/internal/testkit"
)

func resolver(t *testing.T, zone string) *Resolver {
	t.Helper()
	server, err := testkit.StartDNS(zone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	r, err := NewResolver(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSPF(t *testing.T) {
	t.Parallel()
	zone := &strings.Builder{}
	for i := range 12 { // l1 takes 11 lookups to read, l2 ten
		fmt.Fprintf(zone, "l%d.example TXT v=spf1 include:l%d.example -all\n", i, i+1)
	}
	r := resolver(t, zone.String()+`
l12.example TXT v=spf1 ip4:192.0.2.1 -all
ses.example TXT other
ses.example TXT v=spf1 include:amazonses.com ~all
amazonses.com TXT V=SPF1 ip4:199.255.192.0/22 ip6:2001:db8::/32 -all
deep.example TXT v=spf1 a mx:x.example/24 -exists:%{i}.x.example include:%{d}.x.example ?include:ses.example redirect=l12.example
ended.example TXT v=spf1 redirect=nowhere.example +all
two.example TXT v=spf1 -all
two.example TXT v=spf1 ~all
loop.example TXT v=spf1 include:loop.example -all
nowhere.example A 192.0.2.1
lost.example TXT v=spf1 include:nowhere.example -all
wrong.example TXT v=spf1 ipv4:192.0.2.1 -all
empty.example TXT v=spf1 include: -all
odd.example TXT v=spf1 a=b exp=x.example + all
bare.example TXT v=spf1
later.example TXT v=spf10 -all
broken.example FAIL
many.example TXT v=spf1 `+strings.Repeat("a ", 11)+`-all
`)
	for domain, want := range map[string]string{
		"ses.example":     "~ 1 [amazonses.com]",
		"SES.Example.":    "~ 1 [amazonses.com]",
		"deep.example":    "- 7 [%{d}.x.example ses.example amazonses.com l12.example]",
		"ended.example":   "+ 0 []",
		"l2.example":      "- 10 [l3.example l4.example l5.example l6.example l7.example l8.example l9.example l10.example l11.example l12.example]",
		"l1.example":      ErrLookups.Error(),
		"loop.example":    ErrLookups.Error(),
		"many.example":    ErrLookups.Error(),
		"two.example":     ErrSeveral.Error(),
		"nowhere.example": ErrNone.Error(),
		"other.example":   ErrNone.Error(),
		"later.example":   ErrNone.Error(),
		"lost.example":    "it leads to nowhere.example, which has no such record",
		"wrong.example":   "in the record of wrong.example: one of its terms is none of SPF",
		"empty.example":   "in the record of empty.example: include leads nowhere",
		"odd.example":     "in the record of odd.example: a= is no term of SPF",
		"bare.example":    " 0 []",
		"broken.example":  "the DNS does not say: server misbehaving",
	} {
		s, err := r.SPF(t.Context(), domain)
		got := fmt.Sprint(s.All, " ", s.Lookups, " ", s.Includes)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", domain, got, want)
		}
	}
}

func TestDMARC(t *testing.T) {
	t.Parallel()
	r := resolver(t, `
_dmarc.acme.example TXT v=DMARC1; p=reject; sp=Quarantine; rua=mailto:dmarc@acme.example; adkim=s
_dmarc.own.acme.example TXT v=DMARC1;p=none
_dmarc.plain.example TXT other
_dmarc.plain.example TXT v = DMARC1 ; p = reject ; aspf = S
_dmarc.two.example TXT v=DMARC1; p=none
_dmarc.two.example TXT v=DMARC1; p=reject
_dmarc.wrong.example TXT v=DMARC1; p=nothing
_dmarc.reports.example TXT v=DMARC1; rua=mailto:x@reports.example
_dmarc.old.example TXT v=DMARC2; p=none
_dmarc.acme.co.uk TXT v=DMARC1; p=quarantine
`)
	for domain, want := range map[string]string{
		"acme.example":        "{acme.example reject true false true}",
		"mail.acme.example":   "{acme.example quarantine true false true}",
		"a.mail.acme.example": "{acme.example quarantine true false true}",
		"own.acme.example":    "{own.acme.example none false false false}",
		"plain.example":       "{plain.example reject false true false}",
		"mail.acme.co.uk":     "{acme.co.uk quarantine false false false}",
		"reports.example":     "{reports.example none false false true}",
		"two.example":         ErrSeveral.Error(),
		"wrong.example":       "its policy is none of none, quarantine and reject",
		"old.example":         ErrNone.Error(),
		"none.example":        ErrNone.Error(),
		"co.uk":               ErrNone.Error(),
	} {
		d, err := r.DMARC(t.Context(), domain)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(*d)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", domain, got, want)
		}
	}
}

func TestAligned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, other string
		strict      bool
		want        bool
	}{
		{"mail.acme.example", "acme.example", false, true},
		{"mail.acme.example", "acme.example", true, false},
		{"Acme.example", "acme.example.", true, true},
		{"acme.co.uk", "other.co.uk", false, false},
		{"a.github.io", "b.github.io", false, false},
		{"acme.example", "notacme.example", false, false},
		{"localhost", "localhost", false, true},
	} {
		if got := Aligned(c.from, c.other, c.strict); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	public, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	ofEd, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString
	r := resolver(t, `
s1._domainkey.acme.example CNAME s1.dkim.provider.example
s1.dkim.provider.example TXT v=DKIM1; k=rsa; t=s:y; p=`+text(pkix)[:20]+" "+text(pkix)[20:]+`
old._domainkey.acme.example TXT p=`+text(x509.MarshalPKCS1PublicKey(&private.PublicKey))+`
ed._domainkey.acme.example TXT v=DKIM1; k=ed25519; p=`+text(public)+`
back._domainkey.acme.example TXT v=DKIM1; p=
half._domainkey.acme.example TXT v=DKIM1; p=`+text(pkix)[:100]+`
text._domainkey.acme.example TXT v=DKIM1; p=***
none._domainkey.acme.example TXT v=DKIM1
version._domainkey.acme.example TXT v=DKIM2; p=x
kind._domainkey.acme.example TXT k=dsa; p=AAAA
wrong._domainkey.acme.example TXT k=rsa; p=`+text(ofEd)+`
two._domainkey.acme.example TXT p=
two._domainkey.acme.example TXT v=DKIM1; p=
gone._domainkey.acme.example CNAME gone.provider.example
`)
	for selector, want := range map[string]string{
		"s1":      "1024 true rsa",
		"old":     "1024 false rsa",
		"ed":      "0 false ed25519",
		"back":    ErrRevoked.Error(),
		"half":    "its key cannot be read: was a part of it lost?",
		"text":    "its key is not base64: was a part of it lost?",
		"none":    "it has no p=, where the key would be",
		"version": "its version is not DKIM1",
		"kind":    `"dsa" is no kind of key that receivers know`,
		"wrong":   "its key cannot be read: was a part of it lost?",
		"two":     ErrSeveral.Error(),
		"gone":    ErrNone.Error(),
		"missing": ErrNone.Error(),
	} {
		k, err := r.Key(t.Context(), selector, "acme.example")
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case k.Is(&private.PublicKey):
			got = fmt.Sprint(k.Bits, " ", k.Test, " rsa")
		case k.Is(other.Public()):
			got = fmt.Sprint(k.Bits, " ", k.Test, " ed25519")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", selector, got, want)
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	r := resolver(t, `
acme.example MX 20 b.mx.example
acme.example MX 10 A.mx.example
null.example MX 0 .
mx.example A 192.0.2.1
mx.example AAAA 2001:db8::1
1.2.0.192.in-addr.arpa PTR mx.example
`)
	if got, err := r.MX(t.Context(), "acme.example"); err != nil || !slices.Equal(got, []string{"a.mx.example", "b.mx.example"}) {
		t.Errorf("%q %v", got, err)
	}
	if got, err := r.MX(t.Context(), "null.example"); err != nil || !slices.Equal(got, []string{""}) {
		t.Errorf("null MX: %q %v", got, err)
	}
	got, err := r.Addresses(t.Context(), "mx.example")
	if slices.SortFunc(got, netip.Addr.Compare); err != nil || fmt.Sprint(got) != "[192.0.2.1 2001:db8::1]" {
		t.Errorf("%v %v", got, err)
	}
	if got, err := r.Names(t.Context(), netip.MustParseAddr("192.0.2.1")); err != nil || !slices.Equal(got, []string{"mx.example"}) {
		t.Errorf("%q %v", got, err)
	}
	if _, err := r.Names(t.Context(), netip.MustParseAddr("192.0.2.2")); !errors.Is(err, ErrNone) {
		t.Errorf("an address without a name: %v", err)
	}
}

// TestNobodyAnswers: a server that fails on everything, and one that is not there, have answered nothing, and do not hold anybody up.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	failing := resolver(t, "* FAIL\n")
	gone, err := NewResolver("127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	hole, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	silent, err := NewResolver(hole.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Resolver{"failing": failing, "gone": gone, "silent": silent} {
		r.within = 200 * time.Millisecond
		began := time.Now()
		if _, err := r.TXT(t.Context(), "acme.example"); !errors.Is(err, ErrSilent) || r.Answered() {
			t.Errorf("%s: %v, answered: %t", name, err, r.Answered())
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
	answering := resolver(t, "")
	if _, err := answering.TXT(t.Context(), "acme.example"); !errors.Is(err, ErrNone) || !answering.Answered() {
		t.Errorf("a no: %v, answered: %t", err, answering.Answered())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := answering.TXT(ctx, "acme.example"); !errors.Is(err, ErrSilent) {
		t.Errorf("cancelled: %v", err)
	}
	for _, server := range []string{"dns.example", "1.2.3.4:x", "1.2.3.4:99999", "[::1"} {
		if _, err := NewResolver(server); err == nil {
			t.Errorf("%s is a server", server)
		}
	}
	for _, server := range []string{"1.1.1.1", "::1", "[::1]:53", "127.0.0.1:5353"} {
		if _, err := NewResolver(server); err != nil {
			t.Error(err)
		}
	}
}

// FuzzRecords: whatever stands in a record, reading it ends, and what it says is bounded.
func FuzzRecords(f *testing.F) {
	for _, text := range []string{"v=spf1 include:x.example ~all", "v=DMARC1; p=none; rua=mailto:x@y.example", "v=DKIM1; k=rsa; p=AAAA", "+", "a:/", "=x", "v=spf1 \x1b[31m"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParseKey(text); (k == nil) != (err != nil) || k != nil && k.Public == nil {
			t.Errorf("key %v %v", k, err)
		}
		if d, err := readPolicy("acme.example", text, true); (d == nil) != (err != nil) {
			t.Errorf("policy %v %v", d, err)
		}
		for _, term := range strings.Fields(text) {
			qualifier, name, _, err := cutTerm(term)
			if err == nil && (len(qualifier) != 1 || name == "") {
				t.Errorf("%q is %q %q", term, qualifier, name)
			}
		}
	})
}
