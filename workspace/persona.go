package workspace

import (
	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
)

// Persona is a personas/NAME.yaml: an invented person to preview with.
type Persona struct {
	Name   string
	File   *finding.File
	Person *audience.Person // its id is the persona's name where the file gives none
}

func readPersona(r *document.Reader, src source, scope *audience.Scope) *Persona {
	doc, findings := document.Parse(src.file.All(), document.Format{})
	r.Findings = append(r.Findings, findings...)
	person, findings := audience.ReadPersona(doc, scope)
	r.Findings = append(r.Findings, findings...)
	if person.ID == "" {
		person.ID = src.name
	}
	return &Persona{Name: src.name, File: src.file, Person: person}
}
