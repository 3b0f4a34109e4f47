package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"germane/store"
	"germane/worker"
)

// inWords is a run's state as people read it.
func inWords(s store.RunState) string {
	switch s {
	case store.RunWaitingApproval:
		return "waits for approval"
	case store.RunSettling:
		return "settling (all is done but for mails in doubt)"
	}
	return string(s)
}

// missedWhy says why nobody is mailed for the occurrence that a run stands for; "" when it is a run like any.
func missedWhy(r *store.Run) string {
	why, missed := strings.CutPrefix(r.Note, worker.Missed)
	if !missed || r.State != store.RunCancelled || r.Planned > 0 {
		return ""
	}
	return why
}

// standing is where a run stands, as people read it, and the note that belongs to it.
func standing(r *store.Run) (state, note string) {
	if why := missedWhy(r); why != "" {
		return "missed, nobody is mailed", why
	}
	if r.State == store.RunFinished && r.InDoubt > 0 {
		return "finished with " + thousands(int(r.InDoubt)) + " in doubt", r.Note
	}
	return inWords(r.State), r.Note
}

// addingUp says what became of everybody: "1,000 planned = 900 sent + 100 held out".
func addingUp(c store.Counts) string {
	if c.Planned == 0 {
		return "nobody planned"
	}
	var terms []string
	for _, term := range []struct {
		n    int64
		what string
	}{{c.Sent, "sent"}, {c.Failed, "failed"}, {c.Skipped, "skipped"}, {c.HeldOut, "held out"}, {c.InDoubt, "in doubt"}, {c.Waiting, "waiting"}} {
		if term.n != 0 {
			terms = append(terms, thousands(int(term.n))+" "+term.what)
		}
	}
	return thousands(int(c.Planned)) + " planned = " + strings.Join(terms, " + ")
}

// lasting says when a run started and how long it took; "" before it did.
func lasting(r *store.Run, now time.Time) string {
	switch {
	case r.Started.IsZero():
		return ""
	case r.Finished.IsZero():
		return fmt.Sprintf("started %s UTC, %s ago", minute(r.Started), span(now.Sub(r.Started)))
	}
	return fmt.Sprintf("started %s UTC, took %s", minute(r.Started), span(r.Finished.Sub(r.Started)))
}

// heldBack says why a run that goes on mails nobody for a time; "" when it does.
func heldBack(r *store.Run, now time.Time) string {
	if r.State != store.RunRunning || r.Waiting == 0 || !now.Before(r.Held.Until) {
		return ""
	}
	return fmt.Sprintf("waits until %s UTC: %s", minute(r.Held.Until), r.Held.Why)
}

// comesDue says when a run goes on whose next people's hour has not come; "" when it goes on now, or something else keeps it back.
func comesDue(r *store.Run, chunks []store.Chunk, now time.Time) string {
	if r.State != store.RunRunning || r.Waiting == 0 || heldBack(r, now) != "" {
		return ""
	}
	var next time.Time
	for i := range chunks {
		c := &chunks[i]
		switch {
		case c.State != store.ChunkOpen:
		case !now.Before(c.NotBefore):
			return ""
		case next.IsZero() || c.NotBefore.Before(next):
			next = c.NotBefore
		}
	}
	if next.IsZero() {
		return ""
	}
	return "the next are due " + minute(next) + " UTC"
}

// span is a length of time as people say it, in two units at most.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0); {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return fmt.Sprintf("%dh %dmin", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dmin %ds", d/time.Minute, d%time.Minute/time.Second)
	case d >= 10*time.Second:
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}

// plural counts things: "1 run", "1,000 runs".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// trouble is why a run needs a person, and what to type.
type trouble struct{ text, cure string }

// failedTooMany is the share of mails above which somebody should look at why they failed.
const failedTooMany = 0.05

func troublesOf(ctx context.Context, s store.Chunks, r *store.Run) ([]trouble, error) {
	var all []trouble
	add := func(text, cure string, args ...any) { all = append(all, trouble{text, fmt.Sprintf(cure, args...)}) }
	switch r.State {
	case store.RunWaitingApproval:
		add("waits for approval", "germane runs approve %d", r.ID)
	case store.RunPaused:
		add("paused", "germane runs resume %d", r.ID)
	case store.RunStopped:
		add("stopped", "germane runs resume %d, when its reason is gone", r.ID)
	case store.RunCancelled:
		switch why := missedWhy(r); why {
		case "", worker.WhyPaused:
		case worker.WhyStopped:
			add("missed", "germane runs --campaign %s shows the run that was stopped", r.Campaign)
		default:
			add("missed", "germane send %s, if it should still be sent", r.Campaign)
		}
	}
	if aside, err := setAside(ctx, s, r); err != nil {
		return nil, err
	} else if aside > 0 {
		add(plural(aside, "chunk set aside", "chunks set aside"), "germane runs resume %d tries again", r.ID)
	}
	if tried := r.Sent + r.Failed + r.InDoubt; r.Failed > 0 && float64(r.Failed) > failedTooMany*float64(tried) {
		add(fmt.Sprintf("%.0f%% failed", 100*float64(r.Failed)/float64(tried)), "germane runs %d says why", r.ID)
	}
	if r.InDoubt > 0 {
		add(thousands(int(r.InDoubt))+" in doubt", "germane runs settle %d, when you know", r.ID)
	}
	return all, nil
}

// setAside counts the chunks that nobody works on any more; a run with one does not finish.
func setAside(ctx context.Context, s store.Chunks, r *store.Run) (n int, err error) {
	if r.State == store.RunFinished || r.State == store.RunSettling || r.State == store.RunCancelled {
		return 0, nil
	}
	chunks, err := s.ChunksOf(ctx, r.ID)
	for _, c := range chunks {
		if c.State == store.ChunkAside {
			n++
		}
	}
	return n, err
}
