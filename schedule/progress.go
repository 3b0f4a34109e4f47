package schedule

import "time"

// Progress is how far a rollout is.
type Progress struct {
	Step    int       // that was taken last, from 0; -1: none
	Content string    // hash of what the rollout is of
	At      time.Time // when the step was taken
	Stopped bool      // a guard stopped it: see [Rollout.Stop]
	Waits   bool      // the step cannot be judged yet: see [Rollout.Waits]
}

// Move is what a rollout does at a moment.
type Move struct {
	Step    int       // the one to be in: mail the people of [Campaign.InStep]
	Take    bool      // it is another than before: remember it, once the run or its chunks are there
	Again   bool      // the content changed, so it is the first step again
	Blocked bool      // stopped: make no run, take no step
	Next    time.Time // one-off: when to ask again; zero: no more steps, or a recurring campaign's next occurrence
}

// noticePause is how long a one-off's step that lacks notices waits before it is looked at again: providers send them within seconds
// to minutes.
const noticePause = 10 * time.Minute

// Move says which step a campaign is in. For a recurring one, ask once when an occurrence is planned; for a one-off, whenever
// Next has come. Steps are never skipped: after a long downtime the next is taken, and lasts as long as any.
func (c *Campaign) Move(p Progress, content string, now time.Time) Move {
	last := len(c.Rollout.Steps) - 1
	switch {
	case last < 0:
		return Move{}
	case p.Step < 0 || p.Content != content:
		return Move{Take: true, Again: p.Step >= 0, Next: c.nextStep(0, now)}
	case p.Stopped:
		return Move{Step: min(p.Step, last), Blocked: true}
	case p.Step >= last:
		return Move{Step: last, Take: p.Step > last}
	case p.At.Add(c.Rollout.Wait).After(now):
		return Move{Step: p.Step, Next: p.At.Add(c.Rollout.Wait)}
	case p.Waits && c.Rollout.Wait > 0:
		return Move{Step: p.Step, Next: now.Add(noticePause)}
	case p.Waits:
		return Move{Step: p.Step}
	}
	return Move{Step: p.Step + 1, Take: true, Next: c.nextStep(p.Step+1, now)}
}

// nextStep returns when the step after one that is taken now can be; zero: with an occurrence, or never.
func (c *Campaign) nextStep(step int, now time.Time) time.Time {
	if c.Rollout.Wait == 0 || step >= len(c.Rollout.Steps)-1 {
		return time.Time{}
	}
	return now.Add(c.Rollout.Wait)
}
