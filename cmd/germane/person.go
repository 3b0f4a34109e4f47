package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/internal/finding"
	"germane/workspace"
)

// viewer is whom a message is looked at as, and when.
type viewer struct {
	person string   // --person: a persona's name or id, or a file
	at     string   // --at
	set    []string // --set name=value
}

func (v *viewer) flags(c *cobra.Command) {
	c.Flags().StringVarP(&v.person, "person", "p", "", "a persona's name, or a file with a person as JSON (default: the first persona)")
	c.Flags().StringVar(&v.at, "at", "", "the time to look at it, such as 2027-03-01T09:00:00Z (default: now)")
	c.Flags().StringArrayVar(&v.set, "set", nil, "give the person another attribute, such as plan=trial; plan= takes it away")
}

// resolve returns the person and the time.
func (v *viewer) resolve(sys *system, w *workspace.Workspace) (*audience.Person, time.Time, error) {
	now, err := v.time(sys)
	if err != nil {
		return nil, now, err
	}
	person, err := v.read(w)
	if err != nil {
		return nil, now, err
	}
	for _, setting := range v.set {
		name, value, ok := strings.Cut(setting, "=")
		if !ok {
			return nil, now, usageError{hint(fmt.Errorf("--set %s has no =", setting), "write --set plan=trial")}
		}
		if err := person.Set(w.Catalogue, name, value); err != nil {
			return nil, now, usageError{hint(fmt.Errorf("--set %s: %w", setting, err), "attributes are declared in attributes.yaml")}
		}
		delete(person.Observed, name)
		person.Observed = observedAt(person.Observed, name, now)
	}
	return person, now, nil
}

// observedAt notes that an attribute was observed just now.
func observedAt(times map[string]time.Time, name string, now time.Time) map[string]time.Time {
	if times == nil {
		times = map[string]time.Time{}
	}
	times[name] = now
	return times
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

func (v *viewer) read(w *workspace.Workspace) (*audience.Person, error) {
	if v.person == "" {
		if len(w.Personas) == 0 {
			return nil, hint(errors.New("there is no persona to look as"), "write personas/NAME.yaml, or name a file with --person")
		}
		return w.Personas[0].Person, nil
	}
	for _, persona := range w.Personas {
		if persona.Name == v.person || persona.Person.ID == v.person || persona.Person.Email == v.person {
			return persona.Person, nil
		}
	}
	data, err := os.ReadFile(v.person)
	if errors.Is(err, fs.ErrNotExist) {
		var known []string
		for _, persona := range w.Personas {
			known = append(known, persona.Name)
		}
		return nil, hint(fmt.Errorf("there is no persona and no file %s", v.person), finding.DidYouMean(v.person, known, "known personas: "+strings.Join(known, ", ")))
	}
	if err != nil {
		return nil, fmt.Errorf("read the person: %w", err)
	}
	return readPersonFile(w, v.person, data)
}

func readPersonFile(w *workspace.Workspace, name string, data []byte) (*audience.Person, error) {
	person, err := audience.ReadPerson(data)
	if err != nil {
		return nil, hint(fmt.Errorf("%s: %w", name, err), `a person looks like {"id": "ann", "email": "ann@mail.example", "attributes": {"plan": "trial"}}`)
	}
	var problems []error
	for _, problem := range person.Check(w.Catalogue, w.Config.TopicNames()) {
		problems = append(problems, problem)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, hint(fmt.Errorf("%s: %w", name, err), "attributes.yaml declares what may be known about people")
	}
	return person, nil
}
