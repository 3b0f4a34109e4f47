package river

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestQuiet: what River says again and again while the database is away fills no disk, and is said as long as it is so.
func TestQuiet(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := slog.New(newQuiet(slog.NewTextHandler(&log, nil))).With("queue", "chunks").Handler()
	begun := time.Now()
	for second := range 150 {
		for _, text := range []string{"error fetching jobs", "error connecting"} {
			must(t, h.Handle(context.Background(), slog.NewRecord(begun.Add(time.Duration(second)*time.Second), slog.LevelError, text, 0)))
		}
	}
	for _, text := range []string{"error fetching jobs", "error connecting"} {
		if n := strings.Count(log.String(), text); n != 3 {
			t.Errorf("%q is said %d times in 2.5 minutes, not 3", text, n)
		}
	}
	if h.Enabled(context.Background(), slog.LevelInfo) {
		t.Error("River's daily work is logged")
	}
}
