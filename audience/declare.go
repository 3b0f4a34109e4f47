package audience

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Guess is how something could be declared that a file of people has and the catalogue does not know.
type Guess struct {
	From    string // the column's header, or the key of attributes, as the file writes it
	Name    string // a legal name that nobody has yet; "": it cannot be declared
	Type    Type
	Problem string // why it cannot be declared
}

// String is the line to append to attributes.yaml.
func (g *Guess) String() string {
	return g.Name + ": {" + g.Type.declaration() + ", source: declared}"
}

// Guesser goes through a file of people before it is imported, and guesses types from its values. A value that the guessed type
// would not allow becomes a rejected row of the import, so that a guess is only made when all values of the file fit it.
type Guesser struct {
	Options   ImportOptions
	LinkHosts []string // where urls may lead; none: addresses are strings

	guesses []*valueGuess
	byKey   map[string]*valueGuess
}

// CSV reads a table. It returns a [HeaderError] for what is wrong with its header beside columns that are not declared.
func (g *Guesser) CSV(r io.Reader) ([]Guess, error) {
	source := newRows(r)
	c, err := g.Options.readHeader(source)
	var header *HeaderError
	if err != nil && (!errors.As(err, &header) || c == nil || len(header.Problems) > len(c.undeclared)) {
		return nil, err
	}
	for _, u := range c.undeclared {
		g.add(c.headers[u.at], u.name)
	}
	for {
		cells, _, problem, err := source.record()
		switch {
		case errors.Is(err, io.EOF):
			return g.done(), nil
		case err != nil:
			return nil, err
		case problem != "" || len(cells) < len(c.headers):
			continue // the import says what is wrong with the row
		}
		for _, u := range c.undeclared {
			if validText(cells[u.at]) {
				g.byKey[c.headers[u.at]].addText(cellText(cells[u.at]), g.LinkHosts)
			}
		}
	}
}

// JSONL reads one person a line.
func (g *Guesser) JSONL(r io.Reader) ([]Guess, error) {
	source := newRows(r)
	for {
		line, _, err := source.line()
		switch {
		case errors.Is(err, io.EOF):
			return g.done(), nil
		case err != nil:
			return nil, err
		case len(line) >= maxRowBytes:
			continue
		}
		_ = eachMember(line, func(name string, raw []byte) error { // the import says what is wrong with the line
			if name != "attributes" || raw[0] != '{' {
				return nil
			}
			return eachMember(raw, g.member)
		})
	}
}

func (g *Guesser) member(key string, raw []byte) error {
	name := g.Options.attributeName(key)
	if _, declared := g.Options.Catalogue.Attribute(name); declared || name == "-" {
		return nil
	}
	key = strings.Clone(key)
	if g.byKey[key] == nil {
		g.add(key, name)
	}
	g.byKey[key].addJSON(raw, g.LinkHosts)
	return nil
}

func (g *Guesser) add(from, name string) {
	if g.byKey == nil {
		g.byKey = map[string]*valueGuess{}
	}
	if g.byKey[from] == nil {
		v := newValueGuess()
		v.from, v.name = from, name
		g.guesses, g.byKey[from] = append(g.guesses, v), v
	}
}

func (g *Guesser) done() []Guess {
	taken := slices.Concat(g.Options.Catalogue.Names(), personFieldNames[:])
	var all []Guess
	for _, v := range g.guesses {
		guess := Guess{From: v.from}
		switch t, ok := v.result(); {
		case v.seen == 0:
			guess.Problem = "has no values"
		case !ok:
			guess.Problem = "has values that no type of the catalogue is for"
		default:
			guess.Name, guess.Type = legalName(v.name, taken), t
			taken = append(taken, guess.Name)
		}
		all = append(all, guess)
	}
	return all
}

// legal is the nearest to a name that an attribute can have.
func legal(name string) string {
	if ValidFieldName(name) {
		return name
	}
	name = strings.Trim(strings.Join(strings.FieldsFunc(snake(name), func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "_"), "_")
	if name == "" || name[0] < 'a' {
		name = "column_" + name
	}
	const room = 60 // leaves some for a number
	name = strings.TrimRight(name[:min(len(name), room)], "_")
	if IsReserved(name) {
		name += "_1"
	}
	return name
}

// legalName makes a name that none of the taken ones is.
func legalName(name string, taken []string) string {
	name = legal(name)
	free := name
	for n := 2; slices.Contains(taken, free); n++ {
		free = name + "_" + strconv.Itoa(n)
	}
	return free
}

// declaration writes the keys of a type as attributes.yaml has them.
func (t *Type) declaration() string {
	b := "type: " + t.Kind.String()
	if t.Of != nil {
		b += ", of: " + t.Of.String()
	}
	for i, value := range t.Values {
		if i == 0 {
			b += ", values: ["
		} else {
			b += ", "
		}
		b += plainYAML(value)
	}
	if t.Values != nil {
		b += "]"
	}
	length := t.MaxLength
	if t.Of != nil {
		length = t.Of.MaxLength
	}
	if length > DefaultMaxLength {
		b += fmt.Sprintf(", max_length: %d", length)
	}
	if t.MaxItems > DefaultMaxItems {
		b += fmt.Sprintf(", max_items: %d", t.MaxItems)
	}
	return b
}

var wordForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// plainYAML writes a text inside [ ], in quotes unless it is a word that YAML has no other idea of.
func plainYAML(text string) string {
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "y", "n", "on", "off", "null":
		return `"` + text + `"`
	}
	if wordForm.MatchString(text) {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
