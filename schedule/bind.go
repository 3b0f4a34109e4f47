package schedule

import (
	"germane/audience"
	"germane/internal/finding"
)

// Bound is what a campaign's texts mean in a catalogue; [Campaign.Bind] sets it.
type Bound struct {
	Rule   *audience.Rule // nil: missing or not readable, which is a finding
	Wanted audience.Goal  // zero: missing or not readable
}

// Bind reads the campaign's rule and goal against what the workspace declares. Missing ones were reported by [ReadCampaign].
func (c *Campaign) Bind(scope *audience.Scope, events *audience.Events) []finding.Finding {
	var findings []finding.Finding
	if c.Audience.File != nil {
		rule, found := audience.ParseRule(c.Audience, scope)
		c.Rule, findings = rule, append(findings, found...)
	}
	if c.Goal.File != nil {
		goal, found := audience.ParseGoal(c.Goal, events)
		c.Wanted, findings = goal, append(findings, found...)
	}
	return findings
}
