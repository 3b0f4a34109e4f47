package check

import (
	"cmp"
	"math"
	"slices"

	"germane/audience"
)

// form is what an axis's variable stands for.
type form uint8

const (
	constant form = iota // nothing: one cell
	valued               // an attribute's or field's value, or that it is missing
	elapsed              // now minus a moment
	clock                // now
	free                 // no, yes: consent to a topic, an element in a list, a test of a text
	ordering             // less, equal, greater
)

// axis is one thing that people differ in.
type axis struct {
	name      string
	form      form
	level     int
	attribute *audience.Attribute   // valued by an attribute; elapsed
	field     *audience.PersonField // valued by a field
	leaves    []*leaf               // that look at its cells
	landmarks []audience.Value      // literals that its values are compared with
	prefixes  []string              // of startsWith
	cells     []candidate           // one of each
	parts     []*axis               // valued: questions about parts of the value
	test      textTest              // free: the question, of a text
	element   *audience.Value       // free: the element, of a list
	topic     string                // free: the topic
}

// candidate is a value that stands for a cell.
type candidate struct {
	value  audience.Value
	now    int64  // unix milliseconds
	gap    bool   // it stands for many texts, of which no more is known than that they
	prefix string // start with this
}

func (a *axis) kind() audience.Kind {
	if a.attribute != nil {
		return a.attribute.Type.Kind
	}
	return audience.String
}

func (a *axis) landmark(v audience.Value) {
	if a.form != constant {
		a.landmarks = append(a.landmarks, v)
	}
}

// note remembers a part, once.
func (a *axis) note(part *axis) {
	if !slices.Contains(a.parts, part) {
		a.parts = append(a.parts, part)
	}
}

func (a *axis) maxItems() int { return cmp.Or(a.attribute.Type.MaxItems, audience.DefaultMaxItems) }

// noon is a midnight, in UTC and unix milliseconds, that candidates are placed around.
const (
	day     = 86_400_000
	someDay = 20_800 * day
)

// candidates returns values of which at least one lies in every cell of the axis; the missing one comes first.
func (a *axis) candidates() []candidate {
	switch a.form {
	case elapsed:
		return a.elapsedCandidates()
	case clock:
		return a.clockCandidates()
	case constant:
		return []candidate{{value: audience.BoolValue(true)}}
	}
	var all []candidate
	if a.attribute == nil || a.attribute.MayBeMissing() {
		all = append(all, candidate{value: audience.Value{Kind: a.kind()}})
	}
	if a.kind().Textual() && (a.attribute == nil || a.attribute.Type.Values == nil) {
		all = append(all, a.textCandidates()...)
	} else {
		for _, v := range a.typed() {
			all = append(all, candidate{value: v})
		}
	}
	if a.attribute != nil && a.attribute.Default != nil {
		all = append(all, candidate{value: *a.attribute.Default})
	}
	return all
}

// typed returns the values of an attribute that is not an open text.
func (a *axis) typed() []audience.Value {
	t := &a.attribute.Type
	switch t.Kind {
	case audience.Bool:
		return []audience.Value{audience.BoolValue(false), audience.BoolValue(true)}
	case audience.Int:
		return allowed(t, a.integers())
	case audience.Float:
		return allowed(t, a.floats())
	case audience.Time, audience.Date:
		return a.moments()
	case audience.List:
		return []audience.Value{{Kind: audience.List, State: audience.Present}}
	}
	var texts []audience.Value
	for _, text := range t.Values {
		texts = append(texts, audience.TextValue(text))
	}
	return allowed(t, texts)
}

// allowed keeps the values that the catalogue allows.
func allowed(t *audience.Type, all []audience.Value) []audience.Value {
	return slices.DeleteFunc(all, func(v audience.Value) bool { return !possible(t, v) })
}

// possible reports whether somebody can have a value.
func possible(t *audience.Type, v audience.Value) bool {
	if t.Kind == audience.Int && v.Kind == audience.Float {
		return v.Float == math.Trunc(v.Float)
	}
	_, problem := t.Parse(plain(v))
	return problem == "" || t.Kind.Moment()
}

// plain writes a value as plain text, as [audience.Type.Parse] reads it.
func plain(v audience.Value) string {
	if v.Kind.Textual() {
		return v.Text
	}
	return v.String()
}

// integers returns the whole numbers at and beside every landmark and bound. Between two landmarks one beside the lower stands for
// all.
func (a *axis) integers() []audience.Value {
	all := []audience.Value{audience.IntValue(1), audience.IntValue(0)}
	add := func(n int64) {
		all = append(all, audience.IntValue(n))
		if n > math.MinInt64 {
			all = append(all, audience.IntValue(n-1))
		}
		if n < math.MaxInt64 {
			all = append(all, audience.IntValue(n+1))
		}
	}
	for _, v := range a.numbers() {
		if v.Kind == audience.Int {
			add(v.Int)
		} else if math.Abs(v.Float) < 1<<63 {
			add(int64(math.Floor(v.Float)))
			add(int64(math.Ceil(min(v.Float, math.Nextafter(1<<63, 0)))))
		}
	}
	return all
}

// floats returns the numbers at, beside and between landmarks and bounds.
func (a *axis) floats() []audience.Value {
	all := []audience.Value{audience.FloatValue(1), audience.FloatValue(0)}
	var near []float64
	for _, v := range a.numbers() {
		f := v.Float
		if v.Kind == audience.Int {
			f = float64(v.Int) // the nearest; the float beside it may be the other side of the landmark
		}
		near = append(near, f)
	}
	slices.Sort(near)
	for i, f := range near {
		candidates := []float64{f, f - 1, f + 1}
		if i > 0 {
			candidates = append(candidates, f/2+near[i-1]/2)
		}
		for _, c := range append(candidates, math.Nextafter(f, math.Inf(-1)), math.Nextafter(f, math.Inf(1))) {
			if !math.IsInf(c, 0) && !math.IsNaN(c) {
				all = append(all, audience.FloatValue(c))
			}
		}
	}
	return all
}

// numbers returns the landmarks and the bounds of the attribute's type.
func (a *axis) numbers() []audience.Value {
	all := slices.Clone(a.landmarks)
	for _, bound := range []*float64{a.attribute.Type.Min, a.attribute.Type.Max} {
		if bound != nil {
			all = append(all, audience.FloatValue(*bound))
		}
	}
	return all
}

// moments returns the times or dates at and around every landmark.
func (a *axis) moments() []audience.Value {
	steps := []int64{0, -day, day, -1, 1}
	kind := a.kind()
	if kind == audience.Date {
		steps = []int64{0, -day, day}
	}
	all := []audience.Value{{Kind: kind, State: audience.Present, Int: someDay}}
	for _, v := range a.landmarks {
		at := v.Int
		if kind == audience.Date {
			at = midnight(at)
		}
		for _, step := range steps {
			all = append(all, audience.Value{Kind: kind, State: audience.Present, Int: at + step})
		}
	}
	return all
}

// midnight returns the start of a time's day in UTC.
func midnight(at int64) int64 { return at - ((at%day)+day)%day }

func (a *axis) clockCandidates() []candidate {
	present := audience.BoolValue(true)
	all := []candidate{{value: present, now: someDay}}
	for _, v := range a.landmarks {
		for _, step := range []int64{0, -day, day, -1, 1} {
			all = append(all, candidate{value: present, now: v.Int + step})
		}
	}
	return all
}

// largestDays is more days than there are between any two moments that can be written.
const largestDays = 1_000_000_000

// elapsedCandidates returns pairs of a moment and a now: days are counted up to the landmarks and to their neighbours, from both
// sides, and to the millisecond.
func (a *axis) elapsedCandidates() []candidate {
	distances := []int64{36 * 3_600_000}
	add := func(days float64) {
		if math.Abs(days) > largestDays {
			return
		}
		for _, n := range []int64{int64(days) - 1, int64(days), int64(days) + 1} {
			distances = append(distances, n*day+day/2, n*day, n*day-1, n*day+1)
		}
	}
	add(0)
	for _, v := range a.landmarks {
		days := v.Float
		if v.Kind == audience.Int {
			days = float64(v.Int)
		}
		for _, n := range []float64{math.Floor(days), math.Ceil(days)} {
			add(n)
			add(-n)
		}
	}
	all := make([]candidate, len(distances))
	for i, distance := range distances {
		all[i] = candidate{value: audience.Value{Kind: a.kind(), State: audience.Present, Int: someDay}, now: someDay + distance}
	}
	return all
}
