package worker

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"germane/audience"
	"germane/blocks"
	"germane/render"
	"germane/schedule"
	"germane/store"
)

// Reasons that deciding gives, beside those of the ledger ([store.ReasonSuppressed] and others).
const (
	ReasonNotArmed        = "not armed"
	ReasonGlobalHoldout   = "global holdout"
	ReasonCampaignHoldout = "campaign holdout"
	ReasonRollout         = "rollout"
	ReasonSkip            = "skip: " // and what the message says
	ReasonUnreadable      = "attributes cannot be read"
	ReasonPanic           = "germane failed: "
	ReasonMaking          = "the mail cannot be made: "
)

// Rules are what decides beside a campaign and its message.
type Rules struct {
	Unarmed bool     // only addresses that fit one of Allowed may be mailed
	Allowed []string // patterns; see [Allowed]
	Step    int      // of the rollout of an occurrence, from 0
}

// decider decides about people of one campaign, one after another.
type decider struct {
	content  *Content
	when     When
	rules    Rules
	step     schedule.Part // whom the rollout has come to
	before   schedule.Part // whom it had come to before, where each step is chunks of its own
	zones    *schedule.Zones
	renderer render.Renderer
	envelope render.Envelope
}

func newDecider(c *Content, when When, rules Rules) *decider {
	d := &decider{content: c, when: when, rules: rules, step: schedule.Part{Share: 1}, zones: schedule.NewZones(c.Workspace.Config.TimeZone)}
	if when.Occurrence != nil { // whoever sends by hand means everybody
		d.step = c.Campaign.InStep(rules.Step)
	}
	if rules.Step > 0 {
		d.before = c.Campaign.InStep(rules.Step - 1)
	}
	return d
}

// job is one person's way through a chunk. Its buffers are used again.
type job struct {
	person   *store.Person
	decoded  audience.Decoded
	choices  []blocks.Choice
	packed   []byte
	decision store.Decision
	at       time.Time // of the decision: the delivery's one time
	attempt  int
	caps     []store.Cap
	again    time.Time // not before this time, when it is to be tried again, or is held until then; zero: at once
	fail     string    // it is claimed only to be a failed row, for this reason
	day      schedule.Day
	departs  time.Time // when its domain has room for it; zero: now
}

// decide fills in what becomes of a person, but for what the ledger looks at when it is written: suppression, consent and caps once
// more. It reports whether they are in the audience. The order is the design's: what makes somebody not eligible comes before the
// draws, so that both arms of each are alike.
func (d *decider) decide(j *job, p *store.Person, now time.Time) (member bool) {
	j.person, j.at, j.fail, j.attempt, j.again = p, now, "", 0, time.Time{}
	j.choices, j.packed = j.choices[:0], j.packed[:0]
	j.decision = store.Decision{Person: p.Number, State: store.Claimed, Topic: d.content.Campaign.Topic.S}
	defer func() {
		if r := recover(); r != nil {
			member, j.fail = true, ReasonPanic+brief(fmt.Sprint(r))
		}
	}()
	zone := d.zones.Of(p.TimeZone)
	if !d.when.includes(p, zone) || d.when.Steps && (d.before.Has(p.ID) || !d.step.Has(p.ID)) {
		return false // another chunk's
	}
	message := d.content.Message
	if err := message.Selection.Decode(&p.Stored, now.UnixMilli(), &j.decoded); err != nil {
		return j.skip(ReasonUnreadable) // whether they are in the audience cannot be known: a row says that
	}
	if d.content.audience(&j.decoded) != audience.True {
		return false
	}
	if reason := d.ineligible(p); reason != "" {
		return j.skip(reason)
	}
	j.choices = message.Chooser.Choose(&j.decoded, p.ID, j.choices)
	if reason := d.skips(j); reason != "" {
		return j.skip(reason)
	}
	if reason := d.limits(j, zone); reason != "" {
		return j.skip(reason)
	}
	d.draw(j)
	j.packed = blocks.Pack(j.packed, j.choices)
	j.decision.Choices = j.packed
	return true
}

func (j *job) skip(reason string) bool {
	j.decision.State, j.decision.Reason = store.Skipped, reason
	return true
}

// ineligible says why somebody cannot be mailed now.
func (d *decider) ineligible(p *store.Person) string {
	switch {
	case p.Suppressed:
		return store.ReasonSuppressed
	case !subscribed(p, d.content.Campaign.Topic.S):
		return store.ReasonNoConsent
	case d.rules.Unarmed && !Allowed(d.rules.Allowed, p.Email):
		return ReasonNotArmed
	}
	return ""
}

func subscribed(p *store.Person, topic string) bool {
	for _, t := range p.Topics {
		if t.Topic == topic {
			return t.State == audience.ConsentSubscribed
		}
	}
	return false
}

// Allowed reports whether an address fits one of the patterns, in which * stands for anything.
func Allowed(patterns []string, email string) bool {
	for _, pattern := range patterns {
		if fits(strings.ToLower(pattern), strings.ToLower(email)) {
			return true
		}
	}
	return false
}

func fits(pattern, text string) bool {
	pieces := strings.Split(pattern, "*")
	if len(pieces) == 1 {
		return pattern == text
	}
	last := len(pieces) - 1
	text, ok := strings.CutPrefix(text, pieces[0])
	for _, piece := range pieces[1:last] {
		if ok {
			_, text, ok = strings.Cut(text, piece)
		}
	}
	return ok && strings.HasSuffix(text, pieces[last])
}

// skips says why the message wants no mail for somebody. Only executing it can tell.
func (d *decider) skips(j *job) string {
	if !d.content.Message.Skips {
		return ""
	}
	d.envelope = render.Envelope{To: j.person.Email, Date: j.at, ID: "0"}
	rendered, err := d.renderer.Render(d.content.Message, &j.decoded, j.choices, &d.envelope)
	if err != nil || rendered.Skipped == "" {
		return "" // an error is met again, and told, when the mail is made
	}
	return ReasonSkip + brief(rendered.Skipped)
}

// limits looks at quiet hours, which may hold somebody back, and notes the caps for the ledger, which counts when it claims.
func (d *decider) limits(j *job, zone *time.Location) (reason string) {
	config := d.content.Workspace.Config
	due := d.when.due(zone)
	if reason := d.when.late(zone, j.at); reason != "" {
		return reason
	}
	quiet := config.QuietHours.At(due, j.at, d.when.deadline(due), zone, schedule.JitterDraw(d.content.Campaign.Name, j.person.ID))
	if quiet.Reason != "" {
		return quiet.Reason
	}
	j.again, j.decision.Due = quiet.Hold, due
	if len(config.Caps) > 0 {
		j.caps = j.caps[:0]
		for _, c := range schedule.CapsSince(config.Caps, j.decision.Topic, due, zone) {
			j.caps = append(j.caps, store.Cap(c))
		}
		j.decision.Caps = j.caps
	}
	return ""
}

// draw finds out who is held back: to measure against all mail, against this campaign, or for a later step.
func (d *decider) draw(j *job) {
	switch id := j.person.ID; {
	case d.content.nobody.Has(id):
		j.decision.State, j.decision.Reason = store.HeldOut, ReasonGlobalHoldout
	case d.content.heldOut.Has(id):
		j.decision.State, j.decision.Reason = store.HeldOut, ReasonCampaignHoldout
	case !d.step.Has(id):
		j.skip(ReasonRollout)
	}
}

// brief keeps a reason to what a row should hold.
func brief(text string) string {
	const most = 120
	text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text), "")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
