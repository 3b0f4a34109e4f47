package workspace

import (
	"time"

	"germane/internal/document"
	"germane/schedule"
)

// SoftBounces is when a mailbox that should take mail later gets none any more.
type SoftBounces struct {
	Most   int // with no delivery between them
	Within time.Duration
}

// maxSoft is less than track looks at.
const maxSoft = 100

func (cr *configReader) bounces(n *document.Node) SoftBounces {
	f := cr.r.Map(n, "bounces")
	soft := SoftBounces{Most: cr.whole(f, "soft", 5, maxSoft), Within: 30 * 24 * time.Hour}
	if within, ok := f.Duration("within"); ok {
		soft.Within = within
	}
	f.Done("bounces")
	return soft
}

func (cr *configReader) stopIf(n *document.Node) schedule.Breaker {
	f := cr.r.Map(n, "stop_if")
	b := schedule.DefaultBreaker
	for _, key := range []struct {
		name  string
		limit *float64
	}{{"bounces", &b.Bounces}, {"complaints", &b.Complaints}, {"refused", &b.Refused}} {
		share, ok := f.Share(key.name)
		switch text, _ := f.Text(key.name); {
		case ok && share == 0:
			cr.r.Add(text.Whole("out-of-range", "a few mails of every large campaign come back: at 0% each would be stopped", "write a share such as 3%; at 100% nothing is"))
		case ok:
			*key.limit = share
		}
	}
	f.Done("stop_if")
	return b
}
