package schedule

import (
	"fmt"
	"strconv"
)

// Signals is what came of the messages of a rollout's step.
type Signals struct {
	Sent              int64 // handed over, also those in doubt
	RenderErrors      int64 // not handed over, because the message could not be made
	Choices, Fallback int64 // choices of all blocks; those that fell to `otherwise` though the person is not in control
	Notices           int64 // messages of which the provider said anything
	Bounces           int64
	Complaints        int64
}

const (
	// leastSample is from how many on a share is believed: if the true share were half of a limit of 60%, 20 people would go above the
	// limit once in 800 times.
	leastSample = 20
	// leastEvents keeps one or two people from stopping a rollout where the limit is small: at a limit of 0.1% a single complaint
	// among 500 would do. With fewer than one event expected, three come by chance in less than 8% of steps.
	leastEvents = 3
)

// Stop says which limit was passed; "" when none was.
func (r *Rollout) Stop(s Signals) string { return r.stop(s, false) }

// StopLate is Stop for what may be told after all was sent.
func (r *Rollout) StopLate(s Signals) string { return r.stop(s, true) }

func (r *Rollout) stop(s Signals, late bool) string {
	for _, rule := range r.StopIf {
		events, of, what := s.of(rule.Signal)
		if late && rule.Signal.Measured() || of < leastSample || events < leastEvents || float64(events) <= rule.Above*float64(of) {
			continue
		}
		return fmt.Sprintf("%s: %s of %d %s, above the limit of %s", rule.Signal, percent(float64(events)/float64(of)), of, what, percent(rule.Above))
	}
	return ""
}

func (s *Signals) of(signal Signal) (events, of int64, what string) {
	switch signal {
	case Complaints:
		return s.Complaints, s.Sent, "messages"
	case Bounces:
		return s.Bounces, s.Sent, "messages"
	case Fallback:
		return s.Fallback, s.Choices, "block choices"
	case RenderErrors:
		return s.RenderErrors, s.Sent + s.RenderErrors, "messages"
	}
	return 0, 0, ""
}

// Measured reports whether a signal is seen by Germane itself; the others come in the provider's notices.
func (s Signal) Measured() bool { return s == Fallback || s == RenderErrors }

// Waits says why a step cannot be left yet: there is a limit on what only the provider knows, and it told of less than half of the
// messages. "" when it can. Providers tell of nearly every message, so half is far from noise and also far from a broken address.
func (r *Rollout) Waits(s Signals) string {
	for _, rule := range r.StopIf {
		if !rule.Signal.Measured() && 2*s.Notices < s.Sent {
			return fmt.Sprintf("%s cannot be judged yet: the provider told of %d of %d messages", rule.Signal, s.Notices, s.Sent)
		}
	}
	return ""
}

// recentRuns is how many runs an audience is compared with.
const recentRuns = 4

// Approval says why a run must wait for a person; "" when it may start. last are the audiences of the campaign's finished runs, the
// newest first.
func (e *Expect) Approval(audience int64, last []int64) string {
	switch {
	case audience < int64(e.Least):
		return fmt.Sprintf("the audience is %d people, and at least %d are expected", audience, e.Least)
	case e.Most > 0 && audience > int64(e.Most):
		return fmt.Sprintf("the audience is %d people, and at most %d are expected", audience, e.Most)
	}
	last = last[:min(len(last), recentRuns)]
	sum := int64(0)
	for _, n := range last {
		sum += n
	}
	mean := float64(sum) / float64(max(1, len(last)))
	switch n := float64(audience); {
	case len(last) > 0 && n > 2*mean:
		return fmt.Sprintf("the audience is %d people, more than twice the %s that the last runs had", audience, average(mean))
	case len(last) > 0 && n < mean/2:
		return fmt.Sprintf("the audience is %d people, less than half of the %s that the last runs had", audience, average(mean))
	}
	return ""
}

func average(mean float64) string { return strconv.FormatFloat(mean, 'f', -1, 64) }

func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 4, 64) + "%" }
