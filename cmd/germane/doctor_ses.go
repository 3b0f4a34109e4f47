package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"germane/dns"
	"germane/send"
	"germane/store"
)

// origin is a domain that mail is from.
type origin struct {
	domain   string
	emails   []string       // its senders'
	replies  []string       // domains that replies go to
	identity *send.Identity // of the domain or one above it, as SES has it; nil: there is none, or SES was not asked
}

// origins are the senders' domains in the order of germane.yaml.
func (d *doctor) origins() []*origin {
	var all []*origin
	for _, sender := range d.w.Config.Senders {
		email := strings.ToLower(sender.Email)
		_, domain, _ := strings.Cut(email, "@")
		at := slices.IndexFunc(all, func(o *origin) bool { return o.domain == domain })
		if at < 0 {
			all, at = append(all, &origin{domain: domain}), len(all)
		}
		all[at].emails = append(all[at].emails, email)
		_, replies, _ := strings.Cut(strings.ToLower(cmp.Or(sender.ReplyTo, sender.Email)), "@")
		if !slices.Contains(all[at].replies, replies) {
			all[at].replies = append(all[at].replies, replies)
		}
	}
	return all
}

// ses asks Amazon SES about the account. SES takes one such question a second, so they come one after another.
func (d *doctor) ses(ctx context.Context, address *send.Address) {
	account, err := send.OpenAccount(ctx, address, send.Options{})
	if err != nil {
		d.fail("delivery", err)
		return
	}
	state, err := account.State(ctx)
	if err != nil {
		d.say(failure, "delivery", fmt.Sprintf("%s: %v", address.String(), err), "see whether AWS credentials are set for this process, and whether they allow ses:GetAccount and ses:SendEmail")
		return
	}
	d.limits(&state, address)
	var forbidden []string
	for _, o := range d.from {
		if d.identity(ctx, account, address, o) {
			forbidden = append(forbidden, "ses:GetEmailIdentity")
			break
		}
	}
	if d.events(ctx, account, address) {
		forbidden = append(forbidden, "ses:GetConfigurationSetEventDestinations")
	}
	if len(forbidden) > 0 {
		d.say(warning, "ses", "the credentials do not allow all that is looked at here", "let them do "+strings.Join(forbidden, " and ")+", which change nothing")
	}
}

// limits reports what SES allows the account.
func (d *doctor) limits(state *send.AccountState, address *send.Address) {
	const name = "delivery"
	text := fmt.Sprintf("%s: %g a second, %.0f of %.0f mails used in 24 hours", address.String(), state.PerSecond, state.Used, state.PerDay)
	if state.PerDay < 0 {
		text = fmt.Sprintf("%s: %g a second, %.0f mails in 24 hours", address.String(), state.PerSecond, state.Used)
	}
	switch {
	case state.Stopped != "":
		d.say(failure, name, state.Stopped, "answer Amazon's notice in the SES console")
	case state.PerDay >= 0 && state.Used >= state.PerDay:
		d.say(failure, name, text, "wait, or ask for a larger quota in the SES console")
	case state.Sandbox:
		d.say(warning, name, text+": the account is in the sandbox, and mails verified addresses only", "ask for production access in the SES console")
	case state.Health == "PROBATION":
		d.say(warning, name, text+": Amazon has the account under review", "answer Amazon's notice in the SES console")
	case state.PerDay >= 0 && state.Used > 0.8*state.PerDay:
		d.say(warning, name, text, "ask for a larger quota in the SES console")
	default:
		d.say(good, name, text, "")
	}
	d.used = state.Used
	if !slices.Contains(state.Suppresses, "BOUNCE") || !slices.Contains(state.Suppresses, "COMPLAINT") {
		d.say(warning, "ses", "SES does not keep all who bounced or complained from getting more mail", aws(address.Region, "sesv2", "put-account-suppression-attributes", "--suppressed-reasons", "BOUNCE", "COMPLAINT"))
	}
}

// identity reports whether SES sends for a domain, and signs. It is true when the credentials do not allow to ask.
func (d *doctor) identity(ctx context.Context, account *send.Account, address *send.Address, o *origin) (forbidden bool) {
	const name = "identity"
	i, err := findIdentity(ctx, account, o)
	switch {
	case errors.Is(err, send.ErrForbidden):
		return true
	case errors.Is(err, send.ErrUnknown):
		d.say(failure, name, "SES knows neither "+o.domain+" nor the address "+o.emails[0], aws(address.Region, "sesv2", "create-email-identity", "--email-identity", o.domain)+", and put the three CNAMEs that it answers with into the DNS")
		return false
	case err != nil:
		d.say(warning, name, err.Error(), "")
		return false
	case !i.Verified:
		d.say(failure, name, i.Name+" is not verified, so that SES sends nothing from it", cmp.Or(tokenRecords(i), "answer the mail that SES sent to the address"))
		return false
	case strings.Contains(i.Name, "@"):
		d.say(warning, name, "SES knows the address "+i.Name+" and not its domain, so that it cannot sign for "+o.domain, aws(address.Region, "sesv2", "create-email-identity", "--email-identity", o.domain)+", and put the three CNAMEs that it answers with into the DNS")
		return false
	}
	d.say(good, name, i.Name+" is verified at SES", "")
	o.identity = i
	d.sesSigns(address, i)
	d.mailFrom(address, i)
	return false
}

// findIdentity looks for the domain, then for those above it, which speak for it, then for the sender's address.
func findIdentity(ctx context.Context, account *send.Account, o *origin) (i *send.Identity, err error) {
	names := []string{o.domain}
	for organisation, domain := dns.Organisation(o.domain), o.domain; domain != organisation && len(names) < 5; names = append(names, domain) {
		_, domain, _ = strings.Cut(domain, ".")
	}
	for _, name := range append(names, o.emails[0]) {
		if i, err = account.Identity(ctx, name); !errors.Is(err, send.ErrUnknown) {
			return i, err
		}
	}
	return nil, err
}

func (d *doctor) sesSigns(address *send.Address, i *send.Identity) {
	const name = "dkim"
	switch {
	case !i.Signs:
		d.say(failure, name, "SES does not sign for "+i.Name+"; large mailbox providers refuse what nobody signs", aws(address.Region, "sesv2", "put-email-identity-dkim-attributes", "--email-identity", i.Name, "--signing-enabled"))
	case i.DKIM == "SUCCESS":
		d.say(good, name, "SES signs for "+i.Name, "")
	case i.DKIM == "TEMPORARY_FAILURE":
		d.say(warning, name, "SES cannot read the records of "+i.Name+" just now, and stops signing if that goes on", tokenRecords(i))
	default:
		d.say(failure, name, fmt.Sprintf("SES does not sign for %s yet: it has not found its records (%s)", i.Name, strings.ToLower(i.DKIM)), tokenRecords(i))
	}
}

// mailFrom reports whether bounces go to a domain of the sender's, without which only DKIM speaks for it.
func (d *doctor) mailFrom(address *send.Address, i *send.Identity) {
	const name = "mail_from"
	set := aws(address.Region, "sesv2", "put-email-identity-mail-from-attributes", "--email-identity", i.Name, "--mail-from-domain", "bounce."+i.Name)
	records := mailFromRecords(address.Region, i.MailFrom)
	switch {
	case i.MailFrom == "":
		d.say(warning, name, "bounces go to SES's own domain, so that SPF says nothing about "+i.Name, set+", and "+mailFromRecords(address.Region, "bounce."+i.Name))
	case i.MailFromStatus == "SUCCESS":
		d.say(good, name, "bounces go to "+i.MailFrom, "")
	case i.MailFromMust:
		d.say(failure, name, fmt.Sprintf("SES has not found the records of %s (%s), and sends nothing without them", i.MailFrom, strings.ToLower(i.MailFromStatus)), records)
	default:
		d.say(warning, name, fmt.Sprintf("SES has not found the records of %s (%s), and takes its own domain instead", i.MailFrom, strings.ToLower(i.MailFromStatus)), records)
	}
}

// heard are the events that tell what becomes of mails, and counted are those that rewrite links: Germane counts clicks itself.
var (
	heard   = []string{"SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE", "DELIVERY_DELAY"}
	counted = []string{"CLICK", "OPEN"}
)

// events reports who hears what becomes of mails. It is true when the credentials do not allow to ask.
func (d *doctor) events(ctx context.Context, account *send.Account, address *send.Address) (forbidden bool) {
	const name = "events"
	set := address.ConfigurationSet
	if len(d.from) > 0 && d.from[0].identity != nil {
		set = cmp.Or(set, d.from[0].identity.ConfigurationSet)
	}
	if set == "" {
		d.say(warning, name, "delivery names no configuration set, so that nobody hears of bounces and complaints", "follow `germane help notices`, and write delivery: ses://"+address.Region+"?configuration_set=NAME")
		return false
	}
	all, err := account.Destinations(ctx, set)
	switch {
	case errors.Is(err, send.ErrForbidden):
		return true
	case errors.Is(err, send.ErrUnknown):
		d.say(failure, name, "SES has no configuration set "+set+", and takes no mail that names it", aws(address.Region, "sesv2", "create-configuration-set", "--configuration-set-name", set)+", or name another one in delivery")
		return false
	case err != nil:
		d.say(warning, name, err.Error(), "")
		return false
	}
	d.rewriting(address, set, all)
	d.topic(address, set, all)
	return false
}

// rewriting warns of destinations for which SES changes what mails say.
func (d *doctor) rewriting(address *send.Address, set string, all []send.Destination) {
	for _, x := range all {
		if x.Enabled && slices.ContainsFunc(x.Events, func(event string) bool { return slices.Contains(counted, event) }) {
			wanted := slices.DeleteFunc(slices.Clone(x.Events), func(event string) bool { return slices.Contains(counted, event) })
			fix := "take CLICK and OPEN out of the event destination " + x.Name + " in the SES console"
			if x.Topic != "" && len(wanted) > 0 {
				fix = destinationCommand("update", address.Region, set, x.Name, x.Topic, wanted)
			}
			d.say(warning, "events", fmt.Sprintf("SES rewrites every link for the event destination %s of %s, as it counts clicks or opens: Germane counts them itself", x.Name, set), fix)
		}
	}
}

// topic reports whether a topic that Germane listens to gets all events.
func (d *doctor) topic(address *send.Address, set string, all []send.Destination) {
	const name = "events"
	topics := d.w.Config.SNSTopics
	all = slices.DeleteFunc(slices.Clone(all), func(x send.Destination) bool { return x.Topic == "" })
	at := slices.IndexFunc(all, func(x send.Destination) bool { return slices.Contains(topics, x.Topic) })
	switch {
	case len(all) == 0 && len(topics) == 0:
		d.say(warning, name, set+" tells no SNS topic what becomes of mails", "follow `germane help notices`")
		return
	case len(all) == 0:
		d.say(warning, name, set+" tells no SNS topic what becomes of mails", destinationCommand("create", address.Region, set, "germane", topics[0], heard))
		return
	case at < 0:
		d.say(warning, name, fmt.Sprintf("%s tells %s, which germane.yaml does not name", set, all[0].Topic), "write sns: {topics: ["+all[0].Topic+"]} in germane.yaml, and subscribe: `germane help notices`")
		return
	}
	x := all[at]
	update := destinationCommand("update", address.Region, set, x.Name, x.Topic, heard)
	missing := slices.DeleteFunc(slices.Clone(heard), func(event string) bool { return slices.Contains(x.Events, event) })
	switch {
	case !x.Enabled:
		d.say(warning, name, fmt.Sprintf("the event destination %s of %s is switched off", x.Name, set), update)
	case len(missing) > 0:
		d.say(warning, name, fmt.Sprintf("%s does not tell of %s", set, strings.Join(missing, ", ")), update)
	default:
		d.say(good, name, fmt.Sprintf("%s tells %s what becomes of mails", set, x.Topic), "")
	}
}

// notices reports whether notices arrive, which is all that is seen here of a topic's subscription.
func (d *doctor) notices(ctx context.Context) error {
	const name, day = "notices", 24 * time.Hour
	topics := d.w.Config.SNSTopics
	if len(topics) == 0 || d.address == nil || d.address.Kind != send.SESKind {
		return nil
	}
	now, count := d.sys.now(), map[time.Duration]int64{}
	for _, since := range []time.Duration{day, store.CountsKept} {
		runs, err := d.s.NoticeCounts(ctx, now.Add(-since))
		if err != nil {
			return err
		}
		for _, run := range runs {
			count[since] += run.Delivered + run.Bounced + run.Complained + run.Refused
		}
	}
	fix := "let public_url lead to `germane serve`, and subscribe it"
	if d.w.Config.PublicURL != nil {
		fix = aws(topicRegion(topics[0]), "sns", "subscribe", "--topic-arn", topics[0], "--protocol", "https", "--notification-endpoint", d.w.Config.PublicURL.String()+"/n/ses") + " while `germane serve` runs, which confirms it"
	}
	switch {
	case count[day] > 0:
		d.say(good, name, "in the last 24 hours SES told of "+plural(int(count[day]), "mail", "mails"), "")
	case d.used > 0:
		d.say(warning, name, fmt.Sprintf("none came in the last 24 hours, in which SES sent %.0f mails", d.used), fix)
	case count[store.CountsKept] > 0:
		d.say(good, name, "none in the last 24 hours, in which SES sent nothing", "")
	default:
		d.say(warning, name, "none has come yet", fix)
	}
	return nil
}

// topicRegion is the region in a topic's ARN.
func topicRegion(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return ""
	}
	return parts[3]
}

// destinationCommand makes or changes an event destination.
func destinationCommand(verb, region, set, destination, topic string, events []string) string {
	return aws(region, "sesv2", verb+"-configuration-set-event-destination", "--configuration-set-name", set, "--event-destination-name", destination, "--event-destination",
		fmt.Sprintf(`{"Enabled": true, "SnsDestination": {"TopicArn": %q}, "MatchingEventTypes": ["%s"]}`, topic, strings.Join(events, `", "`)))
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_-]+$`)

// aws is a command line of Amazon's program. Names may come from elsewhere, and somebody's shell reads this.
func aws(region string, words ...string) string {
	for i, word := range words {
		if !plainWord.MatchString(word) {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return "aws --region " + region + " " + strings.Join(words, " ")
}
