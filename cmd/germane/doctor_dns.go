package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"germane/dns"
	"germane/send"
)

// dnsTime is how long the DNS may take for all that is asked.
const dnsTime = 10 * time.Second

// lookup asks the DNS for one thing, and says what the answer means.
type lookup func(ctx context.Context, r *dns.Resolver) []diagnosis

// lookUp asks the DNS about the senders' domains, all at once. While mail stays on this machine, it does so only when told.
func (d *doctor) lookUp(ctx context.Context) {
	if !d.real && !d.net && d.server == "" {
		return
	}
	r, err := dns.NewResolver(d.server)
	if err != nil {
		d.say(failure, "dns", err.Error(), "write --dns 1.1.1.1")
		return
	}
	lookups := d.lookups()
	said := make([][]diagnosis, len(lookups))
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	var asking sync.WaitGroup
	for i, ask := range lookups {
		asking.Go(func() { said[i] = ask(ctx, r) })
	}
	asking.Wait()
	if len(lookups) > 0 && !r.Answered() {
		d.say(warning, "dns", "the DNS is not reached from here, so that the senders' domains were not looked at", "see whether this machine may ask it, or name a server: --dns 1.1.1.1")
		return
	}
	for _, x := range slices.Concat(said...) {
		d.say(x.Status, x.Name, x.Text, x.Fix)
	}
}

// lookups are what there is to ask about this workspace. Nobody owns the domains of examples.
func (d *doctor) lookups() (all []lookup) {
	ses := d.address != nil && d.address.Kind == send.SESKind
	smtp := d.address != nil && d.address.Kind == send.SMTPKind
	for _, o := range d.from {
		if reserved(o.domain) && d.server == "" {
			continue
		}
		switch {
		case ses && o.identity != nil:
			all = append(all, d.sesKeys(o.identity))
			if o.identity.MailFrom != "" {
				all = append(all, d.spf(o.identity.MailFrom, sesSPF), d.bounces(o.identity.MailFrom))
			}
		case smtp:
			all = append(all, d.spf(o.domain, ""))
		}
		all = append(all, d.dmarc(o))
		for _, domain := range o.replies {
			all = append(all, d.replies(domain))
		}
	}
	if smtp && d.signer != nil {
		all = append(all, d.ownKey(d.w.Config.DKIM.Domain, d.w.Config.DKIM.Selector, d.signer))
	}
	if smtp && d.ownServer(d.address.Host) {
		all = append(all, d.reverse(d.address.Host))
	}
	if u := d.w.Config.PublicURL; u != nil {
		if _, err := netip.ParseAddr(u.Hostname()); err != nil && !reserved(u.Hostname()) || err != nil && d.server != "" {
			all = append(all, d.resolves(u.Hostname()))
		}
	}
	return all
}

// bad is what is wrong only once mail leaves this machine.
func (d *doctor) bad() status {
	if d.real {
		return failure
	}
	return warning
}

// record is a record as somebody types it into the DNS.
func record(name, kind, value string) string {
	if kind == "TXT" {
		value = `"` + value + `"`
	}
	return name + " " + kind + " " + value
}

// toDNS says to write records.
func toDNS(records ...string) string {
	if len(records) == 0 {
		return ""
	}
	return "write into the DNS: " + strings.Join(records, "; ")
}

// unanswered is a question to which the DNS gave no answer, not even that there is none.
func unanswered(name, about string, err error) []diagnosis {
	return []diagnosis{{name, warning, about + " could not be looked up: " + err.Error(), "try again"}}
}

// sesSPF is what the record of a domain that bounces from SES go to includes.
const sesSPF = "amazonses.com"

// spf looks at who may send for the domain that bounces go to. wanted is a domain that must be among them; "": that is not known.
func (d *doctor) spf(domain, wanted string) lookup {
	const name = "spf"
	return func(ctx context.Context, r *dns.Resolver) []diagnosis {
		s, err := r.SPF(ctx, domain)
		fix := toDNS(record(domain, "TXT", "v=spf1 include:"+wanted+" ~all"))
		if wanted == "" {
			fix = "ask who runs the mail server for its SPF record, and " + toDNS(record(domain, "TXT", "v=spf1 include:THEIR-DOMAIN ~all"))
		}
		text := ""
		switch {
		case errors.Is(err, dns.ErrSilent):
			return unanswered(name, "the SPF record of "+domain, err)
		case errors.Is(err, dns.ErrNone):
			text = domain + " has no SPF record"
		case errors.Is(err, dns.ErrSeveral):
			text, fix = "of the SPF records of "+domain+" there is more than one, and so none counts", "leave one TXT record that begins with v=spf1, with the terms of all"
		case errors.Is(err, dns.ErrLookups):
			text, fix = fmt.Sprintf("the SPF record of %s takes more than %d lookups to read, and so it does not count", domain, dns.MostSPFLookups), "take senders out of it that are not used any more, or move some to a subdomain"
		case err != nil:
			text, fix = "the SPF record of "+domain+" does not count: "+err.Error(), "mend it: "+s.Record
		case s.All == "+":
			text, fix = "the SPF record of "+domain+" lets everybody send in its name", "let it end in ~all"
		case wanted != "" && !slices.Contains(s.Includes, wanted):
			text, fix = "the SPF record of "+domain+" does not let SES send", "put include:"+wanted+" into it: "+s.Record
		default:
			return []diagnosis{{name, good, fmt.Sprintf("%s says who may send, in %s", domain, plural(s.Lookups, "lookup", "lookups")), ""}}
		}
		return []diagnosis{{name, warning, text, fix}}
	}
}

// bounces looks at whether SES gets what comes back to a domain of its own for that.
func (d *doctor) bounces(domain string) lookup {
	const name = "mail_from"
	return func(ctx context.Context, r *dns.Resolver) []diagnosis {
		hosts, err := r.MX(ctx, domain)
		wanted := mailFromHost(d.address.Region)
		switch {
		case errors.Is(err, dns.ErrSilent):
			return unanswered(name, "the MX of "+domain, err)
		case len(hosts) == 1 && hosts[0] == wanted:
			return []diagnosis{{name, good, "the MX of " + domain + " is SES's", ""}}
		case len(hosts) > 1 && slices.Contains(hosts, wanted):
			return []diagnosis{{name, warning, domain + " has other MX beside SES's, and SES takes only a domain that is for bounces alone", "leave only " + mailFromMX(domain, d.address.Region)}}
		}
		return []diagnosis{{name, warning, "the MX of " + domain + " is not SES's, so that SES takes its own domain instead", toDNS(mailFromMX(domain, d.address.Region))}}
	}
}

func mailFromHost(region string) string { return "feedback-smtp." + region + ".amazonses.com" }

func mailFromMX(domain, region string) string {
	return record(domain, "MX", "10 "+mailFromHost(region))
}

// mailFromRecords are those that SES wants of a domain that bounces go to.
func mailFromRecords(region, domain string) string {
	return toDNS(mailFromMX(domain, region), record(domain, "TXT", "v=spf1 include:"+sesSPF+" ~all"))
}

// sesKeys looks for the keys that SES signs with, which it publishes itself, under names that the domain leads to them.
func (d *doctor) sesKeys(i *send.Identity) lookup {
	const name = "dkim"
	return func(ctx context.Context, r *dns.Resolver) []diagnosis {
		var missing []string
		var problem error
		for _, token := range i.Tokens {
			switch _, err := r.Key(ctx, token, i.Name); {
			case errors.Is(err, dns.ErrSilent):
				return unanswered(name, "the keys of "+i.Name, err)
			case err != nil:
				problem = err
				missing = append(missing, tokenRecord(i, token))
			}
		}
		switch {
		case len(i.Tokens) == 0:
			return nil
		case len(missing) == 0:
			return []diagnosis{{name, good, fmt.Sprintf("receivers find %s of %s", plural(len(i.Tokens), "key", "keys"), i.Name), ""}}
		case i.OwnDKIMKey:
			return []diagnosis{{name, failure, fmt.Sprintf("receivers do not find the key of %s: %v", i.Name, problem), "write the public key that SES was given into the DNS, as the TXT record " + i.Tokens[0] + "._domainkey." + i.Name}}
		}
		text := fmt.Sprintf("receivers do not find %d of %s of %s", len(missing), plural(len(i.Tokens), "key", "keys"), i.Name)
		if !errors.Is(problem, dns.ErrNone) {
			text += ": " + problem.Error()
		}
		return []diagnosis{{name, d.bad(), text, toDNS(missing...)}}
	}
}

func tokenRecord(i *send.Identity, token string) string {
	return record(token+"._domainkey."+i.Name, "CNAME", token+"."+i.Zone)
}

// tokenRecords are all those that SES looks for.
func tokenRecords(i *send.Identity) string {
	if i.OwnDKIMKey {
		return "write the public key that SES was given into the DNS"
	}
	var all []string
	for _, token := range i.Tokens {
		all = append(all, tokenRecord(i, token))
	}
	return toDNS(all...)
}

// ownKey looks for the key that mail is signed with here.
func (d *doctor) ownKey(domain, selector string, signer *send.DKIM) lookup {
	const name, weak = "dkim", 1024
	return func(ctx context.Context, r *dns.Resolver) []diagnosis {
		at := selector + "._domainkey." + domain
		text, err := signer.Record()
		if err != nil {
			return []diagnosis{{name, failure, err.Error(), ""}}
		}
		fix := toDNS(record(at, "TXT", text))
		k, err := r.Key(ctx, selector, domain)
		switch {
		case errors.Is(err, dns.ErrSilent):
			return unanswered(name, "the key at "+at, err)
		case errors.Is(err, dns.ErrNone):
			return []diagnosis{{name, d.bad(), "there is no key at " + at + ", so that signatures count for nothing", fix}}
		case err != nil:
			return []diagnosis{{name, d.bad(), fmt.Sprintf("the key at %s counts for nothing: %v", at, err), fix}}
		case !k.Is(signer.Public()):
			return []diagnosis{{name, d.bad(), "the key at " + at + " is not that of " + dkimKeyVariable + ", so that every signature is wrong", fix + ", or sign with the key that belongs to it"}}
		case k.Bits > 0 && k.Bits < weak:
			return []diagnosis{{name, d.bad(), fmt.Sprintf("the key at %s has %d bits: receivers want %d or more", at, k.Bits, weak), "make another: `openssl genrsa 2048`"}}
		case k.Test:
			return []diagnosis{{name, warning, "the key at " + at + " is for testing: receivers act as if mail were not signed", "take t=y out of the record"}}
		}
		return []diagnosis{{name, good, "receivers find our key at " + at, ""}}
	}
}

// dmarc looks at what receivers do with mail from a domain, and whether what vouches for ours is of that domain.
func (d *doctor) dmarc(o *origin) lookup {
	const name = "dmarc"
	return func(ctx context.Context, r *dns.Resolver) []diagnosis {
		p, err := r.DMARC(ctx, o.domain)
		at := "_dmarc." + o.domain
		fix := toDNS(record(at, "TXT", "v=DMARC1; p=none; rua=mailto:dmarc@"+dns.Organisation(o.domain)))
		switch {
		case errors.Is(err, dns.ErrSilent):
			return unanswered(name, "the DMARC record of "+o.domain, err)
		case errors.Is(err, dns.ErrNone):
			return []diagnosis{{name, d.bad(), o.domain + " has no DMARC record: Gmail, Yahoo and Outlook want one of whoever sends much", fix}}
		case err != nil:
			return []diagnosis{{name, d.bad(), fmt.Sprintf("the DMARC record of %s counts for nothing: %v", o.domain, err), fix}}
		}
		if why, fix := d.unaligned(o, p); why != "" {
			return []diagnosis{{name, d.bad(), why, fix}}
		}
		if !p.Reports {
			return []diagnosis{{name, warning, fmt.Sprintf("_dmarc.%s asks for p=%s, and nobody gets reports of who sends in its name", p.At, p.Policy), "put rua=mailto:dmarc@" + dns.Organisation(o.domain) + " into it"}}
		}
		return []diagnosis{{name, good, fmt.Sprintf("_dmarc.%s asks for p=%s", p.At, p.Policy), ""}}
	}
}

// unaligned says why DMARC fails for mail from a domain; "": it does not, or nobody can tell.
func (d *doctor) unaligned(o *origin, p *dns.DMARC) (why, fix string) {
	i := o.identity
	if d.address == nil || d.address.Kind != send.SESKind || i == nil {
		return "", "" // our own signature is of From's domain; another server's is not seen here
	}
	signed := i.Signs && i.DKIM == "SUCCESS"
	bounces := i.MailFrom != "" && i.MailFromStatus == "SUCCESS"
	if signed && dns.Aligned(o.domain, i.Name, p.StrictDKIM) || bounces && dns.Aligned(o.domain, i.MailFrom, p.StrictSPF) {
		return "", ""
	}
	fix = "do what is said of dkim and mail_from"
	if signed {
		fix = "let SES know " + o.domain + " itself, or take adkim=s out of _dmarc." + p.At
	}
	return fmt.Sprintf("mail from %s fails DMARC (p=%s): neither a signature nor where bounces go is of that domain", o.domain, p.Policy), fix
}

// replies looks at whether somebody can answer.
func (d *doctor) replies(domain string) lookup {
	const name = "replies"
	return func(ctx context.Context, r *dns.Resolver) []diagnosis {
		hosts, err := r.MX(ctx, domain)
		if errors.Is(err, dns.ErrNone) {
			_, err = r.Addresses(ctx, domain) // which is where mail goes then (RFC 5321, 5.1)
		}
		switch fix := "name a reply_to that somebody reads, or let the domain take mail: " + record(domain, "MX", "10 YOUR-MAIL-SERVER"); {
		case errors.Is(err, dns.ErrSilent):
			return unanswered(name, "the MX of "+domain, err)
		case err != nil:
			return []diagnosis{{name, warning, domain + " takes no mail, so that replies come back", fix}}
		case len(hosts) > 0 && hosts[0] == "":
			return []diagnosis{{name, warning, domain + " says that it takes no mail, so that replies come back", fix}}
		}
		return []diagnosis{{name, good, domain + " takes replies", ""}}
	}
}

// ownServer reports whether an SMTP server is run by those whose mail it takes: a provider's other name is none of their business.
func (d *doctor) ownServer(host string) bool {
	return d.real && slices.ContainsFunc(d.from, func(o *origin) bool { return dns.Aligned(o.domain, host, false) })
}

// reverse looks at whether a server's address has a name that leads back to it.
func (d *doctor) reverse(host string) lookup {
	const name, most = "ptr", 4
	return func(ctx context.Context, r *dns.Resolver) (all []diagnosis) {
		addresses, err := r.Addresses(ctx, host)
		if err != nil {
			return nil // the way out has said so
		}
		for _, address := range addresses[:min(len(addresses), most)] {
			names, err := r.Names(ctx, address)
			confirmed := slices.ContainsFunc(names[:min(len(names), most)], func(name string) bool {
				back, _ := r.Addresses(ctx, name)
				return slices.Contains(back, address)
			})
			switch {
			case errors.Is(err, dns.ErrSilent):
				all = append(all, unanswered(name, "the name of "+address.String(), err)...)
			case confirmed:
				all = append(all, diagnosis{name, good, fmt.Sprintf("%s is %s, and back", address, names[0]), ""})
			default:
				all = append(all, diagnosis{name, warning, fmt.Sprintf("the address %s of %s has no name that leads back to it; receivers mistrust mail from there", address, host), "ask whoever gave you the address for the PTR record " + address.String() + " → " + host})
			}
		}
		return all
	}
}

// resolves looks at whether people find the host of public_url.
func (d *doctor) resolves(host string) lookup {
	const name = "public_url"
	return func(ctx context.Context, r *dns.Resolver) []diagnosis {
		switch _, err := r.Addresses(ctx, host); {
		case errors.Is(err, dns.ErrSilent):
			return unanswered(name, host, err)
		case err != nil:
			return []diagnosis{{name, d.bad(), host + " has no address, so that no link works and nobody can unsubscribe", toDNS(record(host, "CNAME", "YOUR-SERVER")) + ", or an A record with its address"}}
		}
		return []diagnosis{{name, good, host + " has an address", ""}}
	}
}
