package schedule

import (
	"strings"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

// Format is the notation of a campaign file: rules, goals and cadences on a line of their own are raw text.
var Format = document.Format{Raw: []string{"audience", "goal", "every", "cron"}}

// State says whether a campaign comes due by itself.
type State string

// A draft can be previewed and test-sent; only a live campaign comes due.
const (
	Draft State = "draft"
	Live  State = "live"
)

// Objectives are what a campaign can be for.
var objectives = []string{"activation", "retention", "re-engagement", "expansion", "advocacy", "insight"}

// Campaign is a campaigns/NAME.yaml. The texts keep their places, so that those who know the names can report unknown ones.
type Campaign struct {
	Name  string
	Place finding.Text // the file

	State     State
	Objective string
	Goal      finding.Text // "project_created within 7d"; see Bind
	Topic     finding.Text
	Audience  finding.Text // the rule; see Bind
	Template  finding.Text
	Sender    finding.Text // empty: the template's sender, else the default one
	Cadence   *Cadence     // nil: missing, which is a finding
	Rollout   Rollout
	Holdout   float64 // fraction of the audience that is not mailed, to measure against; 0: none
	Expect    Expect

	Bound
}

// Expect holds what must be true of a run's audience before it starts.
type Expect struct {
	Least, Most int           // size of the audience; both 0: anything goes; Most 0: no upper bound
	DataWithin  time.Duration // attributes must have been imported this recently; 0: anything goes
}

// laterKeys are keys that a later version will give a meaning; until then they may not look as if they had one.
var laterKeys = []struct{ key, text string }{
	{"trigger", "campaigns that an event starts"},
	{"kind", "transactional campaigns"},
	{"reason", "transactional campaigns"},
	{"steps", "journeys of several messages"},
	{"downstream", "later outcomes beside the goal"},
	{"hold", "messages that wait for a condition"},
}

// why says what a required key is for: this is what keeps a campaign from being noise.
var why = []struct{ key, hint string }{
	{"objective", "say what the mail is for, so that its value can be judged; one of: " + strings.Join(objectives, ", ")},
	{"goal", "name the event that shows it worked, such as goal: project_created within 7d; without it nobody can tell this mail from noise"},
	{"topic", "name what people subscribed to, such as topic: tips; consent is checked against it"},
	{"audience", `say who it is relevant to, such as audience: plan in ["free", "trial"]; for every subscriber write audience: true`},
	{"template", "name the message to send, such as template: weekly for templates/weekly.md"},
}

// ReadCampaign reads a campaign file as far as it can be judged alone; the rule and the goal are read by [Campaign.Bind].
func ReadCampaign(doc *document.Node, name string) (*Campaign, []finding.Finding) {
	r := &document.Reader{}
	fields := r.Map(doc, "a campaign")
	c := &Campaign{Name: name, Place: fields.Node().Text}
	triggered := c.reserved(r, fields)
	for _, w := range why {
		fields.Require(w.key, "this campaign", w.hint)
	}
	if !triggered {
		fields.Require("cadence", "this campaign", "say when it comes due, such as cadence: {every: monday 09:00, time_zone: recipient}")
	}
	c.State = State(fields.OneOf("state", string(Draft), string(Live), string(Draft)))
	c.Objective = fields.OneOf("objective", "", objectives...)
	c.Goal = uncommented(fields, "goal")
	c.Topic, _ = fields.Text("topic")
	c.Audience, _ = fields.Text("audience")
	c.Template, _ = fields.Text("template")
	c.Sender, _ = fields.Text("sender")
	if node := fields.Get("cadence"); node != nil {
		c.Cadence = readCadence(r, node)
	}
	c.Rollout = readRollout(r, fields.Get("rollout"), c.Cadence)
	c.Holdout = fields.SomeShare("holdout", "a holdout of everybody mails nobody", "use a share below 100%, such as holdout: 10%; to pause the campaign write state: draft")
	c.Expect = readExpect(r, fields.Get("expect"))
	fields.Done("a campaign")
	return c, r.Findings
}

// reserved reports keys that have no meaning yet, and whether one of them stands in for a cadence.
func (c *Campaign) reserved(r *document.Reader, fields *document.Fields) (triggered bool) {
	for _, later := range laterKeys {
		if fields.Get(later.key) == nil {
			continue
		}
		r.Add(fields.Key(later.key).Whole("reserved", later.key+" is kept for "+later.text+", which this version cannot send yet", "leave the key out"))
		triggered = triggered || later.key == "trigger" || later.key == "steps"
	}
	return triggered
}

func readExpect(r *document.Reader, node *document.Node) Expect {
	var e Expect
	fields := r.Map(node, "expect")
	if fields.Get("audience") != nil {
		e.Least, e.Most = readRange(r, uncommented(fields, "audience"))
	}
	e.DataWithin, _ = fields.Duration("data_within")
	fields.Done("expect")
	return e
}

// uncommented returns a raw text without a trailing comment. Raw text normally runs to the end of its line, but in a cadence, a
// goal or a range a # after white space can be nothing else.
func uncommented(fields *document.Fields, key string) finding.Text {
	text, _ := fields.Text(key)
	for i := 1; i < len(text.S); i++ {
		if text.S[i] == '#' && (text.S[i-1] == ' ' || text.S[i-1] == '\t') {
			return text.Slice(0, i).Trim()
		}
	}
	return text
}
