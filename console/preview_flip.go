package console

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"germane/audience"
)

// flip is a change of one attribute that makes another variant of a block win. It is tried, not derived: the chooser that sends use has
// chosen the variant.
type flip struct {
	Attribute, From, To string
	Variant             string
	URL                 string
	cost                float64
}

// Bounds of what is tried for one page.
const (
	maxTries = 600
	maxFlips = 3 // shown for a block
)

// flips tries every value at which a rule of the message may change its mind, one attribute at a time. For each block it returns the
// smallest change to each other variant, the smallest first.
func (l *letter) flips(v *view) [][]flip {
	found := make([]map[string]flip, len(l.choices))
	for i := range found {
		found[i] = map[string]flip{}
	}
	other := &letter{message: l.message, now: l.now, decoded: &audience.Decoded{}}
	tries := 0
	for _, t := range l.turningPoints() {
		for _, text := range t.texts {
			if tries++; tries > maxTries {
				break
			}
			if !other.become(l.person, t.attribute, text) {
				continue
			}
			cost := l.cost(t.attribute, text)
			for i, choice := range other.choices {
				if choice.Would == l.choices[i].Would {
					continue
				}
				variant := l.message.Chooser.Blocks()[i].Variants[choice.Would].Name
				if known, ok := found[i][variant]; !ok || cost < known.cost {
					found[i][variant] = flip{t.attribute.Name, l.current(t.attribute), shownValue(text), variant, v.Setting(t.attribute.Name, text), cost}
				}
			}
		}
	}
	return smallest(found)
}

func smallest(found []map[string]flip) [][]flip {
	all := make([][]flip, len(found))
	for i, byVariant := range found {
		for _, f := range byVariant {
			all[i] = append(all[i], f)
		}
		slices.SortFunc(all[i], func(a, b flip) int { return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.Variant, b.Variant)) })
		all[i] = all[i][:min(len(all[i]), maxFlips)]
	}
	return all
}

// become makes the letter another person's: the same but for one attribute.
func (l *letter) become(p *audience.Person, a *audience.Attribute, text string) bool {
	person := *p
	person.Attributes, person.Observed = map[string]json.RawMessage{}, map[string]time.Time{}
	for name, value := range p.Attributes {
		person.Attributes[name] = value
	}
	for name, at := range p.Observed {
		person.Observed[name] = at
	}
	if person.Set(audience.NewCatalogue(a), a.Name, text) != nil {
		return false
	}
	person.Observed[a.Name] = l.now
	l.person = &person
	return l.choose() == nil
}

// turningPoint is an attribute and the values at which rules may change their mind about it; "" is none.
type turningPoint struct {
	attribute *audience.Attribute
	texts     []string
}

func (l *letter) turningPoints() []*turningPoint {
	t := &turns{letter: l, byName: map[string]*turningPoint{}}
	for _, b := range l.message.Chooser.Blocks() {
		for i := range b.Variants {
			if rule := b.Variants[i].Rule; rule != nil {
				audience.Walk(rule.Condition, t.leaf)
			}
		}
	}
	for _, point := range t.points {
		a := point.attribute
		t.add(a, a.Type.Values...)
		for _, bound := range []*float64{a.Type.Min, a.Type.Max} {
			if bound != nil {
				t.add(a, number(*bound))
			}
		}
		if a.Type.Kind == audience.Bool {
			t.add(a, "true", "false")
		}
		t.add(a, "") // missing: the last resort
	}
	return t.points
}

type turns struct {
	*letter
	points []*turningPoint
	byName map[string]*turningPoint
}

func (t *turns) add(a *audience.Attribute, texts ...string) {
	point := t.byName[a.Name]
	if point == nil {
		point = &turningPoint{attribute: a}
		t.byName[a.Name], t.points = point, append(t.points, point)
	}
	for _, text := range texts {
		if !slices.Contains(point.texts, text) {
			point.texts = append(point.texts, text)
		}
	}
}

// leaf notes the values around what a condition compares with.
func (t *turns) leaf(c audience.Condition) {
	switch c := c.(type) {
	case audience.Compare:
		t.compare(c.Left, c.Right)
		t.compare(c.Right, c.Left)
	case audience.In:
		for _, value := range c.Values {
			t.compare(c.Operand, value)
		}
	case audience.Contains:
		t.contains(c)
	case audience.StartsWith:
		t.compare(c.Operand, c.Prefix)
	case audience.EndsWith:
		t.compare(c.Operand, c.Suffix)
	case audience.IsTrue:
		t.add(c.Attribute)
	case audience.Has:
		t.something(c.Operand)
	case audience.IsMissing:
		t.something(c.Operand)
	}
}

// something is any value at all.
func (t *turns) something(o audience.Operand) {
	if o, ok := o.(audience.AttributeOperand); ok {
		t.add(o.Attribute, bound(&o.Attribute.Type, t.now, false))
	}
}

func (t *turns) compare(o, with audience.Operand) {
	literal, _ := with.(audience.Literal)
	switch o := o.(type) {
	case audience.AttributeOperand:
		if _, now := with.(audience.Now); now {
			literal.Value = audience.Value{Kind: audience.Time, State: audience.Present, Int: t.now.UnixMilli()}
		}
		if other, ok := with.(audience.AttributeOperand); ok {
			literal.Value = t.value(other.Attribute)
		}
		if literal.Value.Present() {
			t.add(o.Attribute, around(&literal.Value, &o.Attribute.Type)...)
		}
	case audience.Days:
		if literal.Value.Present() {
			t.days(o, &literal.Value)
		}
	}
}

// days are the moments so many days before or after now.
func (t *turns) days(o audience.Days, v *audience.Value) {
	n := v.Int
	if v.Kind == audience.Float {
		n = int64(v.Float)
	}
	if n < -100_000 || n > 100_000 {
		return
	}
	layout, sign := time.RFC3339, int64(-1)
	if o.Attribute.Type.Kind == audience.Date {
		layout = time.DateOnly
	}
	if o.Until {
		sign = 1
	}
	for _, near := range []int64{n, n - 1, n + 1} {
		t.add(o.Attribute, t.now.AddDate(0, 0, int(sign*near)).Truncate(time.Second).Format(layout))
	}
}

func (t *turns) contains(c audience.Contains) {
	o, ok := c.Operand.(audience.AttributeOperand)
	if !ok {
		return
	}
	wanted, have := plainText(&c.Value.Value), t.value(o.Attribute)
	if o.Attribute.Type.Kind != audience.List {
		t.add(o.Attribute, wanted, strings.TrimSpace(have.Text+" "+wanted), strings.ReplaceAll(have.Text, wanted, ""))
		return
	}
	if o.Attribute.Type.Of.Kind != audience.String {
		return
	}
	with, without := []string{}, []string{}
	for i := range have.Items {
		with = append(with, have.Items[i].Text)
		if have.Items[i].Text != wanted {
			without = append(without, have.Items[i].Text)
		}
	}
	t.add(o.Attribute, jsonText(append(with, wanted)), jsonText(without))
}

func jsonText(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

// value is what the person has; missing where nothing asked for it.
func (t *letter) value(a *audience.Attribute) audience.Value {
	if i := slices.Index(t.message.Selection.Names(), a.Name); i >= 0 {
		return t.decoded.Values[i]
	}
	return audience.Value{}
}

// around are a value and those beside it.
func around(v *audience.Value, of *audience.Type) []string {
	const day = 24 * time.Hour
	switch {
	case of.Kind == audience.Int && v.Kind.Number():
		n := v.Float
		if v.Kind == audience.Int {
			n = float64(v.Int)
		}
		return []string{number(math.Floor(n)), number(math.Floor(n) - 1), number(math.Floor(n) + 1)}
	case of.Kind == audience.Float && v.Kind == audience.Int:
		return []string{number(float64(v.Int)), number(float64(v.Int) - 0.01), number(float64(v.Int) + 0.01)}
	case of.Kind == audience.Float:
		return []string{number(v.Float), number(v.Float - 0.01), number(v.Float + 0.01)}
	case of.Kind == audience.Date:
		return []string{v.Time().Format(time.DateOnly), v.Time().Add(-day).Format(time.DateOnly), v.Time().Add(day).Format(time.DateOnly)}
	case of.Kind == audience.Time:
		return []string{v.Time().Format(time.RFC3339), v.Time().Add(-time.Minute).Format(time.RFC3339), v.Time().Add(time.Minute).Format(time.RFC3339)}
	}
	return []string{plainText(v)}
}

func number(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', 12, 64)
}

// plainText writes a value as `set.NAME` does.
func plainText(v *audience.Value) string {
	if v.Kind.Textual() {
		return v.Text
	}
	if !v.Present() {
		return ""
	}
	return v.String()
}

// cost orders changes: a small step of a number, another allowed value, another text; to lose a value comes last.
func (l *letter) cost(a *audience.Attribute, text string) float64 {
	have := l.value(a)
	switch {
	case text == "":
		return 5
	case !have.Present():
		return 2
	case a.Type.Kind.Number():
		wanted, err := strconv.ParseFloat(text, 64)
		current := have.Float
		if have.Kind == audience.Int {
			current = float64(have.Int)
		}
		if err != nil {
			return 1
		}
		step := math.Abs(wanted - current)
		return step / (step + 10)
	case a.Type.Kind.Moment():
		if wanted, problem := a.Type.Parse(text); problem == "" {
			step := math.Abs(float64(wanted.Int-have.Int)) / float64(24*time.Hour/time.Millisecond)
			return step / (step + 10)
		}
	case len(a.Type.Values) > 0 || a.Type.Kind == audience.Bool:
		return 0.5
	}
	return 0.9
}

// current is what the person has, as a page shows it.
func (l *letter) current(a *audience.Attribute) string {
	have := l.value(a)
	return shownValue(plainText(&have))
}

func shownValue(text string) string {
	if text == "" {
		return "missing"
	}
	var list []string
	if json.Unmarshal([]byte(text), &list) == nil {
		return cmp.Or(strings.Join(list, ", "), "an empty list")
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC().Format("2006-01-02 15:04")
	}
	return text
}
