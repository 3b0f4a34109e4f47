package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"germane/schedule"
	"germane/send"
	"germane/store"
)

// checkTime is how long the way out may take to answer.
const checkTime = 20 * time.Second

func (d *doctor) delivery(ctx context.Context) {
	const name = "delivery"
	transport, address, err := openTransport(ctx, d.sys, d.o, d.w)
	if err != nil {
		d.fail(name, err)
		return
	}
	defer transport.Close()
	d.address, d.real, d.from = &address, !address.Loopback(), d.origins()
	within, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	if address.Kind == send.SESKind {
		d.ses(within, &address)
		return
	}
	switch err := transport.Check(within); {
	case err != nil && address.Kind == send.SMTPKind:
		d.say(failure, name, fmt.Sprintf("%s: %v", address.String(), err), "see whether host, port, user and "+passwordVariable+" are right, and whether this machine may connect to it")
	case err != nil:
		d.say(failure, name, fmt.Sprintf("%s: %v", address.String(), err), "germane must be able to write there")
	case address.Kind == send.OutboxKind:
		d.say(warning, name, address.String()+" makes files; nobody gets them", "for real mail write delivery: ses://REGION or smtp+starttls://USER@HOST in germane.yaml")
	default:
		d.say(good, name, address.String()+" takes mail", "")
	}
	d.signature(&address)
}

// signature says who signs mail that leaves by SMTP. That the domain is the senders' is a finding of germane.yaml.
func (d *doctor) signature(address *send.Address) {
	config := d.w.Config.DKIM
	switch {
	case address.Kind != send.SMTPKind:
	case config != nil:
		d.signer, _ = dkim(d.sys, d.w) // an error: there would be no way out
		d.say(good, "dkim", fmt.Sprintf("mail is signed for %s, the senders' domain, with the key at %s._domainkey.%[1]s", config.Domain, config.Selector), "")
	case d.real:
		d.say(warning, "dkim", "mail is not signed here; large mailbox providers refuse what nobody signs", "let the mail server sign for the sender's domain, or write dkim: {domain: …, selector: …} in germane.yaml and set "+dkimKeyVariable)
	}
}

// reservedDomains never get mail (RFC 2606, RFC 6761).
var reservedDomains = []string{"example", "test", "invalid", "localhost", "example.com", "example.net", "example.org"}

func reserved(domain string) bool {
	return slices.ContainsFunc(reservedDomains, func(r string) bool { return domain == r || strings.HasSuffix(domain, "."+r) })
}

func (d *doctor) senders() {
	const name = "sender"
	for _, sender := range d.w.Config.Senders {
		_, domain, _ := strings.Cut(strings.ToLower(sender.Email), "@")
		text := fmt.Sprintf("%s is %s <%s>", sender.Name, sender.DisplayName, sender.Email)
		switch {
		case reserved(domain) && d.real:
			d.say(failure, name, text+": nobody owns that domain", "write an address of your own domain in germane.yaml")
		case reserved(domain):
			d.say(warning, name, text+": nobody owns that domain", "write an address of your own domain in germane.yaml before mail leaves for real")
		case sender.PostalAddress == "":
			d.say(warning, name, text+", without a postal address, which the law asks for in many countries", "write postal_address for the sender in germane.yaml")
		default:
			d.say(good, name, text, "")
		}
	}
}

func (d *doctor) publicURL(ctx context.Context) {
	const name = "public_url"
	u := d.w.Config.PublicURL
	bad := warning
	if d.real {
		bad = failure
	}
	switch {
	case u == nil:
		d.say(bad, name, "is not set: nobody could unsubscribe, and no link is counted", "write public_url: https://links.YOUR-DOMAIN in germane.yaml, and let it lead to `germane serve`")
		return
	case u.Scheme != "https":
		d.say(bad, name, u.String()+" is not https, and one-click unsubscribe needs it (RFC 8058)", "write public_url: https://links.YOUR-DOMAIN in germane.yaml")
	default:
		d.say(good, name, u.String(), "")
	}
	if d.net {
		if err := reach(ctx, u.String()); err != nil {
			d.say(bad, name, fmt.Sprintf("is not reached from here: %v", err), "start `germane serve`, and see where the name and the proxy lead")
			return
		}
		d.say(good, name, "answers", "")
	}
}

// mostOff is how far this clock may be from the database's.
const mostOff = 30 * time.Second

func (d *doctor) clock(ctx context.Context) error {
	theirs, err := d.s.Now(ctx)
	if err != nil {
		return err
	}
	if off := d.sys.now().Sub(theirs).Abs(); off > mostOff {
		d.say(failure, "clock", fmt.Sprintf("this machine's clock is %s off from the database's: nothing is sent", off.Round(time.Second)), "let both keep time by NTP")
		return nil
	}
	d.say(good, "clock", "agrees with the database's", "")
	return nil
}

func (d *doctor) keys(ctx context.Context) error {
	outside, err := environmentTokenKeys(d.sys)
	if err != nil {
		d.fail("keys", err)
		return nil
	}
	if _, err := tokenKeys(ctx, d.sys, d.s); err != nil {
		d.fail("keys", err)
		return nil
	}
	text := "links are signed with a key of the database"
	if outside != nil {
		text = "links are signed with a key of " + tokenKeysVariable
	}
	d.say(good, "keys", text, "")
	return nil
}

func (d *doctor) switches(ctx context.Context) error {
	switches, err := d.s.Switches(ctx)
	if err != nil {
		return err
	}
	allowed := d.w.Config.AllowRecipients
	switch armed := switches[store.SwitchArmed]; {
	case armed.On:
		d.say(good, "armed", "since "+minute(armed.At)+because(": ", armed.Note), "")
	case !d.real:
		d.say(good, "armed", "no, and this delivery needs no arming", "")
	case len(allowed) == 0:
		d.say(failure, "armed", "no: nobody is mailed", "`germane arm`")
	default:
		d.say(warning, "armed", "no: only allow_recipients are mailed ("+strings.Join(allowed, ", ")+")", "`germane arm`")
	}
	if stopped := switches[store.SwitchStopped]; stopped.On {
		d.say(failure, "stopped", "since "+minute(stopped.At)+because(": ", stopped.Note), goOnAfter(stopped))
	}
	for _, held := range heldBy(switches) {
		d.say(warning, "held", held, liftsHold)
	}
	states, err := d.s.CampaignStates(ctx)
	if err != nil {
		return err
	}
	live := 0
	for _, campaign := range d.w.Campaigns {
		if state := states[campaign.Name]; state.Paused {
			d.say(warning, "paused", campaign.Name+because(": ", state.Note), "`germane pause "+campaign.Name+" --resume`")
		} else if campaign.State == schedule.Live {
			live++
		}
	}
	if live == 0 {
		d.say(warning, "campaigns", "none is live: nothing is sent by itself", "write state: live in a file of campaigns/")
	}
	return nil
}

func (d *doctor) people(ctx context.Context) error {
	census, err := d.s.Census(ctx)
	if err != nil {
		return err
	}
	if census.People == 0 {
		d.say(warning, "people", "there are none", "`germane people import FILE`")
		return nil
	}
	d.say(good, "people", thousands(int(census.People)), "")
	return nil
}
