package workspace

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
)

// DataFile is a data/NAME.yaml, .json or .csv: content that templates print as data.NAME.
type DataFile struct {
	Name string
	File *finding.File
	Data *Data
	Type DataType
}

// Data is a value of a data file. It keeps the order of fields and what was written: 1.10 is a Float whose Text is "1.10".
type Data struct {
	Kind   audience.Kind
	Null   bool   // nothing; Kind means nothing
	Text   string // scalars: as written, or as the list it is in wants it
	Bool   bool
	Int    int64
	Float  float64
	Time   time.Time   // Time, Date (midnight in UTC)
	Items  []*Data     // List
	Fields []DataField // Record, in the order of the file
	Place  finding.Text
}

// DataField is one named value of a record.
type DataField struct {
	Name  string
	Value *Data
}

// Field returns a record's field; nil when it has none of that name.
func (d *Data) Field(name string) *Data {
	for _, field := range d.Fields {
		if field.Name == name {
			return field.Value
		}
	}
	return nil
}

// maxDataDepth bounds how deep values may nest in JSON; document bounds it in YAML.
const maxDataDepth = 32

var (
	intForm   = regexp.MustCompile(`^-?(?:0|[1-9][0-9]{0,18})$`)
	floatForm = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?$`)
)

// scalarData infers the type of a text that stands without quotes: 007 and 1.2.3 stay texts.
func scalarData(text finding.Text) *Data {
	d := &Data{Kind: audience.String, Text: text.S, Place: text}
	switch {
	case text.S == "true" || text.S == "false":
		d.Kind, d.Bool = audience.Bool, text.S == "true"
		return d
	case intForm.MatchString(text.S):
		if n, err := strconv.ParseInt(text.S, 10, 64); err == nil {
			d.Kind, d.Int = audience.Int, n
			return d
		}
	case floatForm.MatchString(text.S):
		if n, err := strconv.ParseFloat(text.S, 64); err == nil && !math.IsInf(n, 0) {
			d.Kind, d.Float = audience.Float, n
			return d
		}
	}
	if moment, err := time.Parse("2006-01-02", text.S); err == nil {
		d.Kind, d.Time = audience.Date, moment
	} else if moment, err := time.Parse(time.RFC3339, text.S); err == nil {
		d.Kind, d.Time = audience.Time, moment
	} else {
		d.Kind = textKind(text.S)
	}
	return d
}

// textKind tells web addresses from other texts: only they may become the target of a link.
func textKind(s string) audience.Kind {
	if u := webURL(s); strings.HasPrefix(s, "https://") && u != nil {
		return audience.URL
	}
	return audience.String
}

// textData is a text that was written in quotes.
func textData(text finding.Text) *Data {
	return &Data{Kind: textKind(text.S), Text: text.S, Place: text}
}

// readData reads a data file of any kind and infers its type.
func readData(src source) (DataFile, []finding.Finding) {
	r := &document.Reader{}
	out := DataFile{Name: src.name, File: src.file}
	if strings.TrimSpace(src.file.Text) == "" {
		r.Add(about(src.file.Name, "empty-file", "data."+src.name+" has nothing in it", "write its content, or delete the file"))
		out.Data = &Data{Null: true, Place: src.file.All().Slice(0, 0)}
		return out, r.Findings
	}
	switch src.extension {
	case ".json":
		out.Data = jsonData(r, src.file)
	case ".csv":
		out.Data = csvData(r, src.file)
	default:
		doc, findings := document.Parse(src.file.All(), document.Format{})
		r.Findings = findings
		out.Data = yamlData(doc)
	}
	if !finding.HasErrors(r.Findings) {
		out.Type = typeOf(r, out.Data)
		out.Data.fit(&out.Type)
	}
	return out, r.Findings
}

func yamlData(n *document.Node) *Data {
	switch n.Kind {
	case document.Map:
		d := &Data{Kind: audience.Record, Place: n.Text}
		for _, pair := range n.Pairs {
			d.Fields = append(d.Fields, DataField{pair.Key.S, yamlData(pair.Value)})
		}
		return d
	case document.List:
		d := &Data{Kind: audience.List, Place: n.Text}
		for _, item := range n.Items {
			d.Items = append(d.Items, yamlData(item))
		}
		return d
	case document.Scalar:
		if n.Quoted {
			return textData(n.Text)
		}
		return scalarData(n.Text)
	}
	return &Data{Null: true, Place: n.Text}
}
