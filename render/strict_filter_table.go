package render

import (
	"slices"
	"strings"
	"time"

	"germane/templates"
)

// typedFilters are the filters of strict mode: Shopify's standard filters that make sense in mail, and pluralize.
var typedFilters = map[string]typed{
	// texts
	"append": joins(), "prepend": joins(),
	"upcase": keeps(2, false), "downcase": keeps(2, false), "capitalize": keeps(2, false),
	"strip": keeps(1, false), "lstrip": keeps(1, false), "rstrip": keeps(1, false), "strip_newlines": keeps(1, true),
	"strip_html":    keeps(1, true),
	"base64_encode": keeps(2, false), "base64_url_safe_encode": keeps(2, false),
	"remove": keeps(1, true, texts), "remove_first": keeps(1, true, texts), "remove_last": keeps(1, true, texts),
	"replace": replaces(texts, texts), "replace_first": replaces(texts, texts), "replace_last": replaces(texts, texts),
	"truncate": cuts(names), "truncatewords": cuts(names),
	"slice":     {takes: []kind{textKind, urlKind, listKind}, arguments: [][]kind{integers, integers}, required: 1, absent: true, out: sliced},
	"split":     {takes: texts, arguments: [][]kind{texts}, required: 1, out: split},
	"pluralize": {takes: numbers, arguments: [][]kind{texts, texts}, required: 2, out: pluralized},
	"date":      {takes: times, arguments: [][]kind{names}, required: 1, absent: true, out: dated},
	"default":   {takes: anything, arguments: [][]kind{anything}, required: 1, absent: true, out: defaulted},
	// numbers
	"plus": counts(sum, numbers), "minus": counts(difference, numbers), "times": counts(product, numbers),
	"divided_by": counts(divided, numbers), "modulo": counts(divided, numbers),
	"abs": counts(absolute), "ceil": counts(rounds), "floor": counts(rounds),
	"round":    {takes: numbers, arguments: [][]kind{integers}, out: rounds},
	"at_least": counts(atLeast, numbers), "at_most": counts(atMost, numbers),
	// lists
	"size":    {takes: []kind{textKind, urlKind, listKind, rangeKind}, out: counted},
	"first":   {takes: lists, absent: true, out: oneOf},
	"last":    {takes: lists, absent: true, out: oneOf},
	"join":    {takes: []kind{listKind, rangeKind}, arguments: [][]kind{texts}, absent: true, out: joined},
	"reverse": {takes: lists, out: (*filterCall).selects},
	"compact": {takes: lists, arguments: [][]kind{names}, out: compacted},
	"uniq":    {takes: lists, arguments: [][]kind{names}, out: checkedList}, "sort": {takes: lists, arguments: [][]kind{names}, out: sorted},
	"sort_natural": {takes: lists, arguments: [][]kind{names}, out: sorted},
	"concat":       {takes: lists, arguments: [][]kind{lists}, required: 1, out: concatenated},
	"map":          {takes: lists, arguments: [][]kind{names}, required: 1, out: mapped},
	"where":        {takes: lists, arguments: [][]kind{names, anything}, required: 1, out: matching},
	"reject":       {takes: lists, arguments: [][]kind{names, anything}, required: 1, out: matching},
	"find":         {takes: lists, arguments: [][]kind{names, anything}, required: 1, out: foundOne},
	"find_index":   {takes: lists, arguments: [][]kind{names, anything}, required: 1, out: foundIndex},
	"has":          {takes: lists, arguments: [][]kind{names, anything}, required: 1, out: foundAny},
	"sum":          {takes: lists, arguments: [][]kind{names}, out: total},
}

func joins() typed {
	t := keeps(1, false, texts)
	out := t.out
	t.out = func(c *filterCall) *shape {
		s := out(c)
		s.blank = c.input.blank && c.argument(0).blank
		return s
	}
	t.absent = false // "Hi " + nothing would hide that the name is missing
	return t
}

func cuts(ellipsis []kind) typed {
	return typed{takes: texts, arguments: [][]kind{integers, ellipsis}, absent: true, out: func(c *filterCall) *shape {
		s := c.derive(textKind, c.input.bytes)
		if e := c.argument(1); e != nil {
			s.bytes = addBytes(s.bytes, e.bytes)
		}
		s.missing, s.blank = c.input.missing, c.input.blank
		if n := c.argument(0); n != nil && (n.min == nil || *n.min < 4) {
			s.blank = true
		}
		if e := c.argument(1); e != nil && e.blank {
			s.blank = true // what is left may be the spaces at the start
		}
		return s
	}}
}

func sliced(c *filterCall) *shape {
	if c.input.kind == listKind {
		if c.input.missing {
			c.analyzer.mayBeMissing(&placed{templates.Span{Start: c.chain.Start, End: c.filter.Start}}, c.input)
		}
		return c.selects()
	}
	s := c.derive(textKind, c.input.bytes)
	s.blank = true
	return s
}

func split(c *filterCall) *shape {
	s := c.derive(listKind, 0)
	s.of = c.derive(textKind, c.input.bytes)
	s.of.blank = true
	s.items = c.input.bytes
	return s
}

func pluralized(c *filterCall) *shape {
	one, many := c.argument(0), c.argument(1)
	s := c.derive(textKind, max(one.bytes, many.bytes))
	s.blank = one.blank || many.blank
	return s
}

func dated(c *filterCall) *shape {
	s := c.derive(textKind, mulBytes(c.argument(0).bytes, 20))
	s.missing, s.blank = c.input.missing, true
	if format, ok := c.literal(0); ok { // a format may be all line ends
		s.blank = strings.TrimSpace(string(appendDate(nil, time.Unix(0, 0).UTC(), format))) == ""
	}
	if c.input.kind == textKind {
		if now := c.input.literal; now != "now" && now != "today" {
			c.analyzer.report(c.filter.Span, "type-mismatch", "date formats a time, not a text", `declare the attribute with type: time or date, or write "now"`)
		}
	}
	return s
}

func defaulted(c *filterCall) *shape {
	fallback := c.argument(0)
	s := join(present1(c.input), fallback)
	s.uses, s.origin = derived(0, 0, c.input, fallback).uses, max(c.input.origin, fallback.origin)
	s.missing, s.blank, s.path = fallback.missing, fallback.blank, ""
	if !c.input.missing && !c.input.blank && c.input.kind != boolKind {
		s.missing, s.blank = false, false
	}
	return s
}

func sum(c *filterCall) *shape {
	s, b := c.same(), c.argument(0)
	s.min, s.max = bound(c.input.min, b.min, addNumbers), bound(c.input.max, b.max, addNumbers)
	return s
}

func difference(c *filterCall) *shape {
	s, b := c.same(), c.argument(0)
	s.min, s.max = bound(c.input.min, b.max, subtractNumbers), bound(c.input.max, b.min, subtractNumbers)
	return s
}

func product(c *filterCall) *shape {
	s, a, b := c.same(), c.input, c.argument(0)
	if a.min != nil && b.min != nil && *a.min >= 0 && *b.min >= 0 {
		s.min, s.max = bound(a.min, b.min, multiplyNumbers), bound(a.max, b.max, multiplyNumbers)
	}
	return s
}

func addNumbers(a, b float64) float64      { return a + b }
func subtractNumbers(a, b float64) float64 { return a - b }
func multiplyNumbers(a, b float64) float64 { return a * b }

func bound(a, b *float64, f func(a, b float64) float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	return number(f(*a, *b))
}

func divided(c *filterCall) *shape {
	if divisor := c.argument(0); !divisor.nonzero() {
		e := c.filter.Arguments[0]
		name := c.analyzer.source(e)
		c.analyzer.report(e.Place(), "divisor-may-be-zero", name+" may be zero", "write {% if "+name+" > 0 %} around it, or "+name+" | at_least: 1 before it")
	}
	return c.same()
}

func absolute(c *filterCall) *shape {
	s := c.same()
	s.min = number(0)
	return s
}

func atLeast(c *filterCall) *shape {
	s, least := c.same(), c.argument(0)
	s.max = loosest(c.input.max, least.max, true)
	switch {
	case c.input.min == nil:
		s.min = least.min
	case least.min == nil:
		s.min = c.input.min
	default:
		s.min = number(max(*c.input.min, *least.min))
	}
	return s
}

func atMost(c *filterCall) *shape {
	s, most := c.same(), c.argument(0)
	s.min = loosest(c.input.min, most.min, false)
	switch {
	case c.input.max == nil:
		s.max = most.max
	case most.max == nil:
		s.max = c.input.max
	default:
		s.max = number(min(*c.input.max, *most.max))
	}
	return s
}

func counted(c *filterCall) *shape {
	s := c.derive(intKind, intBytes)
	s.min = number(0)
	return s
}

func oneOf(c *filterCall) *shape {
	if c.input.of == nil {
		return &shape{kind: nilKind, missing: true}
	}
	s := *c.input.of
	s.missing, s.path = true, ""
	return &s
}

func joined(c *filterCall) *shape {
	separator := 1
	if s := c.argument(0); s != nil {
		separator = s.bytes
	}
	each := intBytes
	if of := c.input.of; of != nil {
		if !of.kind.prints() && c.input.items > 0 {
			c.analyzer.report(c.filter.Span, "type-mismatch", "join writes texts and numbers, not "+of.kind.String(), `take one field first: | map: "name"`)
			return &shape{}
		}
		each = of.bytes
	}
	s := c.derive(textKind, mulBytes(c.input.items, addBytes(each, separator)))
	s.missing, s.blank = c.input.missing, true
	return s
}

func compacted(c *filterCall) *shape {
	c.property()
	s := c.selects()
	if len(c.arguments) == 0 {
		of := *s.of
		of.missing = false
		s.of = &of
	}
	return s
}

func checkedList(c *filterCall) *shape {
	c.property()
	return c.selects()
}

func sorted(c *filterCall) *shape {
	of := c.property()
	switch {
	case of.kind == anyKind || c.input.items == 0:
	case !of.kind.number() && !of.kind.text() && of.kind != timeKind && of.kind != dateKind:
		c.analyzer.report(c.filter.Span, "type-mismatch", c.filter.Name+" cannot order "+of.kind.String(), `sort records by a field: | sort: "name"`)
	case of.missing:
		c.analyzer.report(c.filter.Span, "value-may-be-missing", "some of what is sorted may be missing", "remove those first with | compact")
	}
	return c.selects()
}

func concatenated(c *filterCall) *shape {
	s, other := c.selects(), c.argument(0)
	if a, b := c.input.of.kind, other.of.kind; c.input.items > 0 && other.items > 0 && a != anyKind && b != anyKind && a != b && !(a.number() && b.number()) && !(a.text() && b.text()) {
		c.analyzer.report(c.filter.Span, "type-mismatch", "the two lists hold different kinds: "+c.input.of.kind.String()+" and "+other.of.kind.String(), "")
		return &shape{}
	}
	s.of, _ = joinInner(c.input, other)
	s.items = addBytes(c.input.items, other.items)
	return s
}

func mapped(c *filterCall) *shape {
	s := c.selects()
	s.of = c.property().at("")
	return s
}

func matching(c *filterCall) *shape {
	field := c.property()
	if value := c.argument(1); value != nil && field.kind != anyKind && c.input.items > 0 && !sameFamily(field.kind, value.kind) {
		c.analyzer.report(c.filter.Arguments[1].Place(), "type-mismatch", "the field is "+field.kind.String()+", so it never equals "+value.kind.String(), "")
	} else if value != nil {
		c.analyzer.allowed(field, c.filter.Arguments[1])
	}
	return c.selects()
}

func foundOne(c *filterCall) *shape {
	matching(c)
	return oneOf(c)
}

func foundIndex(c *filterCall) *shape {
	matching(c)
	s := counted(c)
	s.missing = true
	return s
}

func foundAny(c *filterCall) *shape {
	matching(c)
	return c.derive(boolKind, boolBytes)
}

func total(c *filterCall) *shape {
	field := c.input.of
	if len(c.arguments) > 0 {
		field = c.property()
	}
	if c.input.items == 0 {
		return c.derive(intKind, intBytes)
	}
	if field.kind != anyKind && !slices.Contains(numbers, field.kind) {
		c.analyzer.report(c.filter.Span, "type-mismatch", "sum adds numbers, not "+field.kind.String(), `take one field: | sum: "price"`)
		return &shape{}
	}
	return c.derive(joinKinds(field.kind, field.kind), floatBytes)
}
