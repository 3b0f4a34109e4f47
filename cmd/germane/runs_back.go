package main

import (
	"context"
	"fmt"

	"germane/store"
)

// back is how many people's mail of a run came back, as far as its provider told.
type back struct{ bounced, complained int64 }

func cameBack(ctx context.Context, s store.Notices, run int64) (b back, err error) {
	for kind, n := range map[string]*int64{store.EventBounce: &b.bounced, store.EventComplaint: &b.complained} {
		rows, err := s.EventChoices(ctx, run, kind)
		if err != nil {
			return b, err
		}
		for i := range rows {
			*n += rows[i].People
		}
	}
	return b, nil
}

// words says it of a run's mails; "" when none came back.
func (b back) words(c *store.Counts) string {
	if b == (back{}) {
		return ""
	}
	return fmt.Sprintf("%s bounced (%s), %s complained (%s)", thousands(int(b.bounced)), percent(b.bounced, c.Sent+c.InDoubt), thousands(int(b.complained)), percent(b.complained, c.Sent+c.InDoubt))
}
