package audience

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"germane/internal/document"
	"germane/internal/finding"
)

var evaluations = flag.Int("evaluations", 200_000, "how many random rule evaluations TestRulesAgainstReference compares")

// TestRulesAgainstReference compares readers, decoder and evaluator with a slow and obvious reference over random catalogues,
// rules and people. The reference shares no code with the package: it works on encoding/json's maps, big.Rat and time.Time, and
// knows a rule as the function that was composed while its text was written.
func TestRulesAgainstReference(t *testing.T) {
	t.Parallel()
	seed := uint64(20261122)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	counts := map[Truth]int{}
	for total := 0; total < *evaluations; {
		g.newCatalogue()
		scope := g.scope(t)
		rules, s := make([]refRule, 8), NewSelection()
		predicates := make([]Predicate, len(rules))
		for i := range rules {
			rules[i] = g.rule(4, true)
			predicates[i] = mustRule(t, scope, rules[i].text).Compile(s)
		}
		d := &Decoded{}
		for range 100 {
			p := g.person()
			if err := s.Decode(p.stored, p.now, d); err != nil {
				t.Fatalf("%v in %s", err, p.stored.Attributes)
			}
			for i := range rules {
				got, want := predicates[i](d), rules[i].eval(p)
				if got != want {
					t.Fatalf("%s\ncatalogue:\n%s\nsegments: %s\nperson: %s observed %d except %s, now %d, %s\ngot %v, want %v", rules[i].text,
						g.yaml, g.segmentYAML, p.stored.Attributes, p.stored.ObservedAt, p.stored.Exceptions, p.now, p.stored.Locale, got, want)
				}
				counts[got]++
			}
			total += len(rules)
		}
	}
	t.Logf("%d evaluations compared: %d true, %d false, %d unknown", counts[True]+counts[False]+counts[Unknown], counts[True], counts[False], counts[Unknown])
}

// refAttribute is what the reference knows of an attribute.
type refAttribute struct {
	name, kind, of string
	values         []string
	min, max       *big.Rat
	maxLength      int
	maxItems       int
	maxAge         time.Duration
	fallback       string // JSON; "": none
}

type refPerson struct {
	stored *Stored
	now    int64
	plain  map[string]any
	times  map[string]int64
}

type refRule struct {
	text string
	eval func(refPerson) Truth
}

// value returns an attribute's value by the words of the design, nil when it is missing.
func (a *refAttribute) value(p refPerson) any {
	raw := p.plain[a.name]
	observed, ok := p.times[a.name]
	if !ok {
		observed = p.stored.ObservedAt
	}
	stale := a.maxAge > 0 && time.UnixMilli(p.now).Sub(time.UnixMilli(observed)) > a.maxAge
	if v := a.typed(raw, a.kind); v != nil && !stale {
		return v
	}
	if a.fallback == "" {
		return nil
	}
	return a.typed(refJSON(a.fallback), a.kind)
}

func refJSON(raw string) any {
	var v any
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

func (a *refAttribute) typed(raw any, kind string) any {
	switch v := raw.(type) {
	case string:
		return a.typedText(v, kind)
	case json.Number:
		return a.typedNumber(v, kind)
	case bool:
		if kind == "bool" {
			return v
		}
	case []any:
		if kind != "list" || len(v) > a.maxItems {
			return nil
		}
		list := []any{}
		for _, item := range v {
			element := a.typed(item, a.of)
			if element == nil {
				return nil
			}
			list = append(list, element)
		}
		return list
	}
	return nil
}

func (a *refAttribute) typedText(v, kind string) any {
	if strings.TrimSpace(v) == "" {
		return nil
	}
	switch kind {
	case "string":
		if a.values != nil && !slices.Contains(a.values, v) || utf8.RuneCountInString(v) > a.maxLength {
			return nil
		}
		return v
	case "date":
		if at, err := time.Parse("2006-01-02", v); err == nil {
			return at
		}
	case "time":
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at.Truncate(time.Millisecond)
		}
		if at, err := time.Parse("2006-01-02", v); err == nil {
			return at
		}
	}
	return nil
}

func (a *refAttribute) typedNumber(v json.Number, kind string) any {
	n, ok := new(big.Rat).SetString(string(v))
	if !ok || kind != "int" && kind != "float" {
		return nil
	}
	if kind == "int" && (!n.IsInt() || !n.Num().IsInt64()) {
		return nil
	}
	if kind == "float" {
		f, _ := n.Float64() // the nearest float64 is what the attribute holds
		if n = new(big.Rat).SetFloat64(f); n == nil {
			return nil
		}
	}
	if a.min != nil && n.Cmp(a.min) < 0 || a.max != nil && n.Cmp(a.max) > 0 {
		return nil
	}
	return n
}

// generator makes random catalogues, rules and people.
type generator struct {
	*rand.Rand
	attributes        []*refAttribute
	segments          []refRule
	yaml, segmentYAML string
}

func pickOne[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

var (
	refTexts  = []string{"a", "b", "ab", "é", "O'B", "007", "1.10", "trial", "a b", "😀"}
	refInts   = []string{"0", "1", "-3", "5", "7", "9007199254740992", "9007199254740993", "9223372036854775807"}
	refFloats = []string{"0.5", "5.0", "-2.5", "9007199254740992.0", "1e3", "0.1"}
	refTimes  = []string{"2026-11-20", "2026-11-22T08:59:59Z", "2026-11-22T09:00:00Z", "2026-11-21T09:00:00.001+01:00", "2027-01-01", "1969-12-31T23:00:00Z"}
	refDates  = []string{"2026-11-20", "2026-11-22", "2027-01-01", "1969-12-30"}
	refZones  = []string{"en", "de", "", " "}
)

func (g *generator) newCatalogue() {
	g.attributes, g.segments = nil, nil
	var b strings.Builder
	for i := range 3 + g.IntN(8) {
		a := &refAttribute{name: fmt.Sprintf("a%d", i), maxLength: 200, maxItems: 50}
		a.kind = pickOne(g, []string{"string", "string", "int", "int", "float", "bool", "time", "date", "list"})
		g.attributes = append(g.attributes, a)
		b.WriteString(a.name + ": {type: " + a.kind + g.constraints(a) + g.fallback(a) + "}\n")
	}
	g.yaml = b.String()
	g.segmentYAML = ""
	for i := range 2 {
		rule := g.rule(2, i > 0)
		g.segments = append(g.segments, rule)
		g.segmentYAML += fmt.Sprintf("s%d: %s\n", i, rule.text)
	}
}

func (g *generator) constraints(a *refAttribute) string {
	extra := ""
	if a.kind == "list" {
		a.of = pickOne(g, []string{"string", "int", "float", "bool", "date"})
		extra = ", of: " + a.of
		if g.IntN(3) == 0 {
			a.maxItems = 2
			extra += ", max_items: 2"
		}
	}
	if a.kind == "string" && g.IntN(2) == 0 {
		a.values = refTexts[:2+g.IntN(6)]
		extra += `, values: ["` + strings.Join(a.values, `", "`) + `"]`
	} else if a.kind == "string" && g.IntN(3) == 0 {
		a.maxLength = 2
		extra += ", max_length: 2"
	}
	if (a.kind == "int" || a.kind == "float") && g.IntN(2) == 0 {
		a.min, a.max = big.NewRat(-3, 1), big.NewRat(7, 1)
		extra += ", min: -3, max: 7"
	}
	if g.IntN(2) == 0 {
		a.maxAge = 48 * time.Hour
		extra += ", max_age: 2d"
	}
	return extra
}

func (g *generator) fallback(a *refAttribute) string {
	if g.IntN(3) > 0 {
		return ""
	}
	for range 20 {
		raw := g.literal(a, a.kind)
		if a.kind == "list" {
			raw = "[]"
		}
		if a.kind == "list" || a.typed(refJSON(raw), a.kind) != nil {
			a.fallback = raw
			return ", default: " + raw
		}
	}
	return ""
}

func (g *generator) scope(t *testing.T) *Scope {
	scope := &Scope{Catalogue: readCatalogue(t, g.yaml), Topics: []string{"tips", "offers"}}
	doc, findings := document.Parse(finding.NewFile("segments.yaml", g.segmentYAML).All(), SegmentFormat)
	segments, more := ReadSegments(doc, scope)
	if findings = append(findings, more...); len(findings) > 0 {
		t.Fatalf("%+v in\n%s\nof\n%s", findings, g.segmentYAML, g.yaml)
	}
	scope.Segments = segments
	return scope
}

// literal writes a value of a kind as JSON, which rules read too.
func (g *generator) literal(a *refAttribute, kind string) string {
	switch kind {
	case "int":
		return pickOne(g, refInts)
	case "float":
		return pickOne(g, slices.Concat(refFloats, refInts[:5]))
	case "bool":
		return pickOne(g, []string{"true", "false"})
	case "time":
		return `"` + pickOne(g, refTimes) + `"`
	case "date":
		return `"` + pickOne(g, refDates) + `"`
	}
	if a != nil && a.values != nil {
		return `"` + pickOne(g, a.values) + `"`
	}
	return `"` + pickOne(g, refTexts) + `"`
}

// person writes a person's stored form; a fifth of the values fit nothing.
func (g *generator) person() refPerson {
	p := refPerson{now: testNow + g.Int64N(3)*dayMS/2, times: map[string]int64{}}
	var members, exceptions []string
	for _, a := range g.attributes {
		for range 1 + g.IntN(8)/7 { // some twice: the last one holds
			if raw := g.raw(a); raw != "" {
				members = append(members, fmt.Sprintf("%q: %s", a.name, raw))
			}
		}
		if g.IntN(4) == 0 {
			p.times[a.name] = p.now - pickOne(g, []int64{0, 2 * dayMS, 2*dayMS + 1, -dayMS, 90 * dayMS})
			exceptions = append(exceptions, fmt.Sprintf("%q:%d", a.name, p.times[a.name]))
		}
	}
	members = append(members, `"other": {"a0": [1, "}"]}`)
	p.stored = &Stored{
		ID: "u1", Locale: pickOne(g, refZones), ObservedAt: p.now - pickOne(g, []int64{0, dayMS, 2 * dayMS, 3 * dayMS}),
		Attributes: []byte("{" + strings.Join(members, ",") + "}"), Exceptions: []byte("{" + strings.Join(exceptions, " , ") + "}"),
		Topics: []TopicConsent{{"offers", ConsentState(g.IntN(4))}, {"tips", ConsentState(g.IntN(4))}},
	}
	p.plain = refJSON(string(p.stored.Attributes)).(map[string]any)
	return p
}

func (g *generator) raw(a *refAttribute) string {
	switch g.IntN(12) {
	case 0:
		return ""
	case 1:
		return "null"
	case 2:
		return pickOne(g, []string{`" "`, `"\t"`, `""`, `"\u2003"`, `"\u0061"`, `1e999`, `-1e999`, `[[]]`, `{}`, `"x\\\"y"`, `12345678901234567890`, `0.1e1`, `-0`})
	case 3:
		return g.literal(nil, pickOne(g, []string{"string", "int", "float", "bool", "date", "time"}))
	}
	if a.kind != "list" {
		return g.literal(nil, a.kind)
	}
	var items []string
	for range g.IntN(4) {
		items = append(items, g.literal(nil, a.of))
	}
	if g.IntN(10) == 0 {
		items = append(items, pickOne(g, []string{"null", `" "`, "{}", "3", `"z"`}))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// rule writes a rule and composes the function that it means.
func (g *generator) rule(depth int, segments bool) refRule {
	if depth == 0 || g.IntN(4) == 0 {
		return g.leaf(segments)
	}
	switch g.IntN(3) {
	case 0:
		term := g.rule(depth-1, segments)
		return refRule{pickOne(g, []string{"not", "!"}) + " (" + term.text + ")", func(p refPerson) Truth { return []Truth{True, Unknown, False}[term.eval(p)] }}
	case 1:
		return g.junction(depth, segments, []string{" and ", " && "}, func(a, b Truth) Truth {
			switch {
			case a == False || b == False:
				return False
			case a == True && b == True:
				return True
			}
			return Unknown
		})
	}
	return g.junction(depth, segments, []string{" or ", " || "}, func(a, b Truth) Truth {
		switch {
		case a == True || b == True:
			return True
		case a == False && b == False:
			return False
		}
		return Unknown
	})
}

func (g *generator) junction(depth int, segments bool, words []string, combine func(a, b Truth) Truth) refRule {
	all := g.rule(depth-1, segments)
	all.text = "(" + all.text + ")"
	for range 1 + g.IntN(3) {
		left, right := all, g.rule(depth-1, segments)
		all = refRule{left.text + pickOne(g, words) + "(" + right.text + ")", func(p refPerson) Truth { return combine(left.eval(p), right.eval(p)) }}
	}
	return all
}

func refTruth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// onValue is a condition on one attribute that is unknown without a value.
func onValue(text string, a *refAttribute, holds func(v any) bool) refRule {
	return refRule{text, func(p refPerson) Truth {
		v := a.value(p)
		if v == nil {
			return Unknown
		}
		return refTruth(holds(v))
	}}
}

func (g *generator) leaf(segments bool) refRule {
	a := pickOne(g, g.attributes)
	switch n := g.IntN(16); {
	case n == 0 && segments && len(g.segments) > 0:
		i := g.IntN(len(g.segments))
		return refRule{fmt.Sprintf("segment(\"s%d\")", i), g.segments[i].eval}
	case n == 1:
		topic := g.IntN(2)
		return refRule{fmt.Sprintf("subscribed(%q)", []string{"offers", "tips"}[topic]), func(p refPerson) Truth { return refTruth(p.stored.Topics[topic].State == ConsentSubscribed) }}
	case n == 2:
		return refRule{`person.locale == "de"`, func(p refPerson) Truth {
			if strings.TrimSpace(p.stored.Locale) == "" {
				return Unknown
			}
			return refTruth(p.stored.Locale == "de")
		}}
	case n == 3:
		want := g.IntN(2) == 0
		return refRule{fmt.Sprint(want), func(refPerson) Truth { return refTruth(want) }}
	case n < 6:
		form, want := pickOne(g, []string{"has(%s)", "%s != nil", "nil != %s"}), true
		if g.IntN(2) == 0 {
			form, want = pickOne(g, []string{"%s == nil", "nil == %s"}), false
		}
		return refRule{fmt.Sprintf(form, a.name), func(p refPerson) Truth { return refTruth((a.value(p) != nil) == want) }}
	}
	return g.typedLeaf(a)
}

func (g *generator) typedLeaf(a *refAttribute) refRule {
	switch a.kind {
	case "bool":
		if g.IntN(2) == 0 {
			return onValue(a.name, a, func(v any) bool { return v.(bool) })
		}
		want := g.IntN(2) == 0
		return onValue(fmt.Sprintf("%s == %v", a.name, want), a, func(v any) bool { return v.(bool) == want })
	case "list":
		return g.containsLeaf(a)
	case "string":
		return g.textLeaf(a)
	case "time", "date":
		if g.IntN(2) == 0 {
			return g.daysLeaf(a)
		}
	}
	if other := pickOne(g, g.attributes); g.IntN(3) == 0 && refSort(other.kind) == refSort(a.kind) && other.values == nil {
		return g.pairLeaf(a, other)
	}
	return g.orderLeaf(a)
}

func refSort(kind string) string {
	return map[string]string{"int": "number", "float": "number", "time": "moment", "date": "moment"}[kind]
}

var refOperators = map[string]func(int) bool{
	"==": func(c int) bool { return c == 0 }, "!=": func(c int) bool { return c != 0 }, "<": func(c int) bool { return c < 0 },
	"<=": func(c int) bool { return c <= 0 }, ">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
}

func (g *generator) operator() string { return pickOne(g, []string{"==", "!=", "<", "<=", ">", ">="}) }

func refCompare(a, b any) int {
	switch a := a.(type) {
	case *big.Rat:
		return a.Cmp(b.(*big.Rat))
	case time.Time:
		return a.Compare(b.(time.Time))
	}
	return strings.Compare(a.(string), b.(string))
}

// refLiteral reads a literal of a rule: numbers exactly, except that what is written as a float is the nearest float64.
func refLiteral(raw, kind string) any {
	free := &refAttribute{maxLength: 1000, maxItems: 1000}
	if strings.ContainsAny(raw, ".e") && kind == "int" || kind == "float" && !strings.ContainsAny(raw, ".e") {
		n, _ := new(big.Rat).SetString(raw)
		return n
	}
	return free.typed(refJSON(raw), kind)
}

// fitting returns a literal that the rule reader accepts beside the attribute.
func (g *generator) fitting(a *refAttribute, kind string) string {
	for {
		raw := g.literal(a, kind)
		if a.min == nil || kind != "int" && kind != "float" {
			return raw
		}
		if n, _ := new(big.Rat).SetString(raw); n.Cmp(a.min) >= 0 && n.Cmp(a.max) <= 0 {
			return raw
		}
	}
}

func (g *generator) orderLeaf(a *refAttribute) refRule {
	raw, op := g.fitting(a, a.kind), g.operator()
	literal := refLiteral(raw, a.kind)
	if g.IntN(4) == 0 && refSort(a.kind) == "number" {
		second := g.fitting(a, a.kind)
		other := refLiteral(second, a.kind)
		return onValue(fmt.Sprintf("%s in [%s, %s]", a.name, raw, second), a, func(v any) bool { return refCompare(v, literal) == 0 || refCompare(v, other) == 0 })
	}
	if g.IntN(2) == 0 {
		return onValue(fmt.Sprintf("%s %s %s", raw, op, a.name), a, func(v any) bool { return refOperators[op](refCompare(literal, v)) })
	}
	return onValue(fmt.Sprintf("%s %s %s", a.name, op, raw), a, func(v any) bool { return refOperators[op](refCompare(v, literal)) })
}

func (g *generator) pairLeaf(a, b *refAttribute) refRule {
	op := g.operator()
	return refRule{fmt.Sprintf("%s %s %s", a.name, op, b.name), func(p refPerson) Truth {
		left, right := a.value(p), b.value(p)
		if left == nil || right == nil {
			return Unknown
		}
		return refTruth(refOperators[op](refCompare(left, right)))
	}}
}

func (g *generator) textLeaf(a *refAttribute) refRule {
	raw := g.literal(a, "string")
	want := refJSON(raw).(string)
	switch g.IntN(7) {
	case 0:
		return onValue(a.name+" startsWith "+raw, a, func(v any) bool { return strings.HasPrefix(v.(string), want) })
	case 1:
		return onValue(a.name+" endsWith "+raw, a, func(v any) bool { return strings.HasSuffix(v.(string), want) })
	case 2:
		return onValue(a.name+" contains "+raw, a, func(v any) bool { return strings.Contains(v.(string), want) })
	case 3:
		pattern := regexp.MustCompile("^[a-z]+$")
		return onValue(a.name+` matches "^[a-z]+$"`, a, func(v any) bool { return pattern.MatchString(v.(string)) })
	case 4:
		second := g.literal(a, "string")
		return onValue(fmt.Sprintf("%s not in [%s, %s]", a.name, raw, second), a, func(v any) bool { return v != want && v != refJSON(second) })
	case 5:
		if a.values == nil {
			op := g.operator()
			return onValue(fmt.Sprintf("%s %s %s", a.name, op, raw), a, func(v any) bool { return refOperators[op](refCompare(v, want)) })
		}
	}
	return onValue(a.name+" == "+raw, a, func(v any) bool { return v == want })
}

func (g *generator) containsLeaf(a *refAttribute) refRule {
	raw := g.literal(nil, a.of)
	want := refLiteral(raw, a.of)
	form := pickOne(g, []string{"%[1]s contains %[2]s", "%[2]s in %[1]s"})
	return onValue(fmt.Sprintf(form, a.name, raw), a, func(v any) bool {
		return slices.ContainsFunc(v.([]any), func(item any) bool {
			if b, ok := item.(bool); ok {
				return b == want
			}
			return refCompare(item, want) == 0
		})
	})
}

func (g *generator) daysLeaf(a *refAttribute) refRule {
	function, op, n := pickOne(g, []string{"days_since", "days_until"}), g.operator(), g.IntN(5)-2
	return refRule{fmt.Sprintf("%s(%s) %s %d", function, a.name, op, n), func(p refPerson) Truth {
		v := a.value(p)
		if v == nil {
			return Unknown
		}
		now := time.UnixMilli(p.now).UTC()
		if a.kind == "date" {
			now = now.Truncate(24 * time.Hour)
		}
		// Not Sub: a Duration ends at 292 years. Quo cuts fractions off.
		elapsed := big.NewInt(now.UnixMilli() - v.(time.Time).UnixMilli())
		days := new(big.Int).Quo(elapsed, big.NewInt(24*60*60*1000)).Int64()
		if function == "days_until" {
			days = -days
		}
		return refTruth(refOperators[op](int(days) - n))
	}}
}
