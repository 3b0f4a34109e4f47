package check

import (
	"bytes"
	"encoding/json"
	"time"

	"germane/audience"
)

// personMaker turns cells into a person.
type personMaker struct {
	*space
	values []int // by level; anyValue where it does not matter
	now    int64
	person *audience.Person
}

// person makes somebody who lies in the cells that values name, at a time around now. Where axes depend on each other that may not
// work out: whoever asks has the evaluator confirm it.
func (s *space) person(values []int, now time.Time) *Example {
	m := &personMaker{space: s, values: values, now: now.UnixMilli()}
	m.person = &audience.Person{ID: "example", Email: "someone@acme.example", Attributes: map[string]json.RawMessage{}, Topics: map[string]audience.Consent{}}
	if a := s.byName["the clock"]; a != nil && values[a.level] != anyValue {
		m.now = a.cells[values[a.level]].now
	}
	for _, a := range s.axes {
		switch {
		case a.form == valued && a.field != nil:
			m.field(a)
		case a.form == valued:
			m.attribute(a)
		case a.topic != "" && values[a.level] == 1:
			m.person.Topics[a.topic] = audience.Consent{State: audience.ConsentSubscribed}
		}
	}
	return &Example{Person: m.person, Now: time.UnixMilli(m.now).UTC()}
}

// cell returns the person's cell on an axis: a present value where it does not matter.
func (m *personMaker) cell(a *axis) *candidate {
	i := m.values[a.level]
	if i == anyValue {
		i = min(1, len(a.cells)-1)
	}
	return &a.cells[i]
}

func (m *personMaker) field(a *axis) {
	text := ""
	if c := m.cell(a); c.value.Present() {
		text = m.text(a, c)
	}
	switch *a.field {
	case audience.PersonID:
		m.person.ID = text
	case audience.PersonEmail:
		m.person.Email = text
	case audience.PersonLocale:
		m.person.Locale = text
	case audience.PersonTimeZone:
		m.person.TimeZone = text
	}
}

func (m *personMaker) attribute(a *axis) {
	c, v := m.cell(a), audience.Value{}
	switch {
	case !c.value.Present():
		return
	case a.kind() == audience.List:
		m.list(a)
		return
	case c.gap:
		v = audience.TextValue(m.text(a, c))
	case a.kind().Moment():
		v = m.moment(a, c)
	default:
		v = c.value
	}
	if raw, problem := a.attribute.FromText(plain(v)); problem == "" {
		m.person.Attributes[a.name] = raw
	}
}

// aWhile is how long ago things happened of which nothing more is asked.
const aWhile = 36 * 3_600_000

// moment places a time where it is compared with the calendar, or else where the days since then are asked for.
func (m *personMaker) moment(a *axis, c *candidate) audience.Value {
	v, passed := c.value, int64(aWhile)
	since := m.byName["now - "+a.name]
	asked := since != nil && m.values[since.level] != anyValue
	if asked {
		passed = since.cells[m.values[since.level]].now - someDay
	}
	switch {
	case len(a.landmarks) > 0 && !asked:
	case len(a.landmarks) > 0 && m.values[a.level] != anyValue:
		m.now = v.Int + passed
	case a.kind() == audience.Date:
		v.Int = midnight(m.now) - midnight(passed)
	default:
		v.Int = m.now - passed
	}
	return v
}

func (m *personMaker) list(a *axis) {
	items := [][]byte{}
	of := &audience.Attribute{Type: *a.attribute.Type.Of}
	for _, part := range a.parts {
		if m.values[part.level] != 1 {
			continue
		}
		if raw, problem := of.FromText(plain(*part.element)); problem == "" {
			items = append(items, raw)
		}
	}
	m.person.Attributes[a.name] = append(append([]byte{'['}, bytes.Join(items, []byte{','})...), ']')
}

// text looks for a text in a cell of which the tests are true that should be.
func (m *personMaker) text(a *axis, c *candidate) string {
	if !c.gap {
		return c.value.Text
	}
	var pieces, end string
	for _, part := range a.parts {
		switch {
		case m.values[part.level] != 1:
		case part.test.kind != suffix:
			pieces += part.test.certain()
		case len(part.test.text) > len(end):
			end = part.test.text
		}
	}
	for _, text := range []string{c.value.Text, c.value.Text + end, c.prefix + end, c.value.Text + pieces + end, c.prefix + pieces + end, pieces + end} {
		if m.fits(a, c, text) {
			return text
		}
	}
	return c.value.Text
}

// fits reports whether a text lies in a cell and passes the tests that it should, and no others.
func (m *personMaker) fits(a *axis, c *candidate, text string) bool {
	if !a.hasText(text) {
		return false
	}
	d := &audience.Decoded{Values: []audience.Value{audience.TextValue(text)}, Now: m.now}
	for _, l := range a.leaves {
		want, got := l.judge(a, c), outcome(l.holds(d))
		if want == open {
			chosen := m.values[l.decides.level]
			if chosen == anyValue {
				continue
			}
			want = outcome(audience.True) * outcome(chosen)
		}
		if got != want {
			return false
		}
	}
	return true
}
