package schedule

import (
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		told   Told
		want   string // of the campaign
		sender string
	}{
		"nothing":                      {},
		"few mails":                    {told: Told{Mails: 49, Bounced: 49, Complained: 49, Refused: 49}},
		"few bounces":                  {told: Told{Mails: 100, Bounced: 9}},
		"enough of both":               {told: Told{Mails: 50, Bounced: 10}, want: "bounces: 10 of 50 mails (20%) within 24 hours, above the limit of 3%"},
		"at the limit":                 {told: Told{Mails: 1000, Bounced: 30}},
		"above it":                     {told: Told{Mails: 1000, Bounced: 31}, want: "bounces: 31 of 1000 mails (3.1%) within 24 hours, above the limit of 3%"},
		"four complaints":              {told: Told{Mails: 100, Complained: 4}},
		"five complaints":              {told: Told{Mails: 6249, Complained: 5}, want: "complaints: 5 of 6249 mails (0.08001%) within 24 hours, above the limit of 0.08%"},
		"five among many":              {told: Told{Mails: 6250, Complained: 5}},
		"complaints weigh more":        {told: Told{Mails: 100, Bounced: 50, Complained: 5}, want: "complaints: 5 of 100 mails (5%) within 24 hours, above the limit of 0.08%"},
		"refusals are the sender's":    {told: Told{Mails: 999, Bounced: 10, Refused: 10, Code: "5.7.26"}, sender: "refused with 5.7.26: 10 of 999 mails (1.001%) within 24 hours, above the limit of 1%"},
		"refusals of few mails":        {told: Told{Mails: 49, Refused: 40, Code: "5.7.26"}},
		"one receiver's own bad taste": {told: Told{Mails: 100_000, Bounced: 200, Refused: 200, Code: "5.7.1"}},
	} {
		trip, tripped := DefaultBreaker.Campaign(c.told)
		if trip.Text != c.want || tripped != (c.want != "") {
			t.Errorf("%s: %v, %q", name, tripped, trip.Text)
		}
		stop, stopped := DefaultBreaker.Sender(c.told)
		if stop.Text != c.sender || stopped != (c.sender != "") {
			t.Errorf("%s: of the sender %v, %q", name, stopped, stop.Text)
		}
		if (tripped || stopped) && !DefaultBreaker.Worth(c.told) {
			t.Errorf("%s: nobody would look", name)
		}
		if _, tripped := (Breaker{}).Campaign(c.told); tripped || (Breaker{}).Worth(c.told) {
			t.Errorf("%s: tripped without limits", name)
		}
		if _, tripped := (Breaker{}).Sender(c.told); tripped {
			t.Errorf("%s: stopped without limits", name)
		}
	}
	sum := Told{Mails: 1, Refused: 1, Code: "5.7.1"}
	sum.Add(Told{Mails: 2, Bounced: 3, Complained: 4, Refused: 5, Code: "5.7.26"})
	if sum != (Told{Mails: 3, Bounced: 3, Complained: 4, Refused: 6, Code: "5.7.26"}) {
		t.Errorf("the sum is %+v", sum)
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 2, 9, 2, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		decided time.Time
		want    string
	}{
		"nobody decided":       {time.Time{}, "03-01 09:02"},
		"long ago":             {now.Add(-48 * time.Hour), "03-01 09:02"},
		"in a slot":            {now.Add(-time.Hour), "03-02 08:05"},
		"at a slot's begin":    {now.Add(-62 * time.Minute), "03-02 08:05"},
		"just now":             {now, "03-02 09:05"},
		"as the window begins": {now.Add(-BreakerWindow + 4*time.Minute), "03-01 09:10"},
	} {
		if got := Since(now, c.decided, 5*time.Minute).Format("01-02 15:04"); got != c.want {
			t.Errorf("%s: since %s, want %s", name, got, c.want)
		}
	}
}

func TestStandsOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		variants []Seen
		want     string
	}{
		"none":              {nil, ""},
		"all alike":         {[]Seen{{"hero/a", 500, 26}, {"hero/b", 500, 24}}, ""},
		"only one":          {[]Seen{{"hero/a", 1000, 50}}, ""},
		"one of two":        {[]Seen{{"hero/a", 300, 40}, {"hero/b", 700, 10}}, "hero/a was in 40 of the 50 mails with complaints (80%), and in 30% of all"},
		"the worst of some": {[]Seen{{"hero/a", 300, 30}, {"hero/b", 700, 20}, {"next/c", 100, 45}, {"next/d", 900, 5}}, "next/c was in 45 of the 50 mails with complaints (90%), and in 10% of all"},
		"nobody else":       {[]Seen{{"hero/a", 0, 50}}, "hero/a was in 50 of the 50 mails with complaints (100%), and in 0% of all"},
	} {
		if got := StandsOut(c.variants, 1000, 50, "complaints"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
