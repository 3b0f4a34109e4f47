package track

import (
	"strings"
	"testing"
	"time"

	"germane/store"
)

func TestSoftBounces(t *testing.T) {
	t.Parallel()
	// A letter a day: s is a soft bounce, c one for the mail's contents, p one for a policy, d a delivery, r a readmission, . nothing.
	for days, want := range map[string]string{
		"ss":          "",
		"sss":         "2",
		"ssss":        "2",
		"s.s.s":       "4",
		"s..s..s":     "",  // in six days
		"s..s..ss":    "7", // but three within the last five
		"ssd":         "",
		"ssds":        "",
		"sssd":        "",
		"sssds":       "",
		"ssdsss":      "5",
		"sssrss":      "",
		"sssrsss":     "6",
		"sscs":        "3",
		"cccccc":      "",
		"spspp":       "",
		"sspps":       "4",
		"dsdsdsds":    "",
		"":            "",
		"..........s": "",
	} {
		var events []store.Event
		for i, letter := range days {
			e := store.Event{Kind: store.EventSoftBounce, At: noon.AddDate(0, 0, i), Fields: []byte(`{"type":"Transient","subtype":"MailboxFull","status":"4.2.2"}`)}
			switch letter {
			case '.':
				continue
			case 'c':
				e.Fields = []byte(`{"subtype":"ContentRejected"}`)
			case 'p':
				e.Fields = []byte(`{"subtype":"General","status":"4.7.1"}`)
			case 'd':
				e.Kind = store.EventDelivery
			case 'r':
				e.Kind = store.EventReadmit
			}
			events = append(events, e)
		}
		got := ""
		if since, ok := (SoftBounces{3, 5 * 24 * time.Hour}).count(events); ok {
			got = strings.TrimSuffix(since.Sub(noon).String(), "h0m0s")
			got = map[string]string{"48": "2", "72": "3", "96": "4", "120": "5", "144": "6", "168": "7"}[got]
		}
		if got != want {
			t.Errorf("%s: gone on day %q, want %q", days, got, want)
		}
		if _, ok := (SoftBounces{}).count(events); ok {
			t.Errorf("%s: gone without a policy", days)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{"5.7.1": "5.7.1", "5.7.515": "5.7.515", "5.1.1": "", "4.7.0": "", "": "", "15.7.1": ""} {
		b := &sesBounce{BounceType: "Transient", BouncedRecipients: []struct{ EmailAddress, Status, DiagnosticCode string }{{Status: status}}}
		if got := b.refused(); got != want {
			t.Errorf("%s: %q", status, got)
		}
	}
	for address, want := range map[string]string{"a@Mail.Example": "mail.example", "a@b@c.example": "c.example", "a@[127.0.0.1]": "", "": "", "a@x y": "", "a@-x.example": ""} {
		if got := domainOf(address); got != want {
			t.Errorf("%s: %q", address, got)
		}
	}
}
