package check

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"germane/audience"
)

// textTest is a question about what stands inside a text.
type textTest struct {
	kind testKind
	text string
}

type testKind uint8

const (
	noTest     testKind = iota
	impossible          // no value of the list can be this one
	suffix              // ends with text
	piece               // has text in it
	pattern             // the pattern text is found in it
)

// String is the same for tests that are the same.
func (t textTest) String() string {
	return [...]string{"", "", "endsWith ", "contains ", "matches "}[t.kind] + strconv.Quote(t.text)
}

// patternTest recognises the patterns that are only a plain text. LiteralPrefix does not tell: "^pro" is complete to it, too.
func patternTest(p *regexp.Regexp) textTest {
	if tree, err := syntax.Parse(p.String(), syntax.Perl); err == nil && tree.Op == syntax.OpLiteral && tree.Flags&syntax.FoldCase == 0 {
		return textTest{piece, string(tree.Rune)}
	}
	return textTest{pattern, p.String()}
}

// certain returns a text that stands in every text for which the test is true.
func (t textTest) certain() string {
	if t.kind != pattern {
		return t.text
	}
	text, _ := regexp.MustCompile(t.text).LiteralPrefix()
	return text
}

// follows reports whether the test is true of every text that starts with a prefix.
func (t textTest) follows(prefix string) bool {
	return (t.kind == piece || t.text == "") && t.kind != pattern && strings.Contains(prefix, t.text)
}

// implies reports whether the other test is true of every text of which this one is.
func (t textTest) implies(other textTest) bool {
	switch other.kind {
	case piece:
		return strings.Contains(t.certain(), other.text)
	case suffix:
		return t.kind == suffix && strings.HasSuffix(t.text, other.text)
	}
	return false
}

// excludes reports whether no text passes both tests.
func (t textTest) excludes(other textTest) bool {
	return t.kind == suffix && other.kind == suffix && !strings.HasSuffix(t.text, other.text) && !strings.HasSuffix(other.text, t.text)
}

// maxRelated bounds the tests of one axis that are related to each other: they are compared in pairs.
const maxRelated = 100

// limits returns the people who can exist as far as one axis knows.
func (s *space) limits(a *axis) set {
	if len(a.parts) < 2 || len(a.parts) > maxRelated || s.spent {
		return everybody
	}
	if a.kind() == audience.List && a.form == valued {
		return s.atMost(a.parts, a.maxItems())
	}
	related := everybody
	for i, part := range a.parts {
		for _, other := range a.parts[i+1:] {
			related = s.and(related, s.relation(part, other))
		}
	}
	kids := slices.Repeat([]set{everybody}, max(1, len(a.cells)))
	for i := range a.cells {
		if a.cells[i].gap {
			kids[i] = related
		}
	}
	return s.cellSet(a, kids)
}

// relation is what two tests of one text have to do with each other.
func (s *space) relation(a, b *axis) set {
	related := everybody
	if a.test.implies(b.test) {
		related = s.minus(related, s.and(s.yes(a, true), s.yes(b, false)))
	}
	if b.test.implies(a.test) {
		related = s.minus(related, s.and(s.yes(b, true), s.yes(a, false)))
	}
	if a.test.excludes(b.test) {
		related = s.minus(related, s.and(s.yes(a, true), s.yes(b, true)))
	}
	return related
}

// atMost returns the people for whom no more than n of some two-valued axes have their second value.
func (s *space) atMost(parts []*axis, n int) set {
	if n >= len(parts) {
		return everybody
	}
	left := slices.Repeat([]set{everybody}, n+1) // by how many may still come, below the part in hand
	slices.SortFunc(parts, func(a, b *axis) int { return a.level - b.level })
	for _, part := range slices.Backward(parts) {
		for may := n; may >= 0; may-- {
			taken := nobody
			if may > 0 {
				taken = left[may-1]
			}
			left[may] = s.cellSet(part, []set{left[may], taken})
		}
	}
	return left[n]
}
