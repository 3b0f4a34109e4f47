package main

import (
	"fmt"
	"strings"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/internal/finding"
	"germane/render"
	"germane/workspace"
)

// view is a message as a person gets it: what is known of them, and what was chosen.
type view struct {
	message *render.Message
	person  *audience.Person
	now     time.Time
	decoded *audience.Decoded
	choices []blocks.Choice
}

// look finds the template, the person and the time, and makes the choices.
func (v *viewer) look(sys *system, w *workspace.Workspace, template string) (*view, error) {
	message, err := findMessage(w, template)
	if err != nil {
		return nil, err
	}
	person, now, err := v.resolve(sys, w)
	if err != nil {
		return nil, err
	}
	seen := &view{message: message, person: person, now: now, decoded: &audience.Decoded{}}
	if err := message.Selection.Decode(person.Stored(now), now.UnixMilli(), seen.decoded); err != nil {
		return nil, fmt.Errorf("read the person: %w", err)
	}
	seen.choices = message.Chooser.Choose(seen.decoded, person.ID, nil)
	return seen, nil
}

// findMessage returns a compiled template by its name, or by its file's.
func findMessage(w *workspace.Workspace, template string) (*render.Message, error) {
	name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(template, "templates/"), ".md"), ".html")
	if message, ok := w.Message(name); ok {
		return message, nil
	}
	var known []string
	for _, m := range w.Messages {
		known = append(known, m.Name)
	}
	return nil, hint(fmt.Errorf("there is no template %s", template), finding.DidYouMean(name, known, "known templates: "+strings.Join(known, ", ")))
}
