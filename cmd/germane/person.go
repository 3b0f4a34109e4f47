package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
	"germane/workspace"
)

// viewer is whom a message is looked at as, and when.
type viewer struct {
	person string   // --person: a persona's name or id, or a file
	at     string   // --at
	set    []string // --set name=value
	name   string   // the persona's, or the file's; known when the person was found
}

func (v *viewer) flags(c *cobra.Command) {
	c.Flags().StringVarP(&v.person, "person", "p", "", "a persona's name, or a file with a person as JSON (default: the first persona)")
	c.Flags().StringVar(&v.at, "at", "", "the time to look at it, such as 2027-03-01T09:00:00Z (default: now)")
	c.Flags().StringArrayVar(&v.set, "set", nil, "give the person another attribute, such as plan=trial; plan= takes it away")
}

// given says whether one of the flags was typed.
func (v *viewer) given() bool { return v.person != "" || v.at != "" || len(v.set) > 0 }

// resolve returns the person, with the changes of --set, and the time.
func (v *viewer) resolve(sys *system, w *workspace.Workspace) (*audience.Person, time.Time, error) {
	now, err := v.time(sys)
	if err != nil {
		return nil, now, err
	}
	person, err := v.find(w)
	if err != nil {
		return nil, now, err
	}
	person, err = v.change(person, w.Catalogue, now)
	return person, now, err
}

// calling names the person that resolve returned to a colleague.
func (v *viewer) calling(person *audience.Person) string {
	if v.name == calling(person) {
		return v.name
	}
	return fmt.Sprintf("%s (%s)", v.name, calling(person))
}

// calling names a person to a colleague.
func calling(p *audience.Person) string {
	return cmp.Or(p.Email, p.ID, "somebody")
}

// change makes the changes of --set to a copy of the person.
func (v *viewer) change(original *audience.Person, catalogue *audience.Catalogue, now time.Time) (*audience.Person, error) {
	person := *original
	person.Attributes, person.Observed = maps.Clone(person.Attributes), maps.Clone(person.Observed)
	if person.Observed == nil {
		person.Observed = map[string]time.Time{}
	}
	for _, setting := range v.set {
		name, value, ok := strings.Cut(setting, "=")
		if !ok {
			return nil, usageError{hint(fmt.Errorf("--set %s has no =", setting), "write --set plan=trial")}
		}
		if err := person.Set(catalogue, name, value); err != nil {
			return nil, usageError{hint(fmt.Errorf("--set %s: %w", setting, err), "attributes.yaml declares attributes and their values")}
		}
		person.Observed[name] = now
	}
	return &person, nil
}

func (v *viewer) time(sys *system) (time.Time, error) {
	if v.at == "" {
		return sys.now().UTC(), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, v.at); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usageError{hint(fmt.Errorf("--at %q is not a time", v.at), "write 2027-03-01T09:00:00Z, 2027-03-01 09:00 or 2027-03-01")}
}

// find returns the persona that --person names, by its file, id or address, or the person in a file.
func (v *viewer) find(w *workspace.Workspace) (*audience.Person, error) {
	if v.person == "" {
		if len(w.Personas) == 0 {
			return nil, hint(errors.New("there is no persona to look as"), "write personas/NAME.yaml, or name a file with --person")
		}
		v.name = w.Personas[0].Name
		return w.Personas[0].Person, nil
	}
	name := strings.TrimSuffix(strings.TrimPrefix(v.person, "personas/"), ".yaml")
	for _, persona := range w.Personas {
		if p := persona.Person; persona.Name == name || p.ID == v.person || p.Email == v.person {
			v.name = persona.Name
			return p, nil
		}
	}
	data, err := os.ReadFile(v.person)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint(fmt.Errorf("there is no persona %s, and no file of that name", v.person), nearPersona(w, name))
	}
	if err != nil {
		return nil, fmt.Errorf("read the person: %w", err)
	}
	v.name = v.person
	return readPersonFile(w, v.person, data)
}

// nearPersona names the persona that was probably meant: spelt almost alike, or starting alike.
func nearPersona(w *workspace.Workspace, name string) string {
	var known, alike []string
	for _, persona := range w.Personas {
		known = append(known, persona.Name)
		if strings.HasPrefix(persona.Name, name) {
			alike = append(alike, persona.Name)
		}
	}
	if len(alike) == 1 {
		return "did you mean " + alike[0] + "?"
	}
	return finding.DidYouMean(name, known, "known personas: "+strings.Join(known, ", "))
}

// readPersonFile reads a person as JSON, or as YAML like a persona. To look at mail, an id and an address are not needed.
func readPersonFile(w *workspace.Workspace, name string, data []byte) (*audience.Person, error) {
	if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
		return readPersonYAML(w, name, data)
	}
	person, err := audience.ReadPerson(data)
	if err != nil {
		return nil, hint(onOneLine(name+": ", err), `a person looks like {"id": "ann", "email": "ann@mail.example", "attributes": {"plan": "trial"}}`)
	}
	completePerson(person)
	var problems []error
	for _, problem := range person.Check(w.Catalogue, w.Config.TopicNames()) {
		problems = append(problems, problem)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, hint(onOneLine(name+": ", err), "attributes.yaml declares what may be known about people")
	}
	return person, nil
}

func readPersonYAML(w *workspace.Workspace, name string, data []byte) (*audience.Person, error) {
	doc, findings := document.Parse(finding.NewFile(name, string(data)).All(), document.Format{})
	person, more := audience.ReadPersona(doc, w.Scope)
	var problems []error
	advice := ""
	for _, f := range append(findings, more...) {
		if f.Severity == finding.Error {
			problems, advice = append(problems, fmt.Errorf("%s:%d:%d: %s", name, f.Line, f.Column, f.Text)), cmp.Or(advice, f.Hint)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, hint(onOneLine("", err), advice)
	}
	completePerson(person)
	return person, nil
}

// onOneLine makes one error of all that is wrong with a file.
func onOneLine(prefix string, all error) error {
	return errors.New(prefix + strings.ReplaceAll(all.Error(), "\n", "; "))
}

func completePerson(p *audience.Person) {
	p.ID = cmp.Or(p.ID, "preview")
	p.Email = cmp.Or(p.Email, "somebody@preview.invalid")
}
