package render

import (
	"fmt"
	"math/bits"
	"strings"

	"germane/internal/finding"
	"germane/templates"
)

// typed describes a filter to strict mode: what it takes, and what comes out for what goes in.
type typed struct {
	takes     []kind   // of the value before the |
	arguments [][]kind // kinds of each argument
	required  int      // how many arguments must be there
	absent    bool     // works on a missing value too
	out       func(call *filterCall) *shape
}

// filterCall is one use of a filter.
type filterCall struct {
	analyzer  *analyzer
	filter    *templates.Filter
	chain     *templates.Filtered
	input     *shape
	arguments []*shape
}

func (c *filterCall) argument(i int) *shape {
	if i < len(c.arguments) {
		return c.arguments[i]
	}
	return nil
}

// literal returns an argument written as a text.
func (c *filterCall) literal(i int) (string, bool) {
	if i >= len(c.filter.Arguments) {
		return "", false
	}
	e, ok := c.filter.Arguments[i].(*templates.Literal)
	if !ok || e.Kind != templates.StringLiteral {
		return "", false
	}
	return e.String, true
}

// derive is a new shape made of the input and the arguments.
func (c *filterCall) derive(k kind, bytes int) *shape {
	return derived(k, bytes, append([]*shape{c.input}, c.arguments...)...)
}

// refused are standard filters that make no sense in mail, and what to do instead.
var refused = map[string]string{
	"escape":        "values are escaped for where they stand: remove it",
	"escape_once":   "values are escaped for where they stand: remove it",
	"newline_to_br": "markup cannot come from a value: remove it",
	"url_encode":    "values in links are encoded for where they stand: remove it",
	"url_decode":    "write the text as it should be read",
}

// filter analyses one filter of a chain.
func (a *analyzer) filter(chain *templates.Filtered, f *templates.Filter, in *shape, env environment) *shape {
	arguments := make([]*shape, len(f.Arguments))
	for i, e := range f.Arguments {
		arguments[i] = a.expression(e, env)
	}
	for _, named := range f.Named {
		a.expression(named.Value, env)
		if f.Name != "default" || named.Name != "allow_false" {
			a.report(named.Span, "filter-arguments", f.Name+" has no argument "+named.Name, "")
		}
	}
	if hint, ok := refused[f.Name]; ok {
		a.report(f.NameSpan, "filter-not-needed", f.Name+" is not used in mail", hint)
		return in
	}
	t, ok := typedFilters[f.Name]
	if !ok {
		a.report(f.NameSpan, "unknown-filter", "there is no filter "+f.Name, finding.DidYouMean(f.Name, typedFilterNames(), foreignFilterHint(f.Name)))
		return &shape{}
	}
	a.charge(f, in, arguments)
	if !a.fits(chain, f, &t, in, arguments) {
		return &shape{}
	}
	call := &filterCall{analyzer: a, filter: f, chain: chain, input: in, arguments: arguments}
	return t.out(call)
}

// charge counts what a filter has to read, and once more for what it makes.
func (a *analyzer) charge(f *templates.Filter, in *shape, arguments []*shape) {
	work := in.weight()
	for _, s := range arguments {
		work = addBytes(work, s.weight())
	}
	if f.Name == "sort" || f.Name == "sort_natural" {
		work = mulBytes(work, bits.Len(uint(in.items)))
	}
	a.work = addBytes(a.work, mulBytes(work, 2))
}

func foreignFilterHint(name string) string {
	switch name {
	case "json", "to_json":
		return "data structures are not printed in mail: print single values"
	case "money", "money_with_currency", "currency", "number_with_delimiter":
		return "write the currency yourself: €{{ price | round: 2 }}"
	case "titlecase", "title":
		return "use capitalize"
	}
	return "germane's filters are those of Shopify's Liquid and pluralize"
}

func typedFilterNames() []string { return sortedKeys(typedFilters) }

// fits checks a filter's input and arguments.
func (a *analyzer) fits(chain *templates.Filtered, f *templates.Filter, t *typed, in *shape, arguments []*shape) bool {
	if len(arguments) < t.required || len(arguments) > len(t.arguments) {
		a.report(f.Span, "filter-arguments", fmt.Sprintf("%s takes %s, not %d", f.Name, argumentCount(t), len(arguments)), filterExample(f.Name))
		return false
	}
	value := templates.Span{Start: chain.Start, End: f.Start}
	input := &placed{value}
	if in.kind == anyKind {
		return false
	}
	if in.kind == nilKind && !t.absent {
		a.mayBeMissing(input, in)
		return false
	}
	if !t.absent && !a.wants(input, in, "what "+f.Name+" works on", t.takes...) {
		return false
	}
	if t.absent && in.kind != nilKind && !a.wants(input, present1(in), "what "+f.Name+" works on", t.takes...) {
		return false
	}
	for i, e := range f.Arguments {
		if f.Name == "default" { // a fallback may be missing if another one follows
			continue
		}
		if arguments[i].kind == anyKind || !a.wants(e, arguments[i], fmt.Sprintf("%s's argument", f.Name), t.arguments[i]...) {
			return false
		}
	}
	return true
}

// placed stands for the part of a filter chain before a filter.
type placed struct{ templates.Span }

// present1 is the shape without its being missing, for checking its kind only.
func present1(s *shape) *shape {
	c := *s
	c.missing = false
	return &c
}

func argumentCount(t *typed) string {
	switch {
	case len(t.arguments) == 0:
		return "no argument"
	case t.required == len(t.arguments):
		return fmt.Sprintf("%d argument(s)", t.required)
	}
	return fmt.Sprintf("%d to %d arguments", t.required, len(t.arguments))
}

func filterExample(name string) string {
	switch name {
	case "pluralize":
		return `write {{ n }} {{ n | pluralize: "day", "days" }}`
	case "date":
		return `write | date: "%-d %B %Y"`
	}
	return ""
}

// Kinds that filters take.
var (
	texts    = []kind{textKind, urlKind, intKind, floatKind, plainKind}
	numbers  = []kind{intKind, floatKind}
	integers = []kind{intKind}
	lists    = []kind{listKind}
	names    = []kind{textKind}
	times    = []kind{timeKind, dateKind, textKind}
	anything = []kind{textKind, urlKind, intKind, floatKind, plainKind, boolKind, timeKind, dateKind, listKind, rangeKind, recordKind}
)

// keeps is a filter from text to text; grow is how many bytes one byte becomes; emptied: it may come out empty.
func keeps(grow int, emptied bool, arguments ...[]kind) typed {
	return typed{takes: texts, arguments: arguments, required: len(arguments), absent: true, out: func(c *filterCall) *shape {
		s := c.derive(textKind, mulBytes(c.input.bytes, grow))
		for _, argument := range c.arguments {
			s.bytes = addBytes(s.bytes, argument.bytes)
		}
		s.blank = c.input.blank || c.input.missing || emptied // of nothing they make an empty text, which a condition takes for present
		return s
	}}
}

// replaces is a filter whose last argument may stand for every byte of the input.
func replaces(arguments ...[]kind) typed {
	t := keeps(1, true, arguments...)
	t.required = 1
	t.out = func(c *filterCall) *shape {
		with := 0
		if s := c.argument(1); s != nil {
			with = s.bytes
		}
		s := c.derive(textKind, mulBytes(c.input.bytes+1, with+1))
		s.blank = true
		return s
	}
	return t
}

// counts is a filter from number to number.
func counts(result func(c *filterCall) *shape, arguments ...[]kind) typed {
	return typed{takes: numbers, arguments: arguments, required: len(arguments), out: result}
}

// same is the number kind of a filter's result: whole if all that goes in is whole.
func (c *filterCall) same() *shape {
	k := c.input.kind
	for _, argument := range c.arguments {
		k = joinKinds(k, argument.kind)
	}
	return c.derive(k, floatBytes)
}

// rounds is a filter whose result is whole.
func rounds(c *filterCall) *shape {
	s := c.derive(intKind, intBytes)
	if c.filter.Name == "round" && len(c.arguments) > 0 {
		s = c.derive(c.input.kind, floatBytes)
	}
	return s
}

// selects is a filter that keeps some elements of a list.
func (c *filterCall) selects() *shape {
	s := c.derive(listKind, 0)
	s.of, s.items = c.input.of, c.input.items
	return s
}

// property checks that a list's elements are records with the field an argument names, and returns the field's shape; without an
// argument it is the element itself.
func (c *filterCall) property() *shape {
	if len(c.arguments) == 0 {
		return c.input.of
	}
	name, ok := c.literal(0)
	if c.input.items == 0 && c.input.of.kind == nilKind {
		return c.input.of
	}
	if !ok || c.input.of.kind != recordKind {
		c.analyzer.report(c.filter.Span, "filter-arguments", c.filter.Name+" takes a field's name only for a list of records", "")
		return &shape{}
	}
	field := c.input.of.fields[name]
	if field == nil {
		known := sortedKeys(c.input.of.fields)
		c.analyzer.report(c.filter.Arguments[0].Place(), "unknown-attribute", "the records have no field "+name, finding.DidYouMean(name, known, "known here: "+strings.Join(known, ", ")))
		return &shape{}
	}
	return field
}
