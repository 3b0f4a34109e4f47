package workspace

import (
	"strings"

	"germane/internal/document"
	"germane/internal/finding"
)

// Key documents a key of germane.yaml and can be overridden by the environment variable that [Key.Variable] names.
type Key struct {
	Path    string // "caps", "track.clicks"
	Example string // YAML
	Doc     string // one sentence or two
}

// Variable returns the environment variable that overrides the key.
func (k Key) Variable() string {
	return prefix + strings.ToUpper(strings.ReplaceAll(k.Path, ".", "_"))
}

const prefix = "GERMANE_"

// Keys are the keys of germane.yaml in the order of the file; a mapping stands before its parts.
var keys = []Key{
	{"senders", `{default: {name: Acme, email: hello@mail.acme.example, reply_to: help@acme.example, postal_address: "1 Main St, Springfield"}}`, "Who mail is from. Campaigns and templates that name no sender use default."},
	{"topics", "{tips: Product tips, offers: Offers}", "What people subscribe to, and the title they read when they choose."},
	{"consent", "{imported: none}", "The consent of people who are imported without any."},
	{"consent.imported", "none", "none or subscribed; subscribed needs a basis."},
	{"consent.basis", "signup form", "How imported people subscribed."},
	{"public_url", "https://links.acme.example", "Where tracked links, unsubscribe, preferences and assets are served."},
	{"delivery", "outbox://outbox", "How mail leaves: outbox://FOLDER, ses://REGION?configuration_set=…&tenant=…&endpoint=…, smtp://, smtp+starttls:// or smtp+tls://USER@HOST:PORT."},
	{"dkim", "{domain: mail.acme.example, selector: s1}", "Who signs mail that leaves by SMTP; the key stands in GERMANE_DKIM_KEY. Amazon SES signs by itself."},
	{"dkim.domain", "mail.acme.example", "The domain of every sender: only a signature of that counts."},
	{"dkim.selector", "s1", "Its DNS has the public key at SELECTOR._domainkey.DOMAIN."},
	{"database", "germane.db", "An SQLite file, or postgres://USER@HOST/NAME: for many machines, see many-machines.md."},
	{"retention", "400d", "How long it is kept who got which mail and what they did: 395d, which is 13 months, if absent; whole months go. Runs with their numbers, consent, withdrawals and suppressions stay."},
	{"brand", `{accent: "#2457d6", logo: assets/logo.png, app_url: https://app.acme.example}`, "Constants that messages print as brand.NAME."},
	{"brand.accent", `"#2457d6"`, "The colour of links and buttons; background_color, card_color, ink_color and muted_color are the page's. Text that could not be read on it is made darker or lighter."},
	{"brand.logo", "assets/logo.png", "An image of assets/ above every message."},
	{"brand.font", `"Inter, Helvetica, Arial, sans-serif"`, "Fonts of the text, the usual ones last; heading_font is that of headings."},
	{"brand.language", "en", "What screen readers read messages as; right-to-left languages turn the layout."},
	{"link_hosts", "[acme.example]", "Where a link whose target comes from a person's data may lead."},
	{"track", "{clicks: true, opens: false, utm: true}", "What is recorded about messages."},
	{"track.clicks", "true", "Links lead through public_url, so that clicks are counted per variant."},
	{"track.opens", "false", "Messages carry an invisible image; mail programs that load it for everybody make the count unreliable."},
	{"track.utm", "true", "Links carry utm_ parameters with the campaign's name."},
	{"caps", "[{max: 2, per: 7d}]", "The most messages a person gets in a time; each may name a topic and count by calendar days."},
	{"quiet_hours", `{from: "21:00", to: "08:00", on: hold, jitter: 15min}`, "When nobody is mailed, on each person's own clock; messages due then are held or skipped."},
	{"quiet_hours.from", `"21:00"`, "When quiet hours begin."},
	{"quiet_hours.to", `"08:00"`, "When quiet hours end."},
	{"quiet_hours.on", "hold", "hold or skip."},
	{"quiet_hours.jitter", "15min", "Held messages are spread over this time."},
	{"holdout", "5%", "These people get no campaign at all, to measure against."},
	{"time_zone", "Europe/London", "Where a person's time zone is not known. UTC if absent."},
	{"concurrency", "16", "Sends in flight per worker."},
	{"rate", "14/s", "Messages per sender, all workers together; with SES, 95 % of what the account allows if absent."},
	{"warm_up", "{start: 200, double_every: 1d}", "The most messages a new sender sends a day, until those who receive them know it. A sender is the way out with the domain of its from address; its days are counted from its first message, in time_zone. What a day has no room for waits until the next one, at the hour at which it was due."},
	{"warm_up.start", "200", "Messages on the first day."},
	{"warm_up.double_every", "1d", "How soon the number doubles, at midnight: with 2d the first two days have the same. In the end it is more than there is to send, and limits nothing."},
	{"domain_rates", "{gmail.com: 20/s}", "Messages to a recipient's domain, of all workers together. A domain that answers 421 or 4.7.x is sent to at half the speed for a while, listed or not; messages to others do not wait for it."},
	{"allow_recipients", `["*@acme.example"]`, "Who may be mailed while the database is not armed."},
	{"listen", "{public: 127.0.0.1:8080, private: 127.0.0.1:8081}", "Where the two servers listen."},
	{"listen.public", "127.0.0.1:8080", "Links, unsubscribe, preferences, provider notices."},
	{"listen.private", "127.0.0.1:8081", "Console and metrics."},
	{"trusted_proxies", "[]", "Networks whose X-Forwarded-For is believed."},
	{"alerts", "[]", "https hooks or mail addresses that are told when something needs a person."},
	{"sns", "{topics: []}", "Provider notices through Amazon SNS."},
	{"sns.topics", "[]", "ARNs whose notices are accepted."},
	{"bounces", "{soft: 5, within: 30d}", "When a mailbox that should take mail later gets none any more."},
	{"bounces.soft", "5", "After so many soft bounces, with no delivery between them."},
	{"bounces.within", "30d", "They come within this time."},
	{"stop_if", "{bounces: 3%, complaints: 0.08%, refused: 1%}", "When a campaign is stopped by itself: shares of its mails within 24 hours, of which providers tell."},
	{"stop_if.bounces", "3%", "Mails that bounced for good."},
	{"stop_if.complaints", "0.08%", "Mails that somebody called spam."},
	{"stop_if.refused", "1%", "Mails that were refused for a policy (5.7.x): this stops all that is sent from the address."},
	{"clients", "[gmail, apple-mail, outlook, yahoo]", "The mail programs that `germane clients` looks messages up for: families of caniemail.com."},
}

// Secret is an environment variable that holds what does not belong in a file of the workspace. NAME_FILE names a file that holds it.
type Secret struct{ Name, Doc string }

var secretVariables = []Secret{
	{"GERMANE_DATABASE_PASSWORD", "of the user in database: postgres://USER@HOST/NAME. PGPASSWORD and PGPASSFILE count, too."},
	{"GERMANE_SMTP_PASSWORD", "of the user in delivery: smtp+starttls://USER@HOST."},
	{"GERMANE_DKIM_KEY", "the private key that dkim signs with: PEM, RSA or Ed25519."},
	{"GERMANE_TOKEN_KEYS", "what signs links and unsubscribe pages: NUMBER:BASE64 with commas between them, the first one signs. Without it the database makes one."},
	{"GERMANE_ADDRESS_KEY", "what addresses are hashed with: base64 of 32 random bytes or more, chosen when the database is made and never again. Without it the database makes one."},
}

// Secrets returns the variables that hold secrets.
func Secrets() []Secret { return append([]Secret(nil), secretVariables...) }

// Keys returns the documentation of germane.yaml.
func Keys() []Key { return append([]Key(nil), keys...) }

// override puts values from the environment in the place of those in the file, and reports variables that are spelt almost like
// one that would.
func override(r *document.Reader, doc *document.Node, environment map[string]string) {
	known := map[string]bool{}
	var names []string
	for _, key := range keys {
		variable := key.Variable()
		known[variable] = true
		names = append(names, strings.TrimPrefix(variable, prefix))
		if value := environment[variable]; value != "" {
			set(doc, strings.Split(key.Path, "."), environmentNode(r, variable, value))
		}
	}
	for _, secret := range secretVariables {
		known[secret.Name], known[secret.Name+"_FILE"] = true, true
	}
	for _, variable := range sortedKeys(environment) {
		name, ours := strings.CutPrefix(variable, prefix)
		brand, isBrand := strings.CutPrefix(name, "BRAND_")
		switch near := finding.Nearest(name, names); {
		case !ours || known[variable] || environment[variable] == "":
		case isBrand:
			set(doc, []string{"brand", strings.ToLower(brand)}, environmentNode(r, variable, environment[variable]))
		case near != "":
			r.Add(about("$"+variable, "unknown-override", "this environment variable overrides no key of germane.yaml", "did you mean "+prefix+near+"?"))
		}
	}
}

// environmentNode parses a variable's value; its findings name $VARIABLE as their file.
func environmentNode(r *document.Reader, variable, value string) *document.Node {
	file := finding.NewFile("$"+variable, value)
	node, findings := document.Parse(file.All(), document.Format{})
	r.Findings = append(r.Findings, findings...)
	return node
}

// set puts a value at a path of keys, making the mappings on the way.
func set(n *document.Node, path []string, value *document.Node) {
	if n.Kind != document.Map {
		*n = document.Node{Kind: document.Map, Text: n.Text}
	}
	i := 0
	for i < len(n.Pairs) && n.Pairs[i].Key.S != path[0] {
		i++
	}
	if i == len(n.Pairs) {
		key := finding.Text{File: value.Text.File, Start: 0, S: path[0]}
		n.Pairs = append(n.Pairs, document.Pair{Key: key, Value: &document.Node{Text: finding.Text{File: value.Text.File}}})
	}
	if len(path) == 1 {
		n.Pairs[i].Value = value
		return
	}
	set(n.Pairs[i].Value, path[1:], value)
}
