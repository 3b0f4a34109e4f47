package audience

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// valueGuess is what the values of a column have in common.
type valueGuess struct {
	from, name string

	seen     int             // values that are not blank
	may      map[Kind]bool   // what all of them can be
	texts    map[string]bool // the different ones; nil: too many for an enumeration
	longest  int             // characters
	objects  bool            // one of them is a JSON object
	elements *valueGuess     // of lists; nil: no list was seen
	items    span            // how many elements lists have
	words    map[string]int  // the different elements of lists in plain text; nil: too many
	total    int             // of those elements
	fields   map[string]*valueGuess
}

type span struct{ least, most int }

func (s *span) add(n, seen int) {
	if seen == 1 {
		s.least = n
	}
	s.least, s.most = min(s.least, n), max(s.most, n)
}

// An enumeration has few values, each of which stands there several times.
const (
	mostValues    = 12
	longestValue  = 40
	valuesRepeat  = 3
	mostWords     = 40
	wordsRepeat   = 2
	largestDigits = 15 // more would not survive as a float
)

func newValueGuess() *valueGuess {
	return &valueGuess{
		may:   map[Kind]bool{Int: true, Bool: true, Float: true, Date: true, Time: true, URL: true, List: true},
		texts: map[string]bool{}, words: map[string]int{},
	}
}

var (
	intForm   = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)$`) // 007 is no number to whoever wrote it
	floatForm = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$`)
)

// addText adds a cell of a table.
func (g *valueGuess) addText(text string, hosts []string) {
	if blank(text) {
		return
	}
	g.count(text)
	g.addWords(text, hosts)
	for kind, may := range g.may {
		if may && kind != List && !fits(kind, text, hosts) {
			g.may[kind] = false
		}
	}
}

func (g *valueGuess) count(text string) {
	g.seen++
	g.longest = max(g.longest, utf8.RuneCountInString(text))
	if g.texts == nil {
		return
	}
	if g.texts[strings.Clone(text)] = true; len(g.texts) > mostValues || len(text) > longestValue || strings.Contains(text, "@") || strings.ContainsFunc(text, notPrinted) {
		g.texts = nil // an address, or a text that is nobody's word for something
	}
}

func notPrinted(r rune) bool { return !unicode.IsPrint(r) }

// fits reports whether a cell can be of a kind without losing anything.
func fits(kind Kind, text string, hosts []string) bool {
	switch kind {
	case Int:
		if !intForm.MatchString(text) {
			return false
		}
	case Float:
		if !floatForm.MatchString(text) || len(text) > largestDigits {
			return false
		}
	case URL:
		if len(hosts) == 0 {
			return false
		}
	}
	a := Attribute{Type: Type{Kind: kind, MaxLength: largestLength}}
	if kind == URL {
		a.Type.Hosts = hosts
	}
	_, problem := a.fromCell(text)
	return problem == ""
}

// addWords looks at a cell as a list: JSON, or words with commas between them.
func (g *valueGuess) addWords(text string, hosts []string) {
	if !g.may[List] {
		return
	}
	if strings.HasPrefix(text, "[") {
		if g.may[List] = json.Valid([]byte(text)); g.may[List] {
			g.addList([]byte(text), hosts)
		}
		return
	}
	parts := strings.Split(text, ",")
	g.items.add(len(parts), g.seen)
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if g.words == nil || part == "" || len(part) > longestValue {
			g.may[List] = false
			return
		}
		g.total++
		if g.words[strings.Clone(part)]++; len(g.words) > mostWords {
			g.words = nil
		}
	}
}

// addJSON adds a value of a JSON object.
func (g *valueGuess) addJSON(raw []byte, hosts []string) {
	text, ok := "", false
	switch raw[0] {
	case 'n':
		return
	case '"':
		if text, ok = unquote(raw); !ok || blank(text) {
			return
		}
		g.count(text)
		g.only(Date, Time, URL)
	case '[':
		g.seen++
		g.only(List)
		g.addList(raw, hosts)
		return
	case '{':
		g.seen++
		g.objects = true
		g.only()
		return
	case 't', 'f':
		g.seen++
		g.only(Bool)
		return
	default:
		text = string(raw)
		g.seen++
		g.only(Int, Float)
	}
	for kind, may := range g.may {
		if may && !fits(kind, text, hosts) {
			g.may[kind] = kind == Float && raw[0] != '"' // 1e5 is a number in JSON
		}
	}
}

// only strikes out all other kinds.
func (g *valueGuess) only(kinds ...Kind) {
	for kind := range g.may {
		if !slices.Contains(kinds, kind) {
			g.may[kind] = false
		}
	}
}

func (g *valueGuess) addList(raw []byte, hosts []string) {
	if g.elements == nil {
		g.elements = newValueGuess()
	}
	n := 0
	_ = eachItem(raw, func(item []byte) {
		n++
		if item[0] == '{' {
			g.elements.addRecord(item, hosts)
			return
		}
		g.elements.addJSON(item, hosts)
	})
	g.items.add(n, g.seen)
}

// eachItem calls f for the elements of a list.
func eachItem(raw []byte, f func(item []byte)) error {
	c := &cursor{data: raw}
	more, err := c.open('[', ']')
	for more && err == nil {
		var item []byte
		if item, err = c.skip(); err == nil && len(item) > 0 {
			f(item)
			more, err = c.next(']')
		}
	}
	return err
}

// addRecord adds an object of a list.
func (g *valueGuess) addRecord(raw []byte, hosts []string) {
	g.seen++
	g.only()
	if g.objects = true; g.fields == nil {
		g.fields = map[string]*valueGuess{}
	}
	_ = eachMember(raw, func(name string, value []byte) error {
		field := g.fields[name]
		if field == nil {
			field = newValueGuess()
			g.fields[strings.Clone(name)] = field
		}
		field.addJSON(value, hosts)
		return nil
	})
}

// result is the narrowest type that all values have; ok is false when there is none.
func (g *valueGuess) result() (t Type, ok bool) {
	switch {
	case g.fields != nil:
		return g.record()
	case g.objects:
		return Type{}, false
	case g.elements != nil && g.may[List]:
		of, ok := g.elements.result()
		if g.elements.seen == 0 {
			of, ok = Type{Kind: String}, true
		}
		of.Values = nil // a list's words are never all there
		return Type{Kind: List, Of: &of, MaxItems: roomy(g.items.most)}, ok && of.Kind != List
	}
	for _, kind := range []Kind{Int, Bool, Float, Date, Time, URL} { // 0 and 1 are numbers rather than yes and no
		if g.may[kind] {
			t := Type{Kind: kind}
			if kind == URL {
				t.MaxLength = roomy(g.longest)
			}
			return t, true
		}
	}
	switch {
	case g.longest == 0: // numbers and yes or no, mixed
		return Type{}, false
	case g.hasWords():
		return Type{Kind: List, Of: &Type{Kind: String}, MaxItems: roomy(g.items.most)}, true
	}
	t = Type{Kind: String, MaxLength: roomy(g.longest)}
	if n := len(g.texts); n > 1 && g.seen >= valuesRepeat*n {
		t.Values = slices.Sorted(maps.Keys(g.texts))
	}
	return t, true
}

// hasWords tells "hiking, cooking" and "cooking" from "Paris, France" and "Paris, Texas": a list is not always as long, and its words
// come again.
func (g *valueGuess) hasWords() bool {
	return g.may[List] && g.words != nil && g.elements == nil && g.items.least < g.items.most && g.total >= wordsRepeat*len(g.words)
}

func (g *valueGuess) record() (Type, bool) {
	t := Type{Kind: Record}
	for _, name := range sortedKeys(g.fields) {
		field := g.fields[name]
		of, ok := field.result()
		if !ok || field.seen != g.seen || of.Kind == List || !ValidFieldName(name) {
			return Type{}, false // every field of a record is needed
		}
		t.Fields = append(t.Fields, Field{name, Type{Kind: of.Kind}})
	}
	return t, len(t.Fields) > 0
}

// roomy rounds a length up to one that a person would choose.
func roomy(n int) int {
	for _, limit := range []int{50, 100, 200, 500, 1000, 2000, 5000} {
		if n <= limit {
			return limit
		}
	}
	return largestLength
}
