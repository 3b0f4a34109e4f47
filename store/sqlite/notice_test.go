package sqlite

import (
	"testing"
	"time"

	"germane/store"
	"germane/store/engine"
)

// TestHoursAreForgotten: of a domain to which mail bounces now and then, only the hours stay that keep somebody in quarantine.
func TestHoursAreForgotten(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	old := noon.Add(-store.CountsKept - 10*time.Hour)
	left := 0
	err := s.change(t.Context(), "count", func(t *transaction) error {
		if err := t.run(`INSERT INTO suppression (address, reason, detail, at, domain) VALUES (x'61', 'bounced', '', ?, 'mail.example')`, engine.Milliseconds(old)+1); err != nil {
			return err
		}
		for _, h := range []store.DomainHour{
			{Hour: old, Told: 20, Bounced: 5}, // somebody is kept back
			{Hour: old.Add(time.Hour), Told: 20, Bounced: 5},
			{Hour: old.Add(2 * time.Hour), Told: 1000, Bounced: 20},
			{Hour: old.Add(3 * time.Hour), Told: 1, Bounced: 1},
			{Hour: noon, Told: 1},
		} {
			if err := t.run(`INSERT INTO domain_hour (hour, domain, told, bounced) VALUES (?, 'mail.example', ?, ?)`, engine.Milliseconds(h.Hour), h.Told, h.Bounced); err != nil {
				return err
			}
		}
		n := &noticer{transaction: t, tallies: engine.NewTallies()}
		n.tallies.Newest = noon
		if err := n.count(); err != nil {
			return err
		}
		_, err := t.row(`SELECT count(*) FROM domain_hour`, nil, &left)
		return err
	})
	if err != nil || left != 2 {
		t.Errorf("%d hours are left, %v; want 2", left, err)
	}
}
