package audience

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ImportCSV reads a table of people: the header says which column is what ([HeaderError] when it does not), every other row is a
// person. An empty cell clears, a column that is not there keeps.
func ImportCSV(r io.Reader, o ImportOptions) (*Importer, error) {
	source := newRows(r)
	c, err := o.readHeader(source)
	if err != nil {
		return nil, err
	}
	im := &Importer{}
	im.next = func(u *Update) error {
		cells, line, problem, err := source.record()
		im.line = line
		switch {
		case err != nil:
			return err
		case problem != "":
			return &RowError{Line: line, Problems: []PersonError{{Problem: problem}}}
		}
		return c.read(cells, line, u)
	}
	return im, nil
}

// columns is what the columns of a table are.
type columns struct {
	options                     *ImportOptions
	headers                     []string
	id, email, timeZone, locale int // -1: not there
	attributes                  []attributeColumn
	undeclared                  []undeclaredColumn
}

// undeclaredColumn is one that the catalogue does not know by the name it should have.
type undeclaredColumn struct {
	name string
	at   int
}

type attributeColumn struct {
	*Attribute
	at int
}

// separators that spreadsheets write, the likeliest first.
const separators = ",;\t|"

func (o *ImportOptions) readHeader(source *rows) (*columns, error) {
	source.start()
	source.chooseSeparator()
	cells, _, problem, err := source.record()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &HeaderError{[]PersonError{{Problem: "the file is empty"}}}
	case err != nil:
		return nil, err
	case problem != "":
		return nil, &HeaderError{[]PersonError{{Problem: "the header " + problem}}}
	}
	c := &columns{options: o, id: -1, email: -1, timeZone: -1, locale: -1}
	for _, cell := range cells {
		if !validText(cell) {
			return nil, &HeaderError{[]PersonError{{Problem: "the header is not UTF-8 text; save the file as UTF-8"}}}
		}
		c.headers = append(c.headers, strings.TrimSpace(string(cell)))
	}
	return c, c.assign()
}

// chooseSeparator looks at the first line for the separator that it has most of. Excel's own `sep=;` line wins.
func (r *rows) chooseSeparator() {
	length, size := r.lineEnd()
	line := r.buffer[r.at : r.at+length]
	if rest, ok := bytes.CutPrefix(line, []byte("sep=")); ok && len(rest) == 1 && rest[0] != '"' {
		r.comma = rest[0]
		r.at += size
		r.lines++
		return
	}
	most := 0
	for i := range len(separators) {
		if n := bytes.Count(line, []byte{separators[i]}); n > most {
			most, r.comma = n, separators[i]
		}
	}
}

func (c *columns) read(cells [][]byte, line int, u *Update) error {
	row := &RowError{Line: line}
	for len(cells) > len(c.headers) && len(bytes.TrimSpace(cells[len(cells)-1])) == 0 {
		cells = cells[:len(cells)-1]
	}
	if len(cells) != len(c.headers) {
		row.add("", fmt.Sprintf("has %d cells, and the header has %d", len(cells), len(c.headers)))
		return row
	}
	for i, cell := range cells {
		if !validText(cell) {
			row.add(c.headers[i], "is not UTF-8 text; save the file as UTF-8")
		}
	}
	if len(row.Problems) > 0 {
		return row
	}
	c.readFields(cells, row, u)
	c.readAttributes(cells, row, u)
	if u.ID == "" && u.Email == "" && len(row.Problems) == 0 {
		row.add("", "has neither an id nor an address")
	}
	if len(row.Problems) > 0 {
		return row
	}
	return nil
}

func (c *columns) readFields(cells [][]byte, row *RowError, u *Update) {
	field := func(at int, clear Cleared, check func(string) string) string {
		if at < 0 {
			return ""
		}
		text := cellText(cells[at])
		if text == "" {
			u.Clear |= clear
			return ""
		}
		if check != nil {
			if problem := check(text); problem != "" {
				row.add(c.headers[at], problem)
			}
		}
		return text
	}
	u.ID = field(c.id, 0, CheckID)
	u.TimeZone = field(c.timeZone, ClearTimeZone, CheckTimeZone)
	u.Locale = field(c.locale, ClearLocale, CheckLocale)
	u.Email = row.address(field(c.email, 0, nil))
	u.ObservedAt = c.options.ObservedAt
}

func (c *columns) readAttributes(cells [][]byte, row *RowError, u *Update) {
	if len(c.attributes) == 0 {
		return
	}
	size := 2
	for _, cell := range cells {
		size += len(cell) + 2
	}
	for _, column := range c.attributes {
		size += len(column.Name) + 4
	}
	b := append(make([]byte, 0, size), '{')
	for i, column := range c.attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendName(b, column.Name)
		text := cellText(cells[column.at])
		switch raw, problem := column.fromCell(text); {
		case problem != "":
			row.add(c.headers[column.at], fmt.Sprintf("cannot be %s: %s; %s", column.shown(text), problem, column.Type.advice(text)))
		case raw == nil:
			b = append(b, "null"...)
		default:
			b = append(b, raw...)
		}
	}
	u.Attributes = append(b, '}')
}

// cellText returns a cell's text without space around it, and without the ' that our exports write before what a spreadsheet would
// take for a formula.
func cellText(cell []byte) string {
	cell = bytes.TrimSpace(cell)
	if len(cell) > 1 && cell[0] == '\'' && strings.IndexByte(formulaStarts, cell[1]) >= 0 {
		cell = cell[1:]
	}
	return string(cell)
}

// formulaStarts are the characters that make a spreadsheet compute a cell (OWASP, "CSV Injection").
const formulaStarts = "=+-@\t\r"

// GuardCell returns a cell's text as exports write it: a ' before what a spreadsheet would take for a formula. Plain numbers are none.
func GuardCell(text string) string {
	if text == "" || strings.IndexByte(formulaStarts, text[0]) < 0 {
		return text
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text
	}
	return "'" + text
}

// fromCell reads a value as spreadsheets and exports write it, which is looser than what people write into a workspace.
func (a *Attribute) fromCell(text string) (raw []byte, problem string) {
	if raw, problem = a.FromText(text); problem == "" {
		return raw, ""
	}
	switch a.Type.Kind {
	case Bool:
		switch strings.ToLower(text) {
		case "true", "yes", "y", "1":
			return []byte("true"), ""
		case "false", "no", "n", "0":
			return []byte("false"), ""
		}
	case Time:
		// What databases write; exports that name no zone mean UTC.
		for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05"} {
			if at, err := time.Parse(form, text); err == nil {
				return at.AppendFormat(nil, `"`+time.RFC3339+`"`), ""
			}
		}
	case Int:
		if whole, ok := strings.CutSuffix(text, ".0"); ok {
			return a.FromText(whole)
		}
	}
	return nil, problem
}

// assign says which column is what.
func (c *columns) assign() error {
	e := &HeaderError{}
	taken := map[string]string{}
	targets := make([]string, len(c.headers))
	for pass := range 2 { // names that are ours go before names that are somebody's
		for i, header := range c.headers {
			if targets[i] != "" {
				continue
			}
			target := c.exact(header)
			if pass == 1 && target == "" {
				target = c.export(header, taken)
			}
			if target == "" || target == "-" {
				targets[i] = target
				continue
			}
			if other, ok := taken[target]; ok {
				e.Problems = append(e.Problems, PersonError{header, fmt.Sprintf("is %s, and so is the column %q; leave one out with --map %q=-", target, other, header)})
			}
			targets[i], taken[target] = target, header
		}
	}
	for i, target := range targets {
		c.place(i, target, e)
	}
	if c.id < 0 && c.email < 0 {
		e.Problems = append(e.Problems, PersonError{Problem: "no column is an id or an e-mail address; say which one is with --map HEADER=email"})
	}
	slices.SortFunc(c.attributes, func(a, b attributeColumn) int { return strings.Compare(a.Name, b.Name) })
	if len(e.Problems) > 0 {
		return e
	}
	return nil
}

// place records what the column at i is.
func (c *columns) place(i int, target string, e *HeaderError) {
	switch target {
	case "-":
	case "id":
		c.id = i
	case "email":
		c.email = i
	case "time_zone":
		c.timeZone = i
	case "locale":
		c.locale = i
	case "":
		if name := snake(c.headers[i]); !c.options.IgnoreUnknown && c.headers[i] != "" {
			c.undeclared = append(c.undeclared, undeclaredColumn{name, i})
			e.Problems = append(e.Problems, PersonError{c.headers[i], c.options.unknown(name)})
		}
	default:
		a, ok := c.options.Catalogue.Attribute(target)
		if !ok {
			c.undeclared = append(c.undeclared, undeclaredColumn{target, i})
			e.Problems = append(e.Problems, PersonError{c.headers[i], target + " " + c.options.unknown(target)})
			return
		}
		c.attributes = append(c.attributes, attributeColumn{a, i})
	}
}

// exact returns what a header is by --map or because it is one of our names.
func (c *columns) exact(header string) string {
	if to, ok := c.options.Map[header]; ok {
		return to
	}
	for from, to := range c.options.Map {
		if strings.EqualFold(from, header) {
			return to
		}
	}
	name := snake(header)
	if slices.Contains(personFieldNames[:], name) {
		return name
	}
	if name = c.options.attributeName(name); name == "-" {
		return ""
	}
	if _, ok := c.options.Catalogue.Attribute(name); ok {
		return name
	}
	return ""
}

// exportHeaders are what the exports of Mailchimp, Klaviyo, HubSpot, Customer.io and spreadsheets call a person's fields, by name in
// [snake] form; of several the first wins.
var exportHeaders = []struct {
	field string
	names []string
}{
	{"id", []string{
		"person_id", "user_id", "customer_id", "external_id", "subscriber_id", "contact_id", "record_id", "record_id_contact", "klaviyo_id", "cio_id", "leid", "euid",
	}},
	{"email", []string{"email_address", "e_mail", "e_mail_address", "mail", "subscriber_email", "contact_email", "user_email", "primary_email"}},
	{"time_zone", []string{"timezone", "tz", "hs_timezone"}},
	{"locale", []string{"language", "preferred_language", "hs_language", "lang", "user_locale"}},
}

// export returns the field that others' exports mean by a header, if no column is that field yet.
func (c *columns) export(header string, taken map[string]string) string {
	name := snake(header)
	for _, known := range exportHeaders {
		if _, ok := taken[known.field]; ok {
			continue
		}
		if at := slices.Index(known.names, name); at >= 0 && !c.better(known.names[:at]) {
			return known.field
		}
	}
	return ""
}

// better reports whether a column has one of the names.
func (c *columns) better(names []string) bool {
	return slices.ContainsFunc(c.headers, func(header string) bool { return slices.Contains(names, snake(header)) && c.exact(header) == "" })
}

// snake returns a header as an attribute would be called: "First Name" is first_name, "firstName" too, Klaviyo's "$first_name" as well.
func snake(header string) string {
	var b strings.Builder
	gap, small := false, false
	for i := range len(header) {
		c := header[i]
		if !alphanumeric(c) && c < 0x80 {
			gap = b.Len() > 0
			continue
		}
		upper := c >= 'A' && c <= 'Z'
		if gap || upper && small {
			b.WriteByte('_')
		}
		if upper {
			c += 'a' - 'A'
		}
		gap, small = false, !upper
		b.WriteByte(c)
	}
	return b.String()
}
