package audience

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Update is what one row of an import says about a person. What it does not mention is kept; what it mentions as empty is cleared.
type Update struct {
	ID, Email        string // one of them may be "": the other then finds the person
	TimeZone, Locale string // "": kept, unless cleared
	Clear            Cleared

	Attributes []byte         // a JSON object; null clears an attribute; empty: none is mentioned
	ObservedAt int64          // unix milliseconds, of the attributes mentioned; 0: when they are imported
	Exceptions []byte         // as in [Stored]
	Topics     []TopicConsent // in any order
}

// Cleared is a set of fields that an update mentions as empty.
type Cleared uint8

// The fields that can be empty.
const (
	ClearTimeZone Cleared = 1 << iota
	ClearLocale
)

// New returns the person that an update makes where there was none. imported is the time of attributes that carry none. The error
// says that the update's JSON is damaged.
func (u *Update) New(imported int64) (Stored, error) {
	s := Stored{ID: u.ID, Email: u.Email, TimeZone: u.TimeZone, Locale: u.Locale, ObservedAt: u.ObservedAt, Topics: u.Topics}
	if s.ObservedAt == 0 {
		s.ObservedAt = imported
	}
	if len(u.Exceptions) == 0 && !bytes.Contains(u.Attributes, []byte("null")) {
		s.Attributes = u.Attributes
		return s, nil
	}
	facts, err := mergeFacts(nil, u, imported)
	s.Attributes, s.Exceptions = writeFacts(facts, s.ObservedAt)
	return s, err
}

// Merge returns the person as they are after an update, and whether anything is different. An observation of the same value at a
// later time is different: it is fresher. Topics are the store's to merge.
func (u *Update) Merge(old *Stored, imported int64) (merged Stored, changed bool, err error) {
	merged = *old
	u.mergeFields(&merged)
	if len(u.Attributes) > len("{}") {
		was, err := readFacts(old.Attributes, old.Exceptions, old.ObservedAt)
		if err != nil {
			return merged, false, fmt.Errorf("stored attributes: %w", err)
		}
		facts, err := mergeFacts(was, u, imported)
		if err != nil {
			return merged, false, err
		}
		if merged.ObservedAt = u.ObservedAt; merged.ObservedAt == 0 {
			merged.ObservedAt = imported
		}
		merged.Attributes, merged.Exceptions = writeFacts(facts, merged.ObservedAt)
	}
	changed = merged.ID != old.ID || merged.Email != old.Email || merged.TimeZone != old.TimeZone || merged.Locale != old.Locale ||
		merged.ObservedAt != old.ObservedAt || !bytes.Equal(merged.Attributes, old.Attributes) || !bytes.Equal(merged.Exceptions, old.Exceptions)
	return merged, changed, nil
}

func (u *Update) mergeFields(s *Stored) {
	set := func(field *string, text string, clear bool) {
		if text != "" || clear {
			*field = text
		}
	}
	set(&s.ID, u.ID, false)
	set(&s.Email, u.Email, false)
	set(&s.TimeZone, u.TimeZone, u.Clear&ClearTimeZone != 0)
	set(&s.Locale, u.Locale, u.Clear&ClearLocale != 0)
}

// fact is one attribute of a stored person and the time it was observed.
type fact struct {
	name string
	raw  []byte
	at   int64
}

func readFacts(attributes, exceptions []byte, observed int64) ([]fact, error) {
	var facts []fact
	if len(attributes) > 0 {
		if err := eachMember(attributes, func(name string, raw []byte) error {
			facts = append(facts, fact{name, raw, observed})
			return nil
		}); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(facts, byName)
	if len(exceptions) == 0 {
		return facts, nil
	}
	return facts, eachMember(exceptions, func(name string, raw []byte) error {
		at, ok := parseInt(raw)
		if !ok {
			return fmt.Errorf("%s has no time in milliseconds", name)
		}
		if i, ok := slices.BinarySearchFunc(facts, fact{name: name}, byName); ok {
			facts[i].at = at
		}
		return nil
	})
}

func byName(a, b fact) int { return strings.Compare(a.name, b.name) }

// mergeFacts overlays what an update mentions. Both lists are in the order of names.
func mergeFacts(was []fact, u *Update, imported int64) ([]fact, error) {
	observed := u.ObservedAt
	if observed == 0 {
		observed = imported
	}
	said, err := readFacts(u.Attributes, u.Exceptions, observed)
	if err != nil {
		return nil, fmt.Errorf("attributes: %w", err)
	}
	merged := make([]fact, 0, len(was)+len(said))
	for _, f := range said {
		for len(was) > 0 && was[0].name < f.name {
			merged, was = append(merged, was[0]), was[1:]
		}
		for len(was) > 0 && was[0].name == f.name {
			was = was[1:]
		}
		if f.raw[0] != 'n' {
			merged = append(merged, f)
		}
	}
	return append(merged, was...), nil
}

// writeFacts writes the stored form: the values, and the times that are not the usual one.
func writeFacts(facts []fact, usual int64) (attributes, exceptions []byte) {
	size := 2
	for i := range facts {
		size += len(facts[i].name) + len(facts[i].raw) + 4
	}
	attributes = append(make([]byte, 0, size), '{')
	for i, f := range facts {
		if i > 0 {
			attributes = append(attributes, ',')
		}
		attributes = append(appendName(attributes, f.name), f.raw...)
		if f.at != usual {
			if exceptions == nil {
				exceptions = []byte{'{'}
			} else {
				exceptions = append(exceptions, ',')
			}
			exceptions = strconv.AppendInt(appendName(exceptions, f.name), f.at, 10)
		}
	}
	if exceptions != nil {
		exceptions = append(exceptions, '}')
	}
	return append(attributes, '}'), exceptions
}

// appendName writes `"name":`; names need no escapes, as every reader holds them to small letters, digits and _.
func appendName(b []byte, name string) []byte {
	return append(append(append(b, '"'), name...), '"', ':')
}

func millisecondsTime(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at)
}
