package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"germane/internal/finding"
)

// ImportOptions is how rows from outside become people.
type ImportOptions struct {
	Catalogue     *Catalogue
	Topics        []string          // those of germane.yaml
	Map           map[string]string // from a column's header, or a JSON key of attributes, to id, email, time_zone, locale, an attribute, or "-": left out
	IgnoreUnknown bool              // leave out what is not declared
	ObservedAt    int64             // unix milliseconds, of attributes that carry no time; 0: when they are imported
}

// Importer reads people from a file, one at a time: it never holds more than a row.
type Importer struct {
	next func(u *Update) error
	line int
}

// RowError is what is wrong with one row; reading goes on after it.
type RowError struct {
	Line     int // of the file, from 1, where the row starts
	Problems []PersonError
}

func (e *RowError) Error() string {
	parts := make([]string, len(e.Problems))
	for i := range e.Problems {
		parts[i] = e.Problems[i].Error()
	}
	return fmt.Sprintf("line %d: %s", e.Line, strings.Join(parts, "; "))
}

// HeaderError is what is wrong with the columns of a file; no row is read.
type HeaderError struct{ Problems []PersonError }

func (e *HeaderError) Error() string {
	parts := make([]string, len(e.Problems))
	for i := range e.Problems {
		parts[i] = e.Problems[i].Error()
	}
	return strings.Join(parts, "; ")
}

// Next reads the next person. It returns [io.EOF] at the end, a [RowError] for a bad row, and any other error when the file
// cannot be read further.
func (im *Importer) Next(u *Update) error {
	*u = Update{}
	return im.next(u)
}

// Line returns the line where the row that was read last starts, from 1.
func (im *Importer) Line() int { return im.line }

// maxRowBytes bounds a row, so that a quote that nobody closes costs one row and no memory.
const maxRowBytes = maxPersonBytes

// ImportJSONL reads one person a line, in the form of [Person]. A key that is null or "" clears, one that is not there keeps.
func ImportJSONL(r io.Reader, o ImportOptions) *Importer {
	source := newRows(r)
	im := &Importer{}
	im.next = func(u *Update) error {
		for {
			line, at, err := source.line()
			im.line = at
			if err != nil {
				return err
			}
			if len(bytes.TrimSpace(line)) > 0 {
				return o.readJSON(line, at, u)
			}
		}
	}
	return im
}

func (o *ImportOptions) readJSON(line []byte, at int, u *Update) error {
	row := &RowError{Line: at}
	if len(line) >= maxRowBytes {
		row.add("", fmt.Sprintf("is longer than %d bytes: a file of people has one JSON object a line", maxRowBytes))
		return row
	}
	p, err := readPerson(line, o.attributeName)
	if err != nil {
		row.addAll(err)
		return row
	}
	o.check(p, row)
	*u = Update{ID: p.ID, TimeZone: p.TimeZone, Locale: p.Locale}
	u.Email = row.address(p.Email)
	u.Clear = clearedIn(line, p)
	s := p.Stored(millisecondsTime(o.ObservedAt))
	if u.Attributes, u.Exceptions, u.Topics = s.Attributes, s.Exceptions, s.Topics; !p.ObservedAt.IsZero() || o.ObservedAt != 0 {
		u.ObservedAt = s.ObservedAt
	}
	if u.ID == "" && u.Email == "" && len(row.Problems) == 0 {
		row.add("", "has neither an id nor an address")
	}
	if len(row.Problems) > 0 {
		return row
	}
	return nil
}

// attributeName is what the catalogue calls a key of a person's attributes: --map says so, or [Guesser] declared it.
func (o *ImportOptions) attributeName(key string) string {
	if to, ok := o.Map[key]; ok {
		return to
	}
	if _, declared := o.Catalogue.Attribute(key); !declared {
		if name := legal(key); name != key {
			if _, declared := o.Catalogue.Attribute(name); declared {
				return name
			}
		}
	}
	return key
}

// check adds what the catalogue and the topics have to say, and drops what is to be ignored.
func (o *ImportOptions) check(p *Person, row *RowError) {
	if o.IgnoreUnknown {
		for name := range p.Attributes {
			if _, ok := o.Catalogue.Attribute(name); !ok {
				delete(p.Attributes, name)
			}
		}
		for name := range p.Topics {
			if !slices.Contains(o.Topics, name) {
				delete(p.Topics, name)
			}
		}
	}
	// The time of an attribute that is not there says nothing.
	for name := range p.Observed {
		if _, ok := p.Attributes[name]; !ok {
			delete(p.Observed, name)
		}
	}
	for _, problem := range p.Check(o.Catalogue, o.Topics) {
		if problem.Place != "id" && problem.Place != "email" { // one of them may be missing
			row.Problems = append(row.Problems, *problem)
		}
	}
}

// clearedIn looks for keys that are there and empty.
func clearedIn(line []byte, p *Person) (cleared Cleared) {
	if p.TimeZone != "" && p.Locale != "" {
		return 0
	}
	_ = eachMember(line, func(name string, raw []byte) error { // ReadPerson has checked it
		switch {
		case name == "time_zone" && p.TimeZone == "":
			cleared |= ClearTimeZone
		case name == "locale" && p.Locale == "":
			cleared |= ClearLocale
		}
		return nil
	})
	return cleared
}

func (e *RowError) add(place, problem string) {
	e.Problems = append(e.Problems, PersonError{place, problem})
}

// addAll adds every [PersonError] of a joined error.
func (e *RowError) addAll(err error) {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range list.Unwrap() {
			e.addAll(one)
		}
		return
	}
	var problem *PersonError
	if errors.As(err, &problem) {
		e.Problems = append(e.Problems, *problem)
		return
	}
	e.add("", err.Error())
}

// address returns an address as it is mailed.
func (e *RowError) address(text string) string {
	if text == "" {
		return ""
	}
	address, problem := MailableAddress(text)
	if problem != "" {
		e.add("email", problem)
	}
	return address
}

// unknown says that a name is not declared, and what may have been meant.
func (o *ImportOptions) unknown(name string) string {
	return "is not declared in attributes.yaml; " + finding.DidYouMean(name, o.Catalogue.Names(), "declare it there, give it another name with --map, or leave it out with --ignore-unknown")
}

func validText(s []byte) bool { return utf8.Valid(s) && bytes.IndexByte(s, 0) < 0 }
