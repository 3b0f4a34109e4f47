package worker

import (
	"context"
	"time"

	"germane/store"
)

// Order is what a run is to be.
type Order struct {
	Campaign   string
	Occurrence string // together with the campaign it is sent once
	Manual     bool
	Version    string    // hash
	Due        time.Time // when it was to begin
	Step       int       // of a rollout that goes on one step per occurrence, from 0
	Approval   string    // why somebody must approve it first; "": nobody must
}

// Plan makes a run of what a survey found; [store.ErrExists] when the occurrence has one.
func Plan(ctx context.Context, s store.Runs, o Order, survey *Survey, now time.Time) (int64, error) {
	run := store.Run{
		Campaign: o.Campaign, Occurrence: o.Occurrence, Manual: o.Manual, Version: o.Version, Due: o.Due, Created: now, Cut: true,
		State: store.RunRunning, Started: now,
	}
	if o.Approval != "" {
		run.State, run.Note, run.Started = store.RunWaitingApproval, o.Approval, time.Time{}
	}
	for i := range survey.Chunks {
		survey.Chunks[i].Step = max(survey.Chunks[i].Step, o.Step)
	}
	return s.CreateRun(ctx, run, survey.Chunks)
}
