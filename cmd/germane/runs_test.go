package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"germane/store"
	"germane/worker"
)

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0s", 1500 * time.Millisecond: "1.5s", 59 * time.Second: "59s", 61 * time.Second: "1min 1s",
		90 * time.Minute: "1h 30min", 47 * time.Hour: "47h 0min", 50 * time.Hour: "2 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestComesDue(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)
	in := func(d time.Duration) store.Chunk { return store.Chunk{State: store.ChunkOpen, NotBefore: now.Add(d)} }
	done := in(-time.Hour)
	done.State = store.ChunkDone
	const ten = "the next are due 2027-03-01 10:00 UTC"
	for name, c := range map[string]struct {
		run    store.Run
		chunks []store.Chunk
		want   string
	}{
		"later":    {store.Run{State: store.RunRunning}, []store.Chunk{done, in(3 * time.Hour), in(2 * time.Hour)}, ten},
		"one now":  {store.Run{State: store.RunRunning}, []store.Chunk{in(2 * time.Hour), in(0)}, ""},
		"paused":   {store.Run{State: store.RunPaused}, []store.Chunk{in(2 * time.Hour)}, ""},
		"all done": {store.Run{State: store.RunRunning}, []store.Chunk{done}, ""},
		"held":     {store.Run{State: store.RunRunning, Held: store.Hold{Until: now.Add(time.Hour), Why: "warm-up"}}, []store.Chunk{in(2 * time.Hour)}, ""},
	} {
		c.run.Waiting = 7
		if got := comesDue(&c.run, c.chunks, now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestReasonsHaveAdvice holds the words for whoever is on call to all reasons that the program itself gives.
func TestReasonsHaveAdvice(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{
		store.ReasonSuppressed, store.ReasonNoConsent, store.ReasonCap, store.ReasonErased, worker.ReasonNotArmed, worker.ReasonGlobalHoldout,
		worker.ReasonCampaignHoldout, worker.ReasonRollout, worker.ReasonSkip + "no articles", worker.ReasonUnreadable, worker.ReasonPanic + "x", worker.ReasonMaking + "x",
		"the worker was lost", "smtp 550 5.1.1", "smtp 550", "smtp 552 5.3.4", "smtp 451 4.7.1", "ses MessageRejected", "ses 500", "throttled", "quota", "connect",
	} {
		if adviceFor(reason) == "" {
			t.Errorf("%s says nothing to anybody", reason)
		}
	}
	if got := adviceFor("smtp 550 5.1.1"); !strings.Contains(got, "no such mailbox") {
		t.Errorf("got %s", got)
	}
	if adviceFor("something else") != "" {
		t.Error("advice for what nobody knows")
	}
}

// TestRunsFitATerminal prints a run of which everything is large.
func TestRunsFitATerminal(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	counts := store.Counts{Planned: 6 * million, Sent: million, Failed: million, Skipped: million, HeldOut: million, InDoubt: million, Waiting: million}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	r := &store.Run{ID: 123456, Campaign: "weekly-digest", Occurrence: "2026-11-23T09:00", State: store.RunStopped, Started: now.Add(-90 * time.Hour), Counts: counts}
	d := &runDetails{Run: r, now: now, reasons: map[string]int64{}, versions: []store.RunVersion{{Version: strings.Repeat("a", 64)}, {Pin: 1, Version: strings.Repeat("b", 64), At: now}}}
	for reason := range advice {
		d.reasons[reason] = million
	}
	for _, a := range adviceByStart {
		d.reasons[a.start] = million
	}
	d.chunks = []store.Chunk{{Zone: "America/Argentina/ComodRivadavia", Counts: counts, State: store.ChunkAside, Crashes: 3}}
	d.troubles = []trouble{{"1,000,000 in doubt", "germane runs settle 123456, when you know"}}
	var out bytes.Buffer
	d.print(&out)
	for line := range strings.Lines(out.String()) {
		if len(strings.TrimSuffix(line, "\n")) > 80 && !strings.Contains(line, "planned =") {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
}

// TestMissedOccurrences: who missed one is told what to type, unless somebody wanted it; after a stopped rollout that is not to mail
// everybody.
func TestMissedOccurrences(t *testing.T) {
	t.Parallel()
	for why, want := range map[string]string{
		"late":            "germane send weekly, if it should still be sent",
		worker.WhyStopped: "germane runs --campaign weekly shows the run that was stopped",
		worker.WhyPaused:  "",
	} {
		r := &store.Run{ID: 7, Campaign: "weekly", State: store.RunCancelled, Note: worker.Missed + why}
		troubles, err := troublesOf(t.Context(), nil, r)
		cure := ""
		for _, trouble := range troubles {
			cure += trouble.cure
		}
		if state, note := standing(r); err != nil || cure != want || state != "missed, nobody is mailed" || note != why {
			t.Errorf("%s: %s, %s: %s, %v", why, state, note, cure, err)
		}
	}
	cancelled := &store.Run{State: store.RunCancelled, Note: "cancelled by hand"}
	if state, note := standing(cancelled); state != "cancelled" || note != "cancelled by hand" {
		t.Errorf("got %s, %s", state, note)
	}
}
