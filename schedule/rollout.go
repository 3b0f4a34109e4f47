package schedule

import (
	"fmt"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

// Rollout is how a campaign reaches its audience in growing parts.
type Rollout struct {
	Steps  []float64     // fractions of the audience, rising, the last is 1; empty: everybody at once
	Wait   time.Duration // one-off: time between steps; 0 with a recurring campaign: one step per occurrence
	StopIf []StopRule    // in the order of Signals below
}

// Signal is a rate that can stop a rollout.
type Signal string

// Each is measured against the messages sent in the step; Fallback is the share of block choices that fell to `otherwise`.
const (
	Complaints   Signal = "complaints"
	Bounces      Signal = "bounces"
	Fallback     Signal = "fallback"
	RenderErrors Signal = "render_errors"
)

// StopRule stops a rollout when a rate goes above a share.
type StopRule struct {
	Signal Signal
	Above  float64
	Place  finding.Text // its key in the file
}

const maxSteps = 20

func readRollout(r *document.Reader, node *document.Node, cadence *Cadence) Rollout {
	var rollout Rollout
	if node == nil {
		return rollout
	}
	fields := r.Map(node, "a rollout")
	fields.Require("steps", "this rollout", "write the shares of the audience in order: steps: [5%, 25%, 100%]")
	rollout.Steps = readSteps(r, fields)
	rollout.readWait(r, fields, cadence)
	stop := r.Map(fields.Get("stop_if"), "stop_if")
	for _, signal := range []Signal{Complaints, Bounces, Fallback, RenderErrors} {
		if share, ok := stop.Share(string(signal)); ok {
			rollout.StopIf = append(rollout.StopIf, StopRule{signal, share, stop.Key(string(signal))})
		}
	}
	stop.Done("stop_if")
	fields.Done("a rollout")
	return rollout
}

func readSteps(r *document.Reader, fields *document.Fields) []float64 {
	texts := fields.Strings("steps")
	if len(texts) > maxSteps {
		r.Add(texts[maxSteps].Whole("bad-rollout", fmt.Sprintf("a rollout has at most %d steps", maxSteps), "use fewer, larger steps"))
		return nil
	}
	var steps []float64
	rising := true
	for _, text := range texts {
		share, ok := r.Share(text)
		if !ok {
			return nil
		}
		if before := append([]float64{0}, steps...)[len(steps)]; share <= before {
			r.Add(text.Whole("bad-rollout", fmt.Sprintf("step %s is not above the one before", text.S), "write rising shares: steps: [5%, 25%, 100%]"))
			rising = false
		}
		steps = append(steps, share)
	}
	if n := len(steps); rising && n > 0 && steps[n-1] != 1 {
		r.Add(texts[n-1].Whole("bad-rollout", fmt.Sprintf("the last step is %s, so the rest of the audience would never be mailed", texts[n-1].S), "end with 100%; to keep people back for measuring use holdout"))
	}
	return steps
}

// readWait reads how steps follow each other: `next`, or a duration for a one-off.
func (rollout *Rollout) readWait(r *document.Reader, fields *document.Fields, cadence *Cadence) {
	text, ok := fields.Text("wait")
	switch {
	case !ok:
		if cadence != nil && cadence.OneOff() && len(rollout.Steps) > 1 {
			r.Add(fields.Key("wait").At(0, 1, "missing-key", "this rollout does not say how long a step lasts", "a campaign that comes due once waits a duration between steps, such as wait: 4h"))
		}
	case text.S == "next":
		if cadence != nil && cadence.OneOff() {
			r.Add(waitFinding(text, "a campaign that comes due once has no next occurrence to wait for", "write a duration, such as wait: 4h"))
		}
	case cadence != nil && !cadence.OneOff():
		r.Add(waitFinding(text, "a recurring campaign goes on one step per occurrence", "write wait: next, or leave it out"))
	default:
		rollout.Wait, _ = r.Duration(text)
	}
}

func waitFinding(text finding.Text, what, hint string) finding.Finding {
	return text.Whole("bad-rollout", what, hint)
}
