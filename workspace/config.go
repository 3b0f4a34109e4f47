package workspace

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
	"germane/schedule"
)

// Config is germane.yaml with its overrides from the environment.
type Config struct {
	Senders         []Sender // in the order of the file; one is named default
	Topics          []Topic  // in the order of the file
	Consent         ImportedConsent
	PublicURL       *url.URL // nil: not set; without a / at its end
	Delivery        Delivery // Scheme "": not set
	DKIM            *DKIM    // nil: mail is not signed here
	Database        Database
	Retention       time.Duration // of deliveries, events and places under caps; never 0
	Brand           []BrandValue
	LinkHosts       []string // where a link whose target comes from a person's data may lead
	Track           Track
	Caps            []schedule.Cap
	QuietHours      *schedule.QuietHours // nil: none
	Holdout         float64              // fraction of everybody whom no campaign mails; 0: none
	TimeZone        *time.Location       // where a person's is unknown
	Concurrency     int                  // sends in flight per worker
	Rate            float64              // messages a second and sender; 0: what the provider allows
	WarmUp          *schedule.WarmUp     // nil: full rate from the first day
	DomainRates     []DomainRate
	AllowRecipients []string // patterns of addresses that may be mailed while the database is not armed; * stands for anything
	Listen          Listen
	TrustedProxies  []netip.Prefix   // whose X-Forwarded-For is believed
	Alerts          []string         // https hooks or mail addresses
	SNSTopics       []string         // ARNs whose notices are accepted
	Bounces         SoftBounces      // when a mailbox gets nothing any more that should take mail later
	StopIf          schedule.Breaker // when a campaign, or a sender, is stopped by itself
	Clients         []string         // families of mail programs that people read with; never empty
}

// Sender is who messages are from.
type Sender struct {
	Name          string // its key: "default"
	DisplayName   string
	Email         string
	ReplyTo       string // empty: Email
	PostalAddress string
	Place         finding.Text
}

// Topic is something people subscribe to.
type Topic struct {
	Name  string
	Title string // what people read on the preferences page
	Place finding.Text
}

// ImportedConsent is the consent of people who are imported without any.
type ImportedConsent struct {
	Subscribed bool   // otherwise none
	Basis      string // how they subscribed; never empty when Subscribed
}

// BrandValue is a constant that messages print as brand.NAME.
type BrandValue struct {
	Name string
	Text finding.Text
}

// Track says what is recorded about messages.
type Track struct {
	Clicks bool
	Opens  bool
	UTM    bool // add utm_ parameters to links
}

// DomainRate limits messages to one domain.
type DomainRate struct {
	Domain string  // in small letters
	Rate   float64 // messages a second
}

// Listen holds the addresses the two servers listen on, host:port.
type Listen struct {
	Public  string // links, unsubscribe, preferences, provider notices
	Private string // console, metrics
}

// Sender returns a sender by its key.
func (c *Config) Sender(name string) (Sender, bool) {
	for _, sender := range c.Senders {
		if sender.Name == name {
			return sender, true
		}
	}
	return Sender{}, false
}

// TopicNames returns the names of the topics in the order of the file.
func (c *Config) TopicNames() []string {
	names := make([]string, 0, len(c.Topics))
	for _, topic := range c.Topics {
		names = append(names, topic.Name)
	}
	return names
}

// BrandValue returns a brand constant.
func (c *Config) BrandValue(name string) (BrandValue, bool) {
	for _, value := range c.Brand {
		if value.Name == name {
			return value, true
		}
	}
	return BrandValue{}, false
}

const maxConcurrency = 1000

// ReadConfig reads germane.yaml. Values from the environment (GERMANE_CAPS and so on, as YAML) stand in for those of the file.
// isAsset reports whether a file exists in assets/.
func ReadConfig(file *finding.File, environment map[string]string, isAsset func(string) bool) (*Config, []finding.Finding) {
	doc, findings := document.Parse(file.All(), document.Format{})
	cr := &configReader{isAsset: isAsset}
	cr.r.Findings = findings
	cr.hidden = takeSecrets(&cr.r, doc)
	override(&cr.r, doc, environment)
	cr.hidden = append(cr.hidden, secretsOf(environment)...)
	known := len(cr.r.Findings)
	c := cr.read(cr.r.Map(doc, "germane.yaml"))
	if unreadable(findings) {
		cr.r.Findings = cr.r.Findings[:known]
	}
	cr.hidden.mask(cr.r.Findings)
	return c, cr.r.Findings
}

type configReader struct {
	r       document.Reader
	isAsset func(string) bool
	hidden  secrets // what findings must not show
}

func (cr *configReader) read(f *document.Fields) *Config {
	c := &Config{}
	f.Require("senders", "germane.yaml", "say who the mail is from: senders: {default: {name: Acme, email: hello@mail.acme.example}}")
	c.Senders = cr.senders(f.Get("senders"))
	c.Topics = cr.topics(f.Get("topics"))
	c.Consent = cr.consent(f.Get("consent"))
	c.PublicURL = cr.publicURL(f)
	c.Delivery = cr.delivery(f)
	c.DKIM = cr.dkim(f.Get("dkim"), c.Senders)
	c.Database = cr.database(f)
	c.Brand = cr.brand(f.Get("brand"))
	c.LinkHosts = cr.hosts(f, "link_hosts")
	c.Track = cr.track(f.Get("track"))
	c.Caps = schedule.ReadCaps(&cr.r, f.List("caps"))
	c.Retention = cr.retention(f, c.Caps)
	c.QuietHours = schedule.ReadQuietHours(&cr.r, f.Get("quiet_hours"))
	c.Holdout = cr.holdout(f)
	c.TimeZone = cr.timeZone(f)
	c.Concurrency = cr.whole(f, "concurrency", 16, maxConcurrency)
	if text, ok := f.Text("rate"); ok {
		c.Rate, _ = schedule.ReadRate(&cr.r, text)
	}
	c.WarmUp = cr.warmUp(f.Get("warm_up"))
	c.DomainRates = cr.domainRates(f.Get("domain_rates"))
	c.AllowRecipients = cr.recipients(f)
	c.Listen = cr.listen(f.Get("listen"))
	c.TrustedProxies = cr.proxies(f)
	c.Alerts = cr.alerts(f)
	c.SNSTopics = cr.sns(f.Get("sns"))
	c.Bounces = cr.bounces(f.Get("bounces"))
	c.StopIf = cr.stopIf(f.Get("stop_if"))
	c.Clients = cr.clients(f)
	f.Done("germane.yaml")
	return c
}

func (cr *configReader) track(n *document.Node) Track {
	f := cr.r.Map(n, "track")
	track := Track{Clicks: f.Bool("clicks", true), Opens: f.Bool("opens", false), UTM: f.Bool("utm", true)}
	f.Done("track")
	return track
}

func (cr *configReader) holdout(f *document.Fields) float64 {
	share, ok := f.Share("holdout")
	if text, _ := f.Text("holdout"); ok && share > 0.5 {
		cr.r.Add(text.Whole("out-of-range", "a global holdout above 50% leaves most people without mail for ever", "use a small share, such as holdout: 5%"))
	}
	return share
}

const (
	usualRetention = 395 * 24 * time.Hour // 13 months: a year can be compared with the one before
	leastRetention = 30 * 24 * time.Hour
)

// retention is longer than any cap looks back, by the day that calendars differ by.
func (cr *configReader) retention(f *document.Fields, caps []schedule.Cap) time.Duration {
	kept, ok := f.Duration("retention")
	if !ok {
		kept = usualRetention
	}
	least := leastRetention
	for _, c := range caps {
		least = max(least, c.Per+24*time.Hour)
	}
	if kept >= least {
		return kept
	}
	if text, ok := f.Text("retention"); ok && kept > 0 {
		days := int(least.Hours()+23) / 24
		cr.r.Add(text.Whole("out-of-range", fmt.Sprintf("%s is too short: mails of %d days are needed to keep to caps and to settle what is in doubt", text.S, days), fmt.Sprintf("write at least %dd, or leave it out for 395d", days)))
	}
	return least
}

func (cr *configReader) timeZone(f *document.Fields) *time.Location {
	if text, ok := f.Text("time_zone"); ok {
		if zone := schedule.ReadZone(&cr.r, text); zone != nil {
			return zone
		}
	}
	return time.UTC
}

// whole reads a whole number from 1 to most.
func (cr *configReader) whole(f *document.Fields, key string, fallback, most int64) int {
	n, ok := f.Int(key)
	if !ok {
		return int(fallback)
	}
	if n < 1 || n > most {
		text, _ := f.Text(key)
		cr.r.Add(outOfRange(text, key, 1, most))
		return int(fallback)
	}
	return int(n)
}

func (cr *configReader) warmUp(n *document.Node) *schedule.WarmUp {
	if n == nil {
		return nil
	}
	f := cr.r.Map(n, "warm_up")
	f.Require("start", "warm_up", "write how many messages go out on the first day: {start: 200, double_every: 1d}")
	f.Require("double_every", "warm_up", "write how soon the number doubles: {start: 200, double_every: 1d}")
	up := &schedule.WarmUp{Start: int64(cr.whole(f, "start", 200, 10_000_000)), DoubleEvery: 24 * time.Hour}
	switch every, ok := f.Duration("double_every"); {
	case ok && every < time.Hour:
		text, _ := f.Text("double_every")
		cr.r.Add(text.Whole("out-of-range", "a number that doubles within an hour is no warm-up", "write a time such as 1d"))
	case ok:
		up.DoubleEvery = every
	}
	f.Done("warm_up")
	return up
}

func (cr *configReader) domainRates(n *document.Node) []DomainRate {
	var rates []DomainRate
	f := cr.r.Map(n, "domain_rates")
	for _, pair := range f.Node().Pairs {
		text, ok := f.Text(pair.Key.S)
		if !cr.host(pair.Key) || !ok {
			continue
		}
		if rate, ok := schedule.ReadRate(&cr.r, text); ok {
			rates = append(rates, DomainRate{strings.ToLower(pair.Key.S), rate})
		}
	}
	return rates
}
