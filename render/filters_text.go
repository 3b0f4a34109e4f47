package render

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

func appendFilter(m *machine, in Value, arguments []Value) Value {
	return String(m.str(in) + m.str(arguments[0]))
}

func prependFilter(m *machine, in Value, arguments []Value) Value {
	return String(m.str(arguments[0]) + m.str(in))
}

func upcaseFilter(m *machine, in Value, _ []Value) Value { return String(strings.ToUpper(m.str(in))) }

func downcaseFilter(m *machine, in Value, _ []Value) Value { return String(strings.ToLower(m.str(in))) }

func capitalizeFilter(m *machine, in Value, _ []Value) Value {
	s := strings.ToLower(m.str(in))
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return String("")
	}
	return String(string(unicode.ToTitle(first)) + s[size:])
}

func stripFilter(m *machine, in Value, _ []Value) Value {
	return String(strings.Trim(m.str(in), rubySpace))
}

func lstripFilter(m *machine, in Value, _ []Value) Value {
	return String(strings.TrimLeft(m.str(in), rubySpace))
}

func rstripFilter(m *machine, in Value, _ []Value) Value {
	return String(strings.TrimRight(m.str(in), rubySpace))
}

// squishFilter strips, and makes one space of every run of white space.
func squishFilter(m *machine, in Value, _ []Value) Value {
	if in.kind == NilValue {
		return in
	}
	return String(strings.Join(strings.FieldsFunc(m.str(in), isRubySpace), " "))
}

func isRubySpace(r rune) bool {
	return r < 0x80 && r != 0 && strings.IndexByte(rubySpace, byte(r)) >= 0
}

func stripNewlinesFilter(m *machine, in Value, _ []Value) Value {
	return String(strings.ReplaceAll(strings.ReplaceAll(m.str(in), "\r\n", ""), "\n", ""))
}

func newlineToBrFilter(m *machine, in Value, _ []Value) Value {
	s := strings.ReplaceAll(m.str(in), "\r\n", "\n")
	return String(strings.ReplaceAll(s, "\n", "<br />\n"))
}

// These are the expressions of Shopify's strip_html; they take what looks like a tag, not what is one.
var (
	htmlSections = regexp.MustCompile(`(?s)<script.*?</script>|<!--.*?-->|<style.*?</style>`)
	htmlTags     = regexp.MustCompile(`(?s)<.*?>`)
)

func stripHTMLFilter(m *machine, in Value, _ []Value) Value {
	return String(htmlTags.ReplaceAllString(htmlSections.ReplaceAllString(m.str(in), ""), ""))
}

// replaceText replaces the first count occurrences, all if count is negative.
func replaceText(m *machine, s, old, replacement string, count int) Value {
	found := min(uint(strings.Count(s, old)), uint(count))
	if !m.chargeProduct(int64(found), len(replacement)) {
		return Value{}
	}
	return String(strings.Replace(s, old, replacement, count))
}

func replaceFilter(m *machine, in Value, arguments []Value) Value {
	return replaceText(m, m.str(in), m.str(arguments[0]), m.str(argument(arguments, 1)), -1)
}

func replaceFirstFilter(m *machine, in Value, arguments []Value) Value {
	return replaceText(m, m.str(in), m.str(arguments[0]), m.str(argument(arguments, 1)), 1)
}

func replaceLastFilter(m *machine, in Value, arguments []Value) Value {
	s, old := m.str(in), m.str(arguments[0])
	last := strings.LastIndex(s, old)
	if last < 0 {
		return String(s)
	}
	return String(s[:last] + m.str(argument(arguments, 1)) + s[last+len(old):])
}

func removeFilter(m *machine, in Value, arguments []Value) Value {
	return String(strings.ReplaceAll(m.str(in), m.str(arguments[0]), ""))
}

func removeFirstFilter(m *machine, in Value, arguments []Value) Value {
	return String(strings.Replace(m.str(in), m.str(arguments[0]), "", 1))
}

func removeLastFilter(m *machine, in Value, arguments []Value) Value {
	return replaceLastFilter(m, in, arguments)
}

// runeOffset is the byte offset of a text's nth character, its length if there are fewer.
func runeOffset(s string, n int64) int {
	for offset := range s {
		if n <= 0 {
			return offset
		}
		n--
	}
	return len(s)
}

func truncateFilter(m *machine, in Value, arguments []Value) Value {
	if in.kind == NilValue {
		return in
	}
	length, ellipsis := int64(50), "..."
	if len(arguments) > 0 {
		length = m.integer(arguments[0])
	}
	if len(arguments) > 1 {
		ellipsis = m.str(arguments[1])
	}
	s := m.str(in)
	if int64(utf8.RuneCountInString(s)) <= length {
		return String(s)
	}
	keep := max(0, length) - int64(utf8.RuneCountInString(ellipsis))
	return String(s[:runeOffset(s, keep)] + ellipsis)
}

func truncateWordsFilter(m *machine, in Value, arguments []Value) Value {
	if in.kind == NilValue {
		return in
	}
	count, ellipsis := int64(15), "..."
	if len(arguments) > 0 {
		count = max(1, m.integer(arguments[0]))
	}
	if len(arguments) > 1 {
		ellipsis = m.str(arguments[1])
	}
	s := m.str(in)
	var words []string
	rest := strings.TrimLeft(s, rubySpace)
	for int64(len(words)) < count {
		end := strings.IndexFunc(rest, isRubySpace)
		if end < 0 {
			return String(s)
		}
		words = append(words, rest[:end])
		rest = strings.TrimLeft(rest[end:], rubySpace)
		m.charge(elementWeight)
	}
	return String(strings.Join(words, " ") + ellipsis)
}

// splitFilter cuts a text as Ruby does: a space as pattern means any white space, empty pieces at the end are dropped.
func splitFilter(m *machine, in Value, arguments []Value) Value {
	s, pattern := m.str(in), m.str(arguments[0])
	if !m.chargeProduct(int64(strings.Count(s, pattern)), elementWeight) {
		return Value{}
	}
	var pieces []string
	if pattern == " " {
		pieces = strings.FieldsFunc(s, isRubySpace)
	} else {
		pieces = strings.Split(s, pattern)
	}
	for len(pieces) > 0 && pieces[len(pieces)-1] == "" {
		pieces = pieces[:len(pieces)-1]
	}
	list := make([]Value, len(pieces))
	for i, piece := range pieces {
		list[i] = String(piece)
	}
	return List(list)
}

// sliceFilter takes length characters or elements from an offset on; a negative offset counts from the end.
func sliceFilter(m *machine, in Value, arguments []Value) Value {
	offset, length := m.integer(arguments[0]), int64(1)
	if v := argument(arguments, 1); v.truthy() {
		length = m.integer(v)
	}
	if in.kind == ListValue {
		from, to := sliceBounds(offset, length, int64(len(in.data.list)))
		return List(in.data.list[from:to:to])
	}
	s := m.str(in)
	from, to := sliceBounds(offset, length, int64(utf8.RuneCountInString(s)))
	start := runeOffset(s, from)
	return String(s[start : start+runeOffset(s[start:], to-from)])
}

func sliceBounds(offset, length, size int64) (from, to int64) {
	if offset < 0 {
		offset += size
	}
	if offset < 0 || offset > size || length < 0 {
		return 0, 0
	}
	return offset, offset + min(length, size-offset)
}
