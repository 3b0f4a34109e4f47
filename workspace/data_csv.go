package workspace

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
)

// csvData reads a table as a list of records. A column is numbers, dates or true and false if all its values are; otherwise text.
func csvData(r *document.Reader, file *finding.File) *Data {
	table := &Data{Kind: audience.List, Place: file.All().Slice(0, 0)}
	reader := csv.NewReader(strings.NewReader(file.Text))
	reader.ReuseRecord = true
	header, _, _ := strings.Cut(file.Text, "\n")
	if strings.Contains(header, ";") && !strings.Contains(header, ",") {
		reader.Comma = ';' // as spreadsheets write where the comma is the decimal sign
	}
	columns := csvHeader(r, file, reader)
	for columns != nil {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			csvMistake(r, file, err, len(columns), len(record))
			break
		}
		table.Items = append(table.Items, csvRow(file, reader, columns, record))
	}
	for i := range columns {
		fitColumn(table, i)
	}
	return table
}

func csvHeader(r *document.Reader, file *finding.File, reader *csv.Reader) []string {
	record, err := reader.Read()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			csvMistake(r, file, err, 0, 0)
		}
		return nil
	}
	columns := make([]string, len(record))
	seen := map[string]bool{}
	for i, name := range record {
		columns[i] = strings.TrimSpace(name)
		place := csvPlace(file, reader, i, name)
		switch {
		case columns[i] == "":
			r.Add(place.At(0, 1, "csv-syntax", "this column has no name", "the first line names the columns: title,url"))
		case seen[columns[i]]:
			r.Add(place.Whole("duplicate-key", fmt.Sprintf("two columns are named %q", columns[i]), "rename one of them"))
		}
		seen[columns[i]] = true
	}
	return columns
}

// csvPlace is where a field of the record that was read last stands.
func csvPlace(file *finding.File, reader *csv.Reader, field int, value string) finding.Text {
	line, column := reader.FieldPos(field)
	at := min(file.Offset(line, 1)+column-1, len(file.Text))
	if at < len(file.Text) && file.Text[at] == '"' {
		at++
	}
	return finding.Text{File: file, Start: at, S: value}
}

func csvRow(file *finding.File, reader *csv.Reader, columns, record []string) *Data {
	row := &Data{Kind: audience.Record, Fields: make([]DataField, len(columns))}
	for i, value := range record {
		place := csvPlace(file, reader, i, strings.Clone(value))
		cell := &Data{Null: true, Place: place}
		if strings.TrimSpace(value) != "" {
			cell = scalarData(place)
		}
		row.Fields[i] = DataField{columns[i], cell}
	}
	row.Place = row.Fields[0].Value.Place.Slice(0, 0)
	return row
}

// fitColumn makes a column text when its values are not of one type. In CSV nobody can say which they meant.
func fitColumn(table *Data, column int) {
	quiet := &document.Reader{}
	t := DataType{Null: true}
	for _, row := range table.Items {
		cell := row.Fields[column].Value
		t.unify(quiet, inferType(quiet, cell), cell)
	}
	if len(quiet.Findings) == 0 {
		return
	}
	for _, row := range table.Items {
		if cell := row.Fields[column].Value; !cell.Null {
			*cell = Data{Kind: audience.String, Text: cell.Text, Place: cell.Place}
		}
	}
}

func csvMistake(r *document.Reader, file *finding.File, err error, want, got int) {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		r.Add(about(file.Name, "csv-syntax", "this is not CSV: "+err.Error(), ""))
		return
	}
	at := min(file.Offset(parse.Line, 1)+max(0, parse.Column-1), len(file.Text))
	if errors.Is(parse.Err, csv.ErrFieldCount) {
		at = file.Offset(parse.Line, 1)
		r.Add(file.At(at, at+1, "csv-syntax", fmt.Sprintf("this line has %d values, but the first line names %d columns", got, want), "put quotes around a value that contains a comma"))
		return
	}
	r.Add(file.At(at, at+1, "csv-syntax", "this is not CSV: "+parse.Err.Error(), `a quote inside a value in quotes is doubled: "the ""new"" one"`))
}
