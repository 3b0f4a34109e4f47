package store

import (
	"context"
	"time"
)

// Retention lets go of what is too old. Runs and their chunks' counts, consent, suppressions and withdrawals stay: reports of old runs
// still add up, no occurrence is sent again, and who withdrew stays withdrawn.
type Retention interface {
	// Expire removes the deliveries of runs that were made before a time, and events and places under caps from before it. It works in
	// small steps, may be called again at any time, and leaves alone whatever belongs to a run that is not over. It returns how many
	// rows went. A caller who names the first moment of a month (UTC) spares an engine that keeps months apart most of the work; and
	// places under caps must stay as long as the longest cap looks back.
	Expire(ctx context.Context, before time.Time) (int64, error)
}
