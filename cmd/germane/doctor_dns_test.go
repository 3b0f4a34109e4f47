package main

import (
	"slices"
	"strings"
	"testing"

	"germane/internal/testkit"
	"germane/send"
)

// TestDoctorAsksTheDNS: what is found of a domain whose mail leaves by an SMTP server, and is signed here.
func TestDoctorAsksTheDNS(t *testing.T) {
	t.Parallel()
	key := pemKey(t)
	signer, err := send.NewDKIM("s1", []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	record, err := signer.Record()
	if err != nil {
		t.Fatal(err)
	}
	other, err := send.NewDKIM("s1", []byte(pemKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	otherRecord, err := other.Record()
	if err != nil {
		t.Fatal(err)
	}
	const right = `
acme.example TXT v=spf1 ip4:192.0.2.25 -all
_dmarc.acme.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@acme.example
acme.example MX 10 mail.acme.example
mail.acme.example A 192.0.2.25
25.2.0.192.in-addr.arpa PTR mail.acme.example
links.acme.example AAAA 2001:db8::1
`
	signed := "s1._domainkey.acme.example TXT " + record + "\n"
	for name, c := range map[string]struct {
		zone string
		want []string // lines, and parts of fixes
	}{
		"all is right": {right + signed, []string{
			"ok spf acme.example says who may send, in 0 lookups", "ok dmarc _dmarc.acme.example asks for p=reject", "ok replies acme.example takes replies",
			"ok dkim receivers find our key at s1._domainkey.acme.example", "ok ptr 192.0.2.25 is mail.acme.example, and back", "ok public_url links.acme.example has an address",
		}},
		"nothing is there": {"acme.example A 192.0.2.1\n", []string{
			"warn spf acme.example has no SPF record", `write into the DNS: acme.example TXT "v=spf1 include:THEIR-DOMAIN ~all"`,
			"fail dmarc acme.example has no DMARC record", `fix write into the DNS: _dmarc.acme.example TXT "v=DMARC1; p=none; rua=mailto:dmarc@acme.example"`,
			"fail dkim there is no key at s1._domainkey.acme.example", `fix write into the DNS: s1._domainkey.acme.example TXT "` + record + `"`,
			"fail public_url links.acme.example has no address", "ok replies acme.example takes replies",
		}},
		"what counts for nothing": {
			strings.ReplaceAll(right, "ip4:192.0.2.25 -all", "all") + "acme.example TXT v=spf1 -all\n_dmarc.acme.example TXT v=DMARC1; p=none\ns1._domainkey.acme.example TXT " + otherRecord + "\n",
			[]string{
				"warn spf of the SPF records of acme.example there is more than one", "fail dmarc the DMARC record of acme.example counts for nothing: there is more than one",
				"fail dkim the key at s1._domainkey.acme.example is not that of GERMANE_DKIM_KEY",
			},
		},
		"what is odd": {`
acme.example TXT v=spf1 +all
_dmarc.acme.example TXT v=DMARC1; p=none
acme.example MX 0 .
mail.acme.example A 192.0.2.25
25.2.0.192.in-addr.arpa PTR other.example
links.acme.example A 192.0.2.1
s1._domainkey.acme.example TXT t=y; ` + record + "\n", []string{
			"warn spf the SPF record of acme.example lets everybody send in its name", "warn dmarc _dmarc.acme.example asks for p=none, and nobody gets reports",
			"warn replies acme.example says that it takes no mail", "warn dkim the key at s1._domainkey.acme.example is for testing", "warn ptr the address 192.0.2.25 of mail.acme.example has no name that leads back",
		}},
		"hostile": {"acme.example TXT v=spf1 x:\x1b[2J\x07\u202e -all\n" + signed, []string{"warn spf the SPF record of acme.example does not count", "fix mend it: v=spf1 x:?[2J??"}},
		"in part silent": {strings.ReplaceAll(right, "_dmarc.acme.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@acme.example", "_dmarc.acme.example FAIL"), []string{
			"warn dmarc the DMARC record of acme.example could not be looked up: the DNS does not say: server misbehaving",
		}},
		"silent": {"* FAIL\n", []string{"warn dns the DNS is not reached from here"}},
	} {
		server, err := testkit.StartDNS(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		d := &doctor{
			real: true, server: server.Address, signer: signer, address: &send.Address{Kind: send.SMTPKind, Host: "mail.acme.example"},
			w: configured(t, "delivery: smtp://mail.acme.example\npublic_url: https://links.acme.example\ndkim: {domain: acme.example, selector: s1}\n"),
		}
		d.from = d.origins()
		d.lookUp(t.Context())
		var lines []string
		for _, x := range d.found {
			lines = append(lines, x.Status.String()+" "+x.Name+" "+x.Text, "fix "+x.Fix)
		}
		for _, want := range c.want {
			if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, want) }) {
				t.Errorf("%s: %q is not among\n%s", name, want, strings.Join(lines, "\n"))
			}
		}
		if name == "silent" && len(d.found) != 1 {
			t.Errorf("a machine without a DNS gets %d lines", len(d.found))
		}
		for _, line := range lines {
			if strings.ContainsAny(line, "\x1b\x07\u202e\n") {
				t.Errorf("%s: %q moves the cursor", name, line)
			}
		}
	}
}

// TestDoctorLeavesTheDNSAlone while mail stays on this machine, and of domains that nobody owns.
func TestDoctorLeavesTheDNSAlone(t *testing.T) {
	t.Parallel()
	d := &doctor{address: &send.Address{Kind: send.OutboxKind}, w: configured(t, "public_url: https://links.acme.example\n")}
	d.from = d.origins()
	d.lookUp(t.Context())
	d.net = true
	if d.lookUp(t.Context()); len(d.found) > 0 {
		t.Errorf("%+v", d.found)
	}
}

// TestCommandsCanBePasted: whatever a name holds, a shell takes it as one word.
func TestCommandsCanBePasted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"main": "main", "a b": "'a b'", "$(x)": "'$(x)'", "it's": `'it'\''s'`, "": "''", "a;b": "'a;b'",
	} {
		if got := aws("eu-west-1", "x", text); got != "aws --region eu-west-1 x "+want {
			t.Errorf("%q: %s", text, got)
		}
	}
}
