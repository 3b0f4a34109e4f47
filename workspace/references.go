package workspace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"germane/internal/finding"
	"germane/schedule"
)

// references follows the names that lead from one file to another. Blocks are followed when messages are compiled, attributes
// and segments when rules are read.
func (l *loader) references() {
	w := l.w
	for _, t := range w.Templates {
		l.refer(t.Layout, "unknown-layout", "layout", l.names["layouts"], "layouts/%s.html")
		l.refer(t.Sender, "unknown-sender", "sender", l.senderNames(), "senders: {%s: …} in germane.yaml")
	}
	for _, c := range w.Campaigns {
		l.refer(c.Template, "unknown-template", "template", l.names["templates"], "templates/%s.md")
		l.refer(c.Sender, "unknown-sender", "sender", l.senderNames(), "senders: {%s: …} in germane.yaml")
		l.topic(c.Topic)
		l.measured(c)
		if c.Cadence != nil {
			l.awake(c.Cadence)
			l.edges(c)
		}
	}
	for _, limit := range w.Config.Caps {
		l.topic(limit.Topic)
	}
}

func (l *loader) topic(text finding.Text) {
	l.refer(text, "unknown-topic", "topic", l.w.Config.TopicNames(), "topics: {%s: …} in germane.yaml")
}

// measured reports limits of a rollout on what only the provider's notices tell.
func (l *loader) measured(c *schedule.Campaign) {
	if len(l.w.Config.SNSTopics) > 0 {
		return
	}
	for _, rule := range c.Rollout.StopIf {
		if !rule.Signal.Measured() {
			l.r.Add(rule.Place.Whole("limit-not-measured", string(rule.Signal)+" are not measured: no notices of the provider come in, so the rollout waits at its first step",
				"name their source in germane.yaml, sns: {topics: [ARN]}, or leave the limit out"))
		}
	}
}

// awake reports cadences that quiet hours leave nothing of.
func (l *loader) awake(c *schedule.Cadence) {
	if why := l.w.Config.QuietHours.Swallow(c); why != "" {
		l.r.Add(c.Place.Whole("always-quiet", "nobody would get this campaign: "+why, fmt.Sprintf("choose a time of day after %s, or change quiet_hours in germane.yaml", l.w.Config.QuietHours.To)))
	}
}

// edges reports rolling caps that a campaign's own messages meet to the second.
func (l *loader) edges(c *schedule.Campaign) {
	for i := range l.w.Config.Caps {
		if limit := &l.w.Config.Caps[i]; limit.OnEdge(c.Topic.S, c.Cadence) {
			l.r.Add(c.Cadence.Place.Whole("cap-on-edge", fmt.Sprintf("the cap of %d in %d hours is exactly as long as this cadence takes for %d messages", limit.Max, limit.Per/time.Hour, limit.Max+1),
				"on the day when clocks are put forward a message would be stopped: write the cap in whole days, or make it shorter"))
		}
	}
}

// refer reports a name that is none of the known ones; where says what would have to be there, with %s for the name.
func (l *loader) refer(text finding.Text, code finding.Code, what string, known []string, where string) {
	if text.File == nil || slices.Contains(known, text.S) {
		return
	}
	hint := finding.DidYouMean(text.S, known, unknownHint(text.S, known, where))
	l.r.Add(text.Whole(code, fmt.Sprintf("there is no %s %q", what, text.S), hint))
}

// maxListed bounds how many names a hint lists.
const maxListed = 8

func unknownHint(name string, known []string, where string) string {
	if stem, _, ok := strings.Cut(name, "."); ok && slices.Contains(known, stem) {
		return "leave the ending out: " + stem
	}
	hint := "it would be " + fmt.Sprintf(where, name)
	if len(known) > 0 && len(known) <= maxListed {
		hint += fmt.Sprintf("; there is %s", strings.Join(known, ", "))
	}
	return hint
}

func (l *loader) senderNames() []string {
	var found []string
	for _, sender := range l.w.Config.Senders {
		found = append(found, sender.Name)
	}
	return found
}
