package workspace

import (
	"testing"
	"time"

	"germane/schedule"
)

func TestConfigOfNotices(t *testing.T) {
	t.Parallel()
	const month = 30 * 24 * time.Hour
	for yaml, want := range map[string]Config{
		"":                                    {Bounces: SoftBounces{5, month}, StopIf: schedule.DefaultBreaker},
		"bounces: {soft: 3}":                  {Bounces: SoftBounces{3, month}, StopIf: schedule.DefaultBreaker},
		"bounces: {soft: 2, within: 1w}":      {Bounces: SoftBounces{2, 7 * 24 * time.Hour}, StopIf: schedule.DefaultBreaker},
		"stop_if: {bounces: 5%}":              {Bounces: SoftBounces{5, month}, StopIf: schedule.Breaker{Bounces: 0.05, Complaints: 0.0008, Refused: 0.01}},
		"stop_if: {complaints: 0.1%}":         {Bounces: SoftBounces{5, month}, StopIf: schedule.Breaker{Bounces: 0.03, Complaints: 0.001, Refused: 0.01}},
		"stop_if: {refused: 100%}":            {Bounces: SoftBounces{5, month}, StopIf: schedule.Breaker{Bounces: 0.03, Complaints: 0.0008, Refused: 1}},
		"stop_if: {complaints: 0%} #wrong":    {Bounces: SoftBounces{5, month}, StopIf: schedule.DefaultBreaker},
		"bounces: {soft: 0} #wrong":           {Bounces: SoftBounces{5, month}, StopIf: schedule.DefaultBreaker},
		"bounces: {soft: 101} #wrong":         {Bounces: SoftBounces{5, month}, StopIf: schedule.DefaultBreaker},
		"bounces: {hard: 1} #wrong":           {Bounces: SoftBounces{5, month}, StopIf: schedule.DefaultBreaker},
		"stop_if: {bounces: 3} #wrong":        {Bounces: SoftBounces{5, month}, StopIf: schedule.DefaultBreaker},
		"stop_if: {render_errors: 1%} #wrong": {Bounces: SoftBounces{5, month}, StopIf: schedule.DefaultBreaker},
	} {
		c, findings := readConfig("senders: {default: {name: Acme, email: hello@acme.example}}\n"+yaml+"\n", nil)
		if wrong := yaml != "" && yaml[len(yaml)-1] == 'g'; wrong != (len(findings) == 1) {
			t.Errorf("%s: %+v", yaml, findings)
		}
		if c.Bounces != want.Bounces || c.StopIf != want.StopIf {
			t.Errorf("%s: %+v, %+v", yaml, c.Bounces, c.StopIf)
		}
	}
}
