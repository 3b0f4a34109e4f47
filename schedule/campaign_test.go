package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the machine may have no zones

	"germane/internal/document"
	"germane/internal/finding"
)

const design = `state: live                      # or draft, the default
objective: activation            # activation, retention, re-engagement, expansion, advocacy, insight
goal: project_created within 7d
topic: tips
audience: plan in ["free", "trial"]
template: weekly
cadence:
  every: monday 09:00            # or cron: 0 9 * * MON; at: 2027-03-01 09:00 is a one-off
  time_zone: recipient           # also start:, end:
  catch_up: latest               # skip, latest, all
  max_late: 6h
rollout: {steps: [5%, 25%, 100%], wait: next, stop_if: {complaints: 0.1%, bounces: 3%, fallback: 60%, render_errors: 1%}}
holdout: 10%                     # these people are not mailed, to measure against
expect: {audience: 1000..50000, data_within: 24h}
`

func read(t *testing.T, text string) (*Campaign, []finding.Finding) {
	t.Helper()
	doc, findings := document.Parse(finding.NewFile("campaigns/weekly.yaml", text).All(), Format)
	c, more := ReadCampaign(doc, "weekly")
	return c, append(findings, more...)
}

func TestReadCampaign(t *testing.T) {
	t.Parallel()
	c, findings := read(t, design)
	if len(findings) > 0 {
		t.Fatalf("findings: %+v", findings)
	}
	if c.State != Live || c.Objective != "activation" || c.Goal.S != "project_created within 7d" || c.Topic.S != "tips" ||
		c.Audience.S != `plan in ["free", "trial"]` || c.Template.S != "weekly" || c.Holdout != 0.1 {
		t.Errorf("got %+v", c)
	}
	if d := c.Cadence; d.Text != "monday 09:00" || !d.Recipient || d.CatchUp != CatchUpLatest || d.MaxLate != 6*time.Hour || d.OneOff() {
		t.Errorf("got cadence %+v", d)
	}
	if !slices.Equal(c.Rollout.Steps, []float64{0.05, 0.25, 1}) || c.Rollout.Wait != 0 ||
		!slices.EqualFunc(c.Rollout.StopIf, []StopRule{{Signal: Complaints, Above: 0.001}, {Signal: Bounces, Above: 0.03}, {Signal: Fallback, Above: 0.6}, {Signal: RenderErrors, Above: 0.01}},
			func(a, b StopRule) bool {
				return a.Signal == b.Signal && a.Above == b.Above && a.Place.S == string(b.Signal)
			}) {
		t.Errorf("got rollout %+v", c.Rollout)
	}
	if c.Expect != (Expect{1000, 50000, 24 * time.Hour}) {
		t.Errorf("got expect %+v", c.Expect)
	}
}

// TestCampaignMistakes changes one line of a good campaign (everything after => stands in its place) and names the findings.
func TestCampaignMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, line, with string
		want             string // "line:column code" …
	}{
		{"no objective", "objective: activation", "#", "1:1 missing-key"},
		{"no goal", "goal: project_created within 7d", "#", "1:1 missing-key"},
		{"no topic", "topic: tips", "#", "1:1 missing-key"},
		{"no audience", `audience: plan in ["free", "trial"]`, "#", "1:1 missing-key"},
		{"no template", "template: weekly", "#", "1:1 missing-key"},
		{"an unknown objective", "objective: activation", "objective: activaton", "2:12 bad-value"},
		{"an unknown state", "state: live", "state: on", "1:8 bad-value"},
		{"an unknown key", "topic: tips", "topic: tips\ntopics: tips", "5:1 unknown-key"},
		{"a list for a topic", "topic: tips", "topic: [tips]", "4:8 wrong-shape"},
		{"a trigger", "topic: tips", "topic: tips\ntrigger: signed_up", "5:1 reserved"},
		{"journey steps", "topic: tips", "topic: tips\nsteps: [a]", "5:1 reserved"},
		{"a kind", "topic: tips", "topic: tips\nkind: transactional\nreason: invoice", "5:1 reserved, 6:1 reserved"},
		{"everybody held out", "holdout: 10%", "holdout: 100%", "13:10 out-of-range"},
		{"a holdout without a percent sign", "holdout: 10%", "holdout: 10", "13:10 bad-share"},
		{"a bad range", "1000..50000", "1000-50000", "14:20 bad-range"},
		{"a range upside down", "1000..50000", "50000..1000", "14:20 bad-range"},
		{"a range without ends", "1000..50000", "..", "14:20 bad-range"},
		{"steps that fall", "[5%, 25%, 100%]", "[25%, 5%, 100%]", "12:24 bad-rollout"},
		{"steps that stay", "[5%, 25%, 100%]", "[5%, 5%, 100%]", "12:23 bad-rollout"},
		{"a step of nothing", "[5%, 25%, 100%]", "[0%, 100%]", "12:19 bad-rollout"},
		{"steps that end early", "[5%, 25%, 100%]", "[5%, 25%]", "12:23 bad-rollout"},
		{"a step without a percent sign", "[5%, 25%, 100%]", "[5, 100%]", "12:19 bad-share"},
		{"no steps", "steps: [5%, 25%, 100%], ", "", "12:10 missing-key"},
		{"a duration between recurring steps", "wait: next", "wait: 4h", "12:41 bad-rollout"},
		{"an unknown signal", "complaints: 0.1%", "complains: 0.1%", "12:57 unknown-key"},
		{"both every and cron", "time_zone: recipient", "cron: 0 9 * * MON\n  time_zone: recipient", "9:3 bad-cadence"},
		{"an unknown zone", "time_zone: recipient", "time_zone: Europe/Londno", "9:14 unknown-time-zone"},
		{"the machine's zone", "time_zone: recipient", "time_zone: Local", "9:14 unknown-time-zone"},
		{"an unknown catch_up", "catch_up: latest", "catch_up: last", "10:13 bad-value"},
		{"minutes or months", "max_late: 6h", "max_late: 6m", "11:13 bad-duration"},
		{"an end before the start", "max_late: 6h", "start: 2027-03-02\n  end: 2027-03-01", "12:8 bad-cadence"},
		{"a date of no calendar", "max_late: 6h", "start: 2027-02-30", "11:10 bad-date"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if strings.Count(design, test.line) != 1 && test.line != "template: weekly" {
				t.Fatalf("%q stands %d times in the campaign", test.line, strings.Count(design, test.line))
			}
			_, findings := read(t, strings.Replace(design, test.line, test.with, 1))
			if got := places(findings); got != test.want {
				t.Errorf("got  %s\nwant %s\n%+v", got, test.want, findings)
			}
		})
	}
}

func places(findings []finding.Finding) string {
	var parts []string
	for _, f := range finding.Sort(findings) {
		line, column := f.Line, f.Column
		parts = append(parts, strings.Join([]string{itoa(line), itoa(column)}, ":")+" "+string(f.Code))
	}
	return strings.Join(parts, ", ")
}

func TestCampaignWithoutACadence(t *testing.T) {
	t.Parallel()
	before, after, _ := strings.Cut(design, "cadence:\n")
	_, after, _ = strings.Cut(after, "max_late: 6h\n")
	if _, findings := read(t, before+after); places(findings) != "1:1 missing-key" {
		t.Errorf("got %+v", findings)
	}
	if _, findings := read(t, before+"trigger: signed_up\n"+after); places(findings) != "7:1 reserved" {
		t.Errorf("got %+v", findings)
	}
}

func TestEmptyCampaign(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "just words\n", "- a\n"} {
		c, findings := read(t, text)
		if c == nil || len(findings) < 6 {
			t.Errorf("%q: got %+v", text, findings)
		}
	}
}

// TestRawNotations shows that block style, where these are raw text, and flow style read alike.
func TestRawNotations(t *testing.T) {
	t.Parallel()
	c, findings := read(t, strings.Replace(design, "expect: {audience: 1000..50000, data_within: 24h}", "expect:\n  audience: 1000..50000  # people\n", 1))
	if len(findings) > 0 || c.Expect.Least != 1000 || c.Expect.Most != 50000 {
		t.Errorf("got %+v, %+v", c.Expect, findings)
	}
}

func TestOneOff(t *testing.T) {
	t.Parallel()
	head, rest, _ := strings.Cut(design, "cadence:\n")
	_, tail, _ := strings.Cut(rest, "max_late: 6h\n")
	tail = strings.Replace(tail, "wait: next", "wait: 4h", 1)
	for _, test := range []struct{ name, cadence, tail, want string }{
		{"as it should be", "cadence: {at: 2027-03-01 09:00, max_late: 6h}\n", tail, ""},
		{"with a T", "cadence: {at: 2027-03-01T09:00}\n", tail, ""},
		{"catching up", "cadence: {at: 2027-03-01 09:00, catch_up: all}\n", tail, "7:33 bad-cadence"},
		{"with bounds", "cadence: {at: 2027-03-01 09:00, start: 2027-01-01, end: 2027-12-31}\n", tail, "7:33 bad-cadence, 7:52 bad-cadence"},
		{"a date alone", "cadence: {at: 2027-03-01}\n", tail, "7:15 bad-date"},
		{"an offset", "cadence: {at: 2027-03-01T09:00:00Z}\n", tail, "7:15 bad-date"},
		{"waiting for the next", "cadence: {at: 2027-03-01 09:00}\n", strings.Replace(tail, "wait: 4h", "wait: next", 1), "8:41 bad-rollout"},
		{"not waiting", "cadence: {at: 2027-03-01 09:00}\n", strings.Replace(tail, "wait: 4h, ", "", 1), "8:10 missing-key"},
		{"not a mapping", "cadence: monday 09:00\n", tail, "7:10 wrong-shape"},
		{"nothing in it", "cadence: {time_zone: UTC}\n", tail, "7:10 missing-key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, findings := read(t, head+test.cadence+test.tail)
			if got := places(findings); got != test.want {
				t.Errorf("got %s, want %s: %+v", got, test.want, findings)
			}
			if test.want == "" && (!c.Cadence.OneOff() || c.Cadence.At.Format(minuteForm) != "2027-03-01 09:00" || c.Rollout.Wait != 4*time.Hour) {
				t.Errorf("got %+v", c.Cadence)
			}
		})
	}
}

func FuzzCampaign(f *testing.F) {
	f.Add(design)
	f.Add("cadence: {cron: TZ=}")
	f.Add("cadence:\n  every: monday and , 09:00\n  cron: , , , , ,\n")
	f.Add("rollout: {steps: 5%, wait: [a]}\nexpect: {audience: 9..}")
	f.Fuzz(func(t *testing.T, text string) {
		doc, _ := document.Parse(finding.NewFile("campaigns/a.yaml", text).All(), Format)
		c, findings := ReadCampaign(doc, "a")
		for _, found := range findings {
			if found.Line < 1 || found.Column < 1 || found.Code == "" || found.Text == "" {
				t.Fatalf("finding without a place: %+v", found)
			}
		}
		if len(findings) == 0 && (c.Cadence == nil || c.Audience.S == "") {
			t.Fatalf("not whole, and no finding: %+v", c)
		}
	})
}
