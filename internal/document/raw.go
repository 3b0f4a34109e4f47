package document

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"germane/internal/finding"
)

// rawValue is a raw text taken out of the YAML; start is the offset, within the source, of the placeholder left in its place.
type rawValue struct {
	start  int
	text   finding.Text
	quoted bool
}

var keyLine = regexp.MustCompile(`^([ \t]*(?:-[ \t]+)*)(["']?)([A-Za-z0-9_][A-Za-z0-9_-]*)(["']?)[ \t]*:(?:[ \t]+(.*))?$`)

// takeRawText replaces every raw value by a quoted placeholder of its length and remembers what stood there.
func (p *parser) takeRawText(format Format) string {
	p.raw = map[int]rawValue{}
	lines := strings.SplitAfter(p.source.S, "\n")
	var scan blockScanner
	at := 0
	for i, line := range lines {
		body := strings.TrimRight(line, "\r\n")
		if match := p.rawLine(body, format, &scan); match != nil {
			value := body[match[10]:]
			p.raw[i+1] = p.rawValue(at+match[10], value)
			lines[i] = line[:match[10]] + `"` + strings.Repeat("x", max(0, len(value)-2)) + `"` + line[len(body):]
			p.continuation(lines, i, at+len(line), indentOf(body))
		} else {
			scan.line(body)
		}
		at += len(line)
	}
	return strings.Join(lines, "")
}

// rawLine returns the submatch indexes of keyLine when the line holds a raw value.
func (p *parser) rawLine(body string, format Format, scan *blockScanner) []int {
	if scan.inside(body) {
		return nil
	}
	match := keyLine.FindStringSubmatchIndex(body)
	if match == nil || match[10] < 0 || body[match[4]:match[5]] != body[match[8]:match[9]] {
		return nil
	}
	value := body[match[10]:]
	if strings.TrimSpace(value) == "" || value[0] == '#' {
		return nil
	}
	top := match[2] == match[3]
	if format.RawTop && top || slices.Contains(format.Raw, body[match[6]:match[7]]) {
		return match
	}
	return nil
}

// rawValue reads the text to the end of the line. When the whole of it is one quoted scalar (a comment may follow), YAML's rules
// hold: the quotes and the comment are not part of the text.
func (p *parser) rawValue(start int, value string) rawValue {
	text := finding.Text{File: p.file, Start: p.source.Start + start, S: strings.TrimRight(value, " \t")}
	if value[0] == '"' || value[0] == '\'' {
		var y yaml.Node
		err := yaml.Load([]byte(value), &y, yaml.WithV3Defaults())
		if err == nil && len(y.Content) == 1 && y.Content[0].Kind == yaml.ScalarNode &&
			y.Content[0].Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			text.Start++
			text.S = y.Content[0].Value
			return rawValue{start: start, text: text, quoted: true}
		}
	}
	return rawValue{start: start, text: text}
}

// continuation reports lines that go on with a raw value, and blanks them so that YAML does not stumble over them.
func (p *parser) continuation(lines []string, i, at, indent int) {
	for j := i + 1; j < len(lines); j++ {
		body := strings.TrimRight(lines[j], "\r\n")
		trimmed := strings.TrimSpace(body)
		if trimmed != "" && trimmed[0] != '#' {
			if indentOf(body) <= indent {
				return
			}
			left := len(body) - len(strings.TrimLeft(body, " \t"))
			p.add(p.source.At(at+left, at+len(body), "text-over-lines", "this value goes over several lines", "write it on the line of its key; a long rule can be made of named segments"))
			lines[j] = strings.Repeat(" ", len(body)) + lines[j][len(body):]
		}
		at += len(lines[j])
	}
}

func indentOf(line string) int {
	return len(line) - len(strings.TrimLeft(line, " \t-"))
}

// blockScanner follows YAML just far enough to know when a line is inside brackets, quotes or a block scalar.
type blockScanner struct {
	depth  int  // of { and [
	quote  byte // the open quote, or 0
	block  bool // inside a block scalar
	indent int  // of the line that opened it
}

// inside reports whether a line starting now belongs to a value that an earlier line opened.
func (s *blockScanner) inside(body string) bool {
	if s.block && strings.TrimSpace(body) != "" && len(body)-len(strings.TrimLeft(body, " ")) <= s.indent {
		s.block = false
	}
	return s.block || s.depth > 0 || s.quote != 0
}

func (s *blockScanner) line(body string) {
	if s.block {
		return
	}
	for i := 0; i < len(body); i++ {
		i = s.char(body, i)
	}
	trimmed := strings.TrimRight(body, " \t+-0123456789")
	if s.depth == 0 && s.quote == 0 && (strings.HasSuffix(trimmed, ": |") || strings.HasSuffix(trimmed, ": >")) {
		s.block, s.indent = true, len(body)-len(strings.TrimLeft(body, " "))
	}
}

// char consumes the character at i and returns the index of the last byte it consumed.
func (s *blockScanner) char(body string, i int) int {
	c := body[i]
	switch {
	case s.quote == '"' && c == '\\':
		return i + 1
	case s.quote != 0:
		if c == s.quote {
			s.quote = 0
		}
	case (c == '"' || c == '\'') && startsValue(body, i):
		s.quote = c
	case c == '#' && (i == 0 || body[i-1] == ' ' || body[i-1] == '\t'):
		return len(body)
	case (c == '{' || c == '[') && (s.depth > 0 || startsValue(body, i)):
		s.depth++
	case (c == '}' || c == ']') && s.depth > 0:
		s.depth--
	}
	return i
}

// startsValue reports whether a value may start at i: quotes and brackets inside a plain text mean nothing to YAML.
func startsValue(body string, i int) bool {
	before := strings.TrimRight(body[:i], " \t")
	return before == "" || strings.ContainsRune(":,{[-", rune(before[len(before)-1]))
}
