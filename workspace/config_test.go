package workspace

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the machine may have no zones

	"germane/internal/finding"
	"germane/schedule"
)

const designConfig = `senders:
  default: {name: Acme, email: hello@mail.acme.example, reply_to: help@acme.example, postal_address: "1 Main St, Springfield"}
topics: {tips: Product tips, offers: Offers}
consent: {imported: none}                      # or {imported: subscribed, basis: "signup form"}
public_url: https://links.acme.example         # tracked links, unsubscribe, preferences, assets
delivery: outbox://outbox                      # ses://eu-west-1?configuration_set=main
database: germane.db                           # or postgres://…
brand: {accent: "#2457d6", logo: assets/logo.png, app_url: https://app.acme.example}
link_hosts: [acme.example]                     # where a link may lead
track: {clicks: true, opens: false, utm: true}
caps: [{max: 2, per: 7d}]                      # also topic: offers, window: calendar
quiet_hours: {from: "21:00", to: "08:00", on: hold, jitter: 15min}
holdout: 5%                                    # global: no campaign mails these people
time_zone: Europe/London                       # where a person's is unknown
concurrency: 16                                # sends in flight per worker
rate: 14/s                                     # per sender
warm_up: {start: 200, double_every: 1d}        # optional
domain_rates: {gmail.com: 20/s}
allow_recipients: ["*@acme.example"]           # who may be mailed while the database is not armed
listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}
trusted_proxies: [10.0.0.0/8, 192.0.2.7]
alerts: [https://hooks.acme.example/mail, oncall@acme.example]
sns: {topics: ["arn:aws:sns:eu-west-1:123456789012:mail"]}
`

func readConfig(text string, environment map[string]string) (*Config, []finding.Finding) {
	return ReadConfig(finding.NewFile("germane.yaml", text), environment, func(name string) bool { return name == "assets/logo.png" })
}

// places writes findings as "line:column code, …"; those outside germane.yaml with their file.
func places(findings []finding.Finding) string {
	var parts []string
	for _, f := range finding.Sort(findings) {
		at := strconv.Itoa(f.Line) + ":" + strconv.Itoa(f.Column) + " " + string(f.Code)
		if f.File != "germane.yaml" {
			at = f.File + ":" + at
		}
		parts = append(parts, at)
	}
	return strings.Join(parts, ", ")
}

func TestReadConfig(t *testing.T) {
	t.Parallel()
	c, findings := readConfig(designConfig, nil)
	if len(findings) > 0 {
		t.Fatalf("findings: %+v", findings)
	}
	sender, _ := c.Sender("default")
	accent, _ := c.BrandValue("accent")
	for what, ok := range map[string]bool{
		"sender":     sender.DisplayName == "Acme" && sender.Email == "hello@mail.acme.example" && sender.ReplyTo == "help@acme.example" && sender.PostalAddress == "1 Main St, Springfield",
		"topics":     len(c.Topics) == 2 && c.Topics[1].Name == "offers" && c.Topics[0].Title == "Product tips",
		"consent":    !c.Consent.Subscribed,
		"public_url": c.PublicURL.String() == "https://links.acme.example",
		"delivery":   c.Delivery == Delivery{Text: "outbox://outbox", Scheme: "outbox", Folder: "outbox"},
		"database":   c.Database == Database{File: "germane.db"},
		"brand":      len(c.Brand) == 3 && accent.Text.S == "#2457d6",
		"track":      c.Track == Track{Clicks: true, UTM: true},
		"caps":       len(c.Caps) == 1 && c.Caps[0].Max == 2 && c.Caps[0].Per == 168*time.Hour,
		"quiet":      c.QuietHours.From.String() == "21:00" && c.QuietHours.To.String() == "08:00" && !c.QuietHours.Skip,
		"numbers":    c.Holdout == 0.05 && c.Concurrency == 16 && c.Rate == 14,
		"zone":       c.TimeZone.String() == "Europe/London",
		"warm_up":    *c.WarmUp == schedule.WarmUp{Start: 200, DoubleEvery: 24 * time.Hour},
		"domains":    len(c.DomainRates) == 1 && c.DomainRates[0] == DomainRate{"gmail.com", 20},
		"recipients": len(c.AllowRecipients) == 1,
		"listen":     c.Listen == Listen{"127.0.0.1:8080", "127.0.0.1:8081"},
		"proxies":    len(c.TrustedProxies) == 2 && c.TrustedProxies[1] == netip.MustParsePrefix("192.0.2.7/32"),
		"alerts":     len(c.Alerts) == 2 && len(c.SNSTopics) == 1,
	} {
		if !ok {
			t.Errorf("%s: got %+v", what, c)
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	c, findings := readConfig("senders: {default: {name: Acme, email: hello@acme.example}}\n", nil)
	if len(findings) > 0 {
		t.Fatalf("findings: %+v", findings)
	}
	if c.Concurrency != 16 || c.TimeZone != time.UTC || c.Database.File != "germane.db" || !c.Track.Clicks || c.Track.Opens || c.Listen.Public != "127.0.0.1:8080" || c.WarmUp != nil || c.QuietHours != nil {
		t.Errorf("got %+v", c)
	}
}

// TestConfigMistakes adds or replaces one key after a good sender, which stands on line 1.
func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ yaml, want string }{
		{"concurency: 16", "2:1 unknown-key"},
		{"concurrency: 0", "2:14 out-of-range"},
		{"concurrency: many", "2:14 bad-number"},
		{"topics: {Tips: Product tips}", "2:10 bad-name"},
		{"topics: {tips: }", "2:10 missing-key"},
		{"topics: {tips: [a]}", "2:16 wrong-shape"},
		{"topics: [tips]", "2:9 wrong-shape"},
		{"consent: {imported: yes}", "2:21 bad-value"},
		{"consent: {imported: subscribed}", "2:11 missing-key"},
		{"public_url: links.acme.example", "2:13 bad-url"},
		{"public_url: https://links.acme.example/?a=b", "2:13 bad-url"},
		{"public_url: http://links.acme.example", "2:13 public-url-not-https"},
		{"public_url: http://127.0.0.1:8080", ""},
		{"delivery: sendgrid://x", "2:11 bad-delivery"},
		{"delivery: outbox", "2:11 bad-delivery"},
		{"delivery: outbox://", "2:11 bad-delivery"},
		{"delivery: ses://europe", "2:11 bad-delivery"},
		{"delivery: ses://eu-west-1?configuration_set=main&tenant=a&endpoint=http://127.0.0.1:4579", ""},
		{"delivery: ses://eu-west-1?config_set=main", "2:11 bad-delivery"},
		{"delivery: ses://eu-west-1?endpoint=127.0.0.1", "2:11 bad-delivery"},
		{"delivery: smtp+starttls://user@host:587", ""},
		{"dkim: {domain: acme.example, selector: s1}", ""},
		{"dkim: {domain: ACME.example, selector: 2026.mail}", ""},
		{"dkim: {domain: acme.example}", "2:7 missing-key"},
		{"dkim: {domain: other.example, selector: s1}", "2:16 bad-value"},
		{"dkim: {domain: https://acme.example, selector: s 1}", "2:16 bad-host, 2:48 bad-value"},
		{"dkim: {domain: acme.example, selector: s1, key: x}", "2:44 unknown-key"},
		{"brand: {font: \"Inter, 'Segoe UI', sans-serif\", heading_font: Georgia, language: pt-BR}", ""},
		{"brand: {font: \"Inter; color: red\"}", "2:16 bad-value"},
		{"brand: {heading_font: \"'Inter\"}", "2:24 bad-value"},
		{"brand: {language: English (UK)}", "2:19 bad-value"},
		{"delivery: smtp+tls://user@host:65536", "2:11 bad-delivery"},
		{"delivery: smtp://127.0.0.1:1025", ""},
		{"delivery: smtp://", "2:11 bad-delivery"},
		{"delivery: smtp://host?tls=no", "2:11 bad-delivery"},
		{"delivery: smtp://us er@host", "2:11 bad-delivery"},
		{"database: mysql://db/germane", "2:11 bad-database"},
		{"database: host=db.example password=secret", "2:11 bad-database"},
		{"database: postgres:/germane:secret@db.example/germane", "2:11 bad-database"},
		{"database: postgres//germane:secret@db.example/germane", "2:11 bad-database"},
		{"database: ./a=b.db", ""},
		{"database: postgres://germane@db.example/germane?sslmode=require", ""},
		{"retention: 13d", "2:12 out-of-range"},
		{"retention: 30d", ""},
		{"retention: 13 months", "2:12 bad-duration"},
		{"retention: 80d\ncaps: [{max: 2, per: 80d}]", "2:12 out-of-range"},
		{"brand: {accent: blueish}", "2:17 bad-colour"},
		{"brand: {accent: #2457d6}\n}", "2:9 missing-key"},
		{"brand:\n  accent: #2457d6", "3:3 missing-key"},
		{"brand: {logo: assets/lgo.png}", "2:15 unknown-asset"},
		{"brand: {app_url: app.acme.example}", "2:18 bad-url"},
		{"brand: {App: x}", "2:9 bad-name"},
		{"brand: {app: [x]}", "2:14 wrong-shape"},
		{"link_hosts: [https://acme.example/]", "2:14 bad-host"},
		{"link_hosts: acme.example", ""},
		{"track: {clicks: maybe}", "2:17 bad-value"},
		{"track: {click: true}", "2:9 unknown-key"},
		{"holdout: 60%", "2:10 out-of-range"},
		{"holdout: 0.05", "2:10 bad-share"},
		{"time_zone: London", "2:12 unknown-time-zone"},
		{"rate: 14", "2:7 bad-rate"},
		{"warm_up: {start: 200}", "2:10 missing-key"},
		{"warm_up: {start: 200, double_every: 1m}", "2:37 bad-duration"},
		{"warm_up: {start: 200, double_every: 59min}", "2:37 out-of-range"},
		{"warm_up: {start: 0, double_every: 1d}", "2:18 out-of-range"},
		{"domain_rates: {gmail: 20/s}", "2:16 bad-host"},
		{"domain_rates: {gmail.com: 20}", "2:27 bad-rate"},
		{`allow_recipients: ["*"]`, "2:21 out-of-range"},
		{`allow_recipients: ["*@*"]`, "2:21 out-of-range"},
		{`allow_recipients: ["*@*.*"]`, "2:21 out-of-range"},
		{`allow_recipients: ["*@acme.example", ann@acme.example, "*@*.acme.example"]`, ""},
		{"allow_recipients: [acme.example]", "2:20 bad-address"},
		{"clients: [gmail, outlook]", ""},
		{"clients: [gmail, outlok]", "2:18 bad-value"},
		{"listen: {public: 8080}", "2:18 bad-host"},
		{"listen: {public: :8080, private: :8080}", "2:34 bad-host"},
		{"trusted_proxies: [10.0.0.0/33]", "2:19 bad-host"},
		{"alerts: [http://hooks.acme.example]", "2:10 bad-url"},
		{"sns: {topics: [mail]}", "2:16 bad-value"},
		{"caps: {max: 2}", "2:7 wrong-shape"},
		{"senders: {}", "2:1 duplicate-key"},
		{"x: {", "3:1 yaml-syntax"},
	} {
		t.Run(test.yaml, func(t *testing.T) {
			t.Parallel()
			_, findings := readConfig("senders: {default: {name: Acme, email: hello@acme.example}}\n"+test.yaml+"\n", nil)
			if got := places(findings); got != test.want {
				t.Errorf("got %s, want %s\n%+v", got, test.want, findings)
			}
		})
	}
}

func TestSenderMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ yaml, want string }{
		{"topics: {}", "1:1 missing-key"},
		{"senders: {}", "1:10 missing-key"},
		{"senders: {support: {name: A, email: a@b.example}}", "1:10 missing-key"},
		{"senders: {default: {name: A}}", "1:20 missing-key"},
		{"senders: {default: {name: A, email: hello@}}", "1:37 bad-address"},
		{"senders: {default: {name: A, email: A <a@b.example>}}", "1:37 bad-address"},
		{`senders: {default: {name: "A\r\nBcc: x@y.example", email: a@b.example}}`, "1:28 bad-value"},
		{"senders: {default: {name: A, email: a@b.example, reply-to: c@d.example}}", "1:50 unknown-key"},
		{"senders: {default: {name: A, email: a@b.example}, Support: {}}", "1:51 bad-name"},
	} {
		t.Run(test.yaml, func(t *testing.T) {
			t.Parallel()
			_, findings := readConfig(test.yaml+"\n", nil)
			if got := places(findings); got != test.want {
				t.Errorf("got %s, want %s\n%+v", got, test.want, findings)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"a@b.example": true, "first.last+tag@mail.acme.example": true, "o'neil@b.example": true, "ann@localhost": true,
		"": false, "@": false, "a@": false, "@b.example": false, "a b@c.example": false, "a@b@c.example": false, ".a@b.example": false,
		"a..b@c.example": false, "a@-b.example": false, "a@b..example": false, "a@b": false, "a@b.example\n": false, "é@b.example": false,
	} {
		if got := ValidAddress(address); got != want {
			t.Errorf("%q: got %v", address, got)
		}
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	t.Parallel()
	c, findings := readConfig(designConfig, map[string]string{
		"GERMANE_CAPS":           "[]",
		"GERMANE_DELIVERY":       "ses://eu-west-1?configuration_set=main&tenant=a",
		"GERMANE_DATABASE":       "postgres://germane:hunter2@db.example/germane",
		"GERMANE_LISTEN_PUBLIC":  "127.0.0.1:0",
		"GERMANE_TRACK":          "{clicks: false}",
		"GERMANE_TRACK_OPENS":    "true",
		"GERMANE_BRAND_APP_URL":  "https://staging.acme.example",
		"GERMANE_RATE":           "100/s",
		"GERMANE_HOLDOUT":        "",
		"GERMANE_SMTP_PASSWORD":  "hunter2",
		"GERMANE_DKIM_KEY_FILE":  "/run/secrets/dkim",
		"GERMANE_DKIM":           "{domain: mail.acme.example, selector: s1}",
		"GERMANE_DKIM_SELECTOR":  "s2",
		"GERMANE_SOMETHING_ELSE": "1",
		"PATH":                   "/bin",
	})
	if len(findings) > 0 {
		t.Fatalf("findings: %+v", findings)
	}
	url, _ := c.BrandValue("app_url")
	if len(c.Caps) != 0 || c.Delivery.Region != "eu-west-1" || c.Delivery.Tenant != "a" || c.Database.Postgres == "" || c.Listen != (Listen{"127.0.0.1:0", "127.0.0.1:8081"}) ||
		c.Track != (Track{Opens: true, UTM: true}) || url.Text.S != "https://staging.acme.example" || *c.DKIM != (DKIM{"mail.acme.example", "s2"}) || c.Rate != 100 || c.Holdout != 0.05 {
		t.Errorf("got %+v", c)
	}
}

func TestEnvironmentMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, value, want string }{
		{"GERMANE_DELIVRY", "outbox://outbox", "$GERMANE_DELIVRY:1:1 unknown-override"},
		{"GERMANE_CONCURRENCY", "many", "$GERMANE_CONCURRENCY:1:1 bad-number"},
		{"GERMANE_CAPS", "[{max: 2, per: 7}]", "$GERMANE_CAPS:1:16 bad-duration"},
		{"GERMANE_CAPS", "[", "$GERMANE_CAPS:1:2 yaml-syntax"},
		{"GERMANE_TRACK", "{click: true}", "$GERMANE_TRACK:1:2 unknown-key"},
		{"GERMANE_ALLOW_RECIPIENTS", "*@acme.example", "$GERMANE_ALLOW_RECIPIENTS:1:1 yaml-syntax"},
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Parallel()
			_, findings := readConfig(designConfig, map[string]string{test.name: test.value})
			if got := places(findings); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, want %s\n%+v", got, test.want, findings)
			}
		})
	}
}

func TestSecretsAreFoundAndNotRepeated(t *testing.T) {
	t.Parallel()
	const head = "senders: {default: {name: Acme, email: hello@acme.example}}\n"
	for _, test := range []struct{ name, yaml, secret, want string }{
		{"a password of its own", "smtp_password: hunter2", "hunter2", "2:1 secret-in-file"},
		{"a nested one", "sns: {topics: [], api_key: hunter2}", "hunter2", "2:19 secret-in-file"},
		{"in the delivery", "delivery: smtp+tls://ann:hunter2@mail.example:465", "hunter2", "2:26 secret-in-file"},
		{"in the database", "database: postgres://germane:hunter2@db.example/germane", "hunter2", "2:30 secret-in-file"},
		{"in a query", "alerts: [\"https://hooks.example/?token=hunter2\"]", "hunter2", "2:40 secret-in-file"},
		{"an AWS key", "brand: {note: AKIAIOSFODNN7EXAMPLE}", "AKIAIOSFODNN7EXAMPLE", "2:15 secret-in-file"},
		{"a private key", "brand:\n  key_url: |\n    -----BEGIN PRIVATE KEY-----\n    hunter2\n", "hunter2", "3:12 bad-value, 3:12 secret-in-file"},
		{"repeated by another finding", "delivery: smtp://ann:hunter2@mail.example:x", "hunter2", "2:11 bad-delivery, 2:22 secret-in-file"},
		{"no secret", "brand: {tokens: 5, password_url: https://acme.example/password}", "hunter2", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, findings := readConfig(head+test.yaml+"\n", nil)
			if got := places(findings); got != test.want {
				t.Errorf("got %s, want %s\n%+v", got, test.want, findings)
			}
			var out strings.Builder
			if err := finding.WriteText(&out, findings, false); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), test.secret) {
				t.Errorf("the secret is repeated:\n%s", out.String())
			}
		})
	}
}

// TestSecretsOfTheEnvironmentAreNotRepeated: there they belong, and a mistake beside one must not show it.
func TestSecretsOfTheEnvironmentAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ variable, value string }{
		{"GERMANE_DATABASE", "postgres://germane:hunter2@db.example:x/germane"},
		{"GERMANE_DATABASE", "postgres://germane:a/hunter2@db.example/germane"},
		{"GERMANE_DATABASE", "mysql://germane:a/hunter2@db.example/germane"},
		{"GERMANE_DELIVERY", "smtp://ann:hunter2@mail.example:x"},
	} {
		_, findings := readConfig("senders: {default: {name: Acme, email: hello@acme.example}}\n", map[string]string{test.variable: test.value})
		var out strings.Builder
		if err := finding.WriteText(&out, findings, false); err != nil {
			t.Fatal(err)
		}
		if len(findings) == 0 || strings.Contains(out.String(), "hunter2") {
			t.Errorf("%s=%s:\n%s", test.variable, test.value, out.String())
		}
	}
}

func TestKeysAreDocumentedAndRead(t *testing.T) {
	t.Parallel()
	for _, key := range Keys() {
		if key.Doc == "" || key.Example == "" {
			t.Errorf("%s is not documented", key.Path)
		}
		environment := map[string]string{key.Variable(): key.Example}
		switch key.Path {
		case "consent.imported", "consent.basis", "warm_up.start", "warm_up.double_every", "quiet_hours.from", "quiet_hours.to", "quiet_hours.on", "quiet_hours.jitter", "dkim.domain", "dkim.selector":
			continue // parts of mappings that are only whole together
		}
		_, findings := readConfig("senders: {default: {name: Acme, email: hello@mail.acme.example}}\n", environment)
		if len(findings) > 0 {
			t.Errorf("%s: %+v", key.Path, findings)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add(designConfig, "[]")
	f.Add("senders: {a: {email: x}}\ndelivery: smtp://a:b@c", "{max: 1}")
	f.Add("brand: {a_url: |\n  x\n}\nlisten: {public: \"[::1%a]:1\"}", "*")
	f.Fuzz(func(t *testing.T, text, caps string) {
		c, findings := readConfig(text, map[string]string{"GERMANE_CAPS": caps})
		if c == nil || c.TimeZone == nil || c.Concurrency < 1 {
			t.Fatalf("got %+v", c)
		}
		for _, found := range findings {
			if found.Code == "" || found.Text == "" || found.File == "" {
				t.Fatalf("not a finding: %+v", found)
			}
		}
	})
}
