package river

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quiet keeps what River says of its daily work out of a log, and says the rest once a minute: while the database is away, River tries
// every second, and tells of each try.
type quiet struct {
	slog.Handler
	said *said
}

// said is when each thing was said last.
type said struct {
	mu   sync.Mutex
	last map[string]time.Time
}

const (
	sayAgain = time.Minute
	mostSaid = 1000 // things; River has a few dozen
)

func newQuiet(h slog.Handler) quiet { return quiet{h, &said{last: map[string]time.Time{}}} }

// Enabled implements [slog.Handler].
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	if q.said.again(r.Message, r.Time) {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (s *said) again(what string, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.last[what]; ok && at.Sub(last) < sayAgain {
		return true
	}
	if len(s.last) >= mostSaid {
		clear(s.last)
	}
	s.last[what] = at
	return false
}

// WithAttrs implements [slog.Handler].
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quiet{q.Handler.WithAttrs(attrs), q.said}
}

// WithGroup implements [slog.Handler].
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name), q.said} }
