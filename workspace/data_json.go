package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
)

// jsonReader builds Data from JSON's tokens, which keep the order of keys and the digits of numbers.
type jsonReader struct {
	r       *document.Reader
	file    *finding.File
	decoder *json.Decoder
	deep    bool // too deep was reported
}

func jsonData(r *document.Reader, file *finding.File) *Data {
	nothing := &Data{Null: true, Place: file.All().Slice(0, 0)}
	var whole json.RawMessage
	if err := json.Unmarshal([]byte(file.Text), &whole); err != nil {
		at := len(file.Text)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = int(syntax.Offset) - 1
		}
		r.Add(file.At(at, at+1, "json-syntax", "this is not JSON: "+err.Error(), "look for a missing or an extra comma just before; texts and keys stand in double quotes"))
		return nothing
	}
	decoder := json.NewDecoder(strings.NewReader(file.Text))
	decoder.UseNumber()
	jr := &jsonReader{r: r, file: file, decoder: decoder}
	if d := jr.value(0); d != nil {
		return d
	}
	return nothing
}

// token returns the next token and its place. The file is valid JSON, so an error only means the end.
func (jr *jsonReader) token() (json.Token, finding.Text) {
	start := int(jr.decoder.InputOffset())
	start += len(jr.file.Text[start:]) - len(strings.TrimLeft(jr.file.Text[start:], " \t\r\n,:"))
	token, err := jr.decoder.Token()
	if err != nil {
		return nil, jr.file.All().Slice(start, start)
	}
	return token, jr.file.All().Slice(start, int(jr.decoder.InputOffset()))
}

func (jr *jsonReader) value(depth int) *Data {
	token, place := jr.token()
	if depth > maxDataDepth && !jr.deep {
		jr.deep = true
		jr.r.Add(place.Whole("json-syntax", "values nest too deep here", "no message needs more than a few levels"))
	}
	switch t := token.(type) {
	case json.Delim:
		if depth > maxDataDepth {
			jr.skip()
			return &Data{Null: true, Place: place}
		}
		if t == '{' {
			return jr.record(place.Slice(0, 0), depth)
		}
		return jr.list(place.Slice(0, 0), depth)
	case string:
		text := finding.Text{File: place.File, Start: place.Start + 1, S: t}
		return textData(text)
	case json.Number:
		return jr.number(place)
	case bool:
		return &Data{Kind: audience.Bool, Bool: t, Text: place.S, Place: place}
	}
	return &Data{Null: true, Place: place}
}

func (jr *jsonReader) record(place finding.Text, depth int) *Data {
	d := &Data{Kind: audience.Record, Place: place}
	seen := map[string]bool{}
	for jr.decoder.More() {
		token, keyPlace := jr.token()
		key, _ := token.(string)
		value := jr.value(depth + 1)
		if seen[key] {
			jr.r.Add(keyPlace.Whole("duplicate-key", fmt.Sprintf("%q is written twice here", key), "keep one of them"))
			continue
		}
		seen[key] = true
		d.Fields = append(d.Fields, DataField{key, value})
	}
	jr.token()
	return d
}

func (jr *jsonReader) list(place finding.Text, depth int) *Data {
	d := &Data{Kind: audience.List, Place: place}
	for jr.decoder.More() {
		d.Items = append(d.Items, jr.value(depth+1))
	}
	jr.token()
	return d
}

// skip consumes the rest of a value whose opening bracket was read.
func (jr *jsonReader) skip() {
	for open := 1; open > 0; {
		token, _ := jr.token()
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'), nil:
			open--
		}
	}
}

func (jr *jsonReader) number(place finding.Text) *Data {
	d := &Data{Kind: audience.Float, Text: place.S, Place: place}
	if n, err := strconv.ParseInt(place.S, 10, 64); err == nil {
		d.Kind, d.Int = audience.Int, n
		return d
	}
	n, err := strconv.ParseFloat(place.S, 64)
	if err != nil || math.IsInf(n, 0) {
		jr.r.Add(place.Whole("bad-number", place.S+" is too large a number", "write it in quotes to keep it as a text"))
	}
	d.Float = n
	return d
}
