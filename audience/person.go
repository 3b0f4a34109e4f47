package audience

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Person is someone who can be mailed, in the public form: what --person, imports and exports read and write.
type Person struct {
	ID         string
	Email      string
	TimeZone   string // an IANA name; "" when not known
	Locale     string // such as en or pt-BR; "" when not known
	Attributes map[string]json.RawMessage
	ObservedAt time.Time            // when the attributes were observed; zero: when they were imported
	Observed   map[string]time.Time // by attribute, where it differs from ObservedAt
	Topics     map[string]Consent
}

// PersonError is what is wrong at one place of a person.
type PersonError struct {
	Place   string // "email", "attributes.plan"; "" for the whole
	Problem string
}

func (e *PersonError) Error() string {
	if e.Place == "" {
		return e.Problem
	}
	return e.Place + ": " + e.Problem
}

// Bounds of a person's JSON.
const (
	maxPersonBytes = 1 << 20
	maxIDLength    = 200
)

// ReadPerson reads one person as JSON. It is strict: a key that is unknown or written twice, a value of the wrong sort, a number
// that is not finite and anything after the object are errors. All of them are reported, joined; each is a [PersonError].
// What the catalogue has to say is [Person.Check]'s business.
func ReadPerson(data []byte) (*Person, error) { return readPerson(data, nil) }

// readPerson gives attributes other names: rename says which, "-" leaves one out.
func readPerson(data []byte, rename func(string) string) (*Person, error) {
	switch {
	case len(data) > maxPersonBytes:
		return nil, &PersonError{Problem: fmt.Sprintf("a person has at most %d bytes", maxPersonBytes)}
	case !utf8.Valid(data):
		return nil, &PersonError{Problem: "this is not UTF-8 text"}
	}
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return nil, &PersonError{Problem: "this is not JSON: " + err.Error()}
	}
	if data = bytes.TrimSpace(data); data[0] != '{' {
		return nil, &PersonError{Problem: `a person is an object: {"id": …, "email": …}`}
	}
	pr := &personReader{person: &Person{}, rename: rename}
	pr.members("", data, pr.member)
	if len(pr.problems) > 0 {
		return nil, errors.Join(pr.problems...)
	}
	return pr.person, nil
}

type personReader struct {
	person   *Person
	rename   func(string) string // says what an attribute is called here; nil: as in the file
	problems []error
}

func (pr *personReader) add(place, problem string) {
	pr.problems = append(pr.problems, &PersonError{Place: place, Problem: problem})
}

// members calls f for each member of an object and reports members written twice.
func (pr *personReader) members(place string, data []byte, f func(name string, raw []byte)) {
	seen := map[string]bool{}
	err := eachMember(data, func(name string, raw []byte) error {
		if seen[name] {
			pr.add(join(place, name), "is written twice")
			return nil
		}
		seen[name] = true
		f(string([]byte(name)), raw) // a copy: name aliases the caller's data
		return nil
	})
	if err != nil {
		pr.add(place, err.Error())
	}
}

func join(place, name string) string {
	if place == "" {
		return name
	}
	return place + "." + name
}

var personKeys = []string{"id", "email", "time_zone", "locale", "attributes", "observed_at", "topics"}

func (pr *personReader) member(name string, raw []byte) {
	p := pr.person
	switch name {
	case "id":
		p.ID = pr.text(name, raw, CheckID)
	case "email":
		p.Email = pr.text(name, raw, CheckEmail)
	case "time_zone":
		p.TimeZone = pr.text(name, raw, CheckTimeZone)
	case "locale":
		p.Locale = pr.text(name, raw, CheckLocale)
	case "attributes":
		pr.object(name, raw, pr.attribute)
	case "topics":
		pr.object(name, raw, pr.topic)
	case "observed_at":
		pr.observedAt(raw)
	default:
		pr.add(name, fmt.Sprintf("a person has no such key; attributes stand inside \"attributes\", and the keys are %s", list(personKeys)))
	}
}

func list(names []string) string {
	var b bytes.Buffer
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name)
	}
	return b.String()
}

// text reads a string that is "" or passes a check; null is "".
func (pr *personReader) text(place string, raw []byte, check func(string) string) string {
	if raw[0] == 'n' {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		pr.add(place, "must be a string, not "+string(raw[:min(len(raw), 40)]))
		return ""
	}
	if s == "" {
		return ""
	}
	if problem := check(s); problem != "" {
		pr.add(place, problem)
	}
	return s
}

func (pr *personReader) object(place string, raw []byte, f func(name string, raw []byte)) {
	switch raw[0] {
	case 'n':
	case '{':
		pr.members(place, raw, f)
	default:
		pr.add(place, "must be an object")
	}
}

func (pr *personReader) attribute(name string, raw []byte) {
	place := join("attributes", name)
	if pr.rename != nil {
		name = pr.rename(name)
	}
	if name == "-" {
		return
	}
	if !fieldNameForm.MatchString(name) {
		pr.add(place, "is not the name of an attribute: small letters, digits and _")
		return
	}
	if problem := checkRaw(raw); problem != "" {
		pr.add(place, problem)
		return
	}
	if pr.person.Attributes == nil {
		pr.person.Attributes = map[string]json.RawMessage{}
	}
	if _, twice := pr.person.Attributes[name]; twice {
		pr.add(place, "is "+name+", and so is another key")
	}
	pr.person.Attributes[name] = compact(raw)
}

func compact(raw []byte) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return slices.Clone(raw)
	}
	return b.Bytes()
}

// checkRaw looks for what JSON allows and a store must not keep: numbers that only infinity could hold, and deep nesting.
func checkRaw(raw []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	for depth := 0; ; {
		t, err := decoder.Token()
		if err != nil {
			return ""
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
			if depth > 8 {
				return "is nested too deep"
			}
		case json.Number:
			if _, err := strconv.ParseFloat(string(t), 64); err != nil {
				return fmt.Sprintf("%s is not a finite number", t[:min(len(t), 40)])
			}
		}
	}
}

func (pr *personReader) topic(name string, raw []byte) {
	var c Consent
	if err := c.UnmarshalJSON(raw); err != nil {
		pr.add(join("topics", name), err.Error())
		return
	}
	if pr.person.Topics == nil {
		pr.person.Topics = map[string]Consent{}
	}
	pr.person.Topics[name] = c
}

// observedAt reads one time for all attributes, or an object with one for each.
func (pr *personReader) observedAt(raw []byte) {
	if raw[0] != '{' {
		pr.person.ObservedAt = pr.time("observed_at", raw)
		return
	}
	pr.person.Observed = map[string]time.Time{}
	pr.members("observed_at", raw, func(name string, raw []byte) {
		at := pr.time(join("observed_at", name), raw)
		if pr.rename != nil {
			name = pr.rename(name)
		}
		if !at.IsZero() {
			pr.person.Observed[name] = at
		}
	})
}

func (pr *personReader) time(place string, raw []byte) time.Time {
	s := pr.text(place, raw, func(s string) string {
		if _, ok := parseTime(s); !ok {
			return fmt.Sprintf("%s is not a time: write 2027-03-01T09:00:00Z", quoted(s))
		}
		return ""
	})
	at, ok := parseTime(s)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}

// CheckID says what is wrong with a person's id; "" when nothing is.
func CheckID(id string) string {
	switch {
	case blank(id):
		return "must not be blank"
	case utf8.RuneCountInString(id) > maxIDLength:
		return fmt.Sprintf("has more than %d characters", maxIDLength)
	case hasControl(id):
		return "must not contain control characters"
	}
	return ""
}

func hasControl(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) {
			return true
		}
	}
	return false
}

// CheckEmail says what is wrong with an address; "" when nothing is. Only a bare address is one: no name, no angle brackets.
func CheckEmail(email string) string {
	address, err := mail.ParseAddress(email)
	switch {
	case len(email) > 254: // RFC 5321, 4.5.3.1.3, less the angle brackets
		return "is longer than an address can be"
	case err != nil || hasControl(email):
		return fmt.Sprintf("%s is not an e-mail address", quoted(email))
	case address.Name != "" || address.Address != email:
		return fmt.Sprintf("%s is more than a bare address; write %s", quoted(email), address.Address)
	}
	return ""
}

var (
	zoneForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,3}$`)
	localeForm = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}$`)
)

// CheckTimeZone says what is wrong with the form of a time zone's name; whether the zone exists is for those with a clock to say.
func CheckTimeZone(zone string) string {
	if len(zone) > 64 || !zoneForm.MatchString(zone) || zone == "Local" {
		return fmt.Sprintf("%s is not the name of a time zone, such as Europe/London", quoted(zone))
	}
	return ""
}

// CheckLocale says what is wrong with a locale; "" when nothing is.
func CheckLocale(locale string) string {
	if !localeForm.MatchString(locale) {
		return fmt.Sprintf("%s is not a locale, such as en or pt-BR", quoted(locale))
	}
	return ""
}

// MarshalJSON writes the public form, keys in a fixed order and attributes by name.
func (p *Person) MarshalJSON() ([]byte, error) {
	var observed any
	if len(p.Observed) > 0 {
		observed = p.observedTimes()
	} else if !p.ObservedAt.IsZero() {
		observed = p.ObservedAt.UTC()
	}
	return json.Marshal(struct {
		ID         string                     `json:"id"`
		Email      string                     `json:"email"`
		TimeZone   string                     `json:"time_zone,omitempty"`
		Locale     string                     `json:"locale,omitempty"`
		Attributes map[string]json.RawMessage `json:"attributes"`
		ObservedAt any                        `json:"observed_at,omitempty"`
		Topics     map[string]Consent         `json:"topics,omitempty"`
	}{p.ID, p.Email, p.TimeZone, p.Locale, orEmpty(p.Attributes), observed, p.Topics})
}

func orEmpty(attributes map[string]json.RawMessage) map[string]json.RawMessage {
	if attributes == nil {
		return map[string]json.RawMessage{}
	}
	return attributes
}

// UnmarshalJSON is [ReadPerson], for JSON that has people inside.
func (p *Person) UnmarshalJSON(data []byte) error {
	read, err := ReadPerson(data)
	if err != nil {
		return err
	}
	*p = *read
	return nil
}

// observedTimes returns the time of every attribute that has one.
func (p *Person) observedTimes() map[string]time.Time {
	times := map[string]time.Time{}
	for name := range p.Attributes {
		if at, ok := p.Observed[name]; ok {
			times[name] = at.UTC()
		} else if !p.ObservedAt.IsZero() {
			times[name] = p.ObservedAt.UTC()
		}
	}
	return times
}
