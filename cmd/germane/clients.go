package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"germane/check"
	"germane/internal/finding"
	"germane/render"
	"germane/workspace"
)

func newClients(sys *system, o *options) *cobra.Command {
	var v viewer
	var families []string
	c := &cobra.Command{
		Use:   "clients TEMPLATE",
		Short: "Say which mail programs do not support what a message uses",
		Long: `Look up which elements, attributes and CSS of a message some mail programs do not support, by tests that
caniemail.com records: for each what it is, in which lines of the HTML it stands, and when it was tested last.
There is no score: whether something is missed depends on what it does. The programs are those of clients in
germane.yaml. Without --person every persona's mail is looked at.`,
		Example: `  germane clients weekly
  germane clients weekly --families outlook,samsung-email
  germane clients weekly --person eli-stale --json`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			if len(families) == 0 {
				families = w.Config.Clients
			}
			for _, family := range families {
				if known := workspace.KnownClients(); !slices.Contains(known, family) {
					return usageError{hint(fmt.Errorf("there is no family of mail programs %s", family), finding.DidYouMean(family, known, "known are "+strings.Join(known, ", ")))}
				}
			}
			r, err := lookUp(sys, w, args[0], &v, families)
			if err != nil {
				return err
			}
			if o.json {
				return printJSON(sys.stdout, r)
			}
			return r.write(sys.stdout)
		},
	}
	v.flags(c)
	c.Flags().StringSliceVar(&families, "families", nil, "mail programs instead of germane.yaml's: gmail, outlook, …")
	return c
}

// clientsReport is the public form of `clients --json`.
type clientsReport struct {
	Template string          `json:"template"`
	Updated  string          `json:"updated"` // the day of the data
	Clients  []string        `json:"clients"`
	Features int             `json:"features"` // most that one mail uses
	Problems []clientProblem `json:"problems"`
}

// clientProblem is a feature; its lines are those of the first person's mail that has it.
type clientProblem struct {
	check.FeatureUse
	Person string `json:"person"`
}

// lookUp looks at the mail of the person that was named, or of every persona.
func lookUp(sys *system, w *workspace.Workspace, template string, v *viewer, families []string) (*clientsReport, error) {
	if v.person != "" || len(w.Personas) == 0 {
		r := &clientsReport{}
		return r, r.add(sys, w, template, v, families)
	}
	r := &clientsReport{}
	for _, persona := range w.Personas {
		one := *v
		one.person = persona.Name
		if err := r.add(sys, w, template, &one, families); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *clientsReport) add(sys *system, w *workspace.Workspace, template string, v *viewer, families []string) error {
	seen, err := v.look(sys, w, template)
	if err != nil {
		return err
	}
	view, err := renderFor(w, seen)
	if err != nil {
		return err
	}
	r.Template, r.Clients = seen.message.Name, families
	r.Problems = append([]clientProblem{}, r.Problems...)
	if view.rendered.Skipped != "" {
		return nil
	}
	mail, err := render.ReadMail(view.rendered.MIME)
	if err != nil {
		return err
	}
	support := check.Clients(mail.HTML, families)
	r.Updated, r.Features = support.Updated, max(r.Features, support.Features)
	for _, use := range support.Problems {
		if !slices.ContainsFunc(r.Problems, func(p clientProblem) bool { return p.Feature == use.Feature }) {
			r.Problems = append(r.Problems, clientProblem{use, v.name})
		}
	}
	return nil
}

func (r *clientsReport) write(out io.Writer) error {
	b := bufio.NewWriter(out)
	names := check.ClientFamilies()
	var asked []string
	for _, family := range r.Clients {
		asked = append(asked, names[family])
	}
	if r.Updated == "" {
		return errors.Join(errors.New("nobody gets this mail"), b.Flush())
	}
	fmt.Fprintf(b, "%s in %s\n", r.Template, strings.Join(asked, ", "))
	fmt.Fprintf(b, "%s of HTML and CSS, by the tests of caniemail.com (data of %s)\n", plural(r.Features, "feature", "features"), r.Updated)
	slices.SortStableFunc(r.Problems, func(a, b clientProblem) int { return b.refusals() - a.refusals() })
	partly := false
	for i := range r.Problems {
		p := &r.Problems[i]
		if p.refusals() == 0 {
			if !partly {
				fmt.Fprint(b, "\nSupported in part\n")
			}
			partly = true
			fmt.Fprintf(b, "  %s: %s   (%s; tested %s)\n", p.Title, strings.Join(p.families(names), ", "), p.where(), p.Tested)
			continue
		}
		fmt.Fprintf(b, "\n%s   (%s; tested %s)\n", p.Title, p.where(), p.Tested)
		for _, family := range r.Clients {
			if text := p.support(family); text != "" {
				fmt.Fprintf(b, "  %-16s %s\n", names[family], text)
			}
		}
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(b, "\nWhat is missing there: caniemail.com/features/%s, and so on\n", r.Problems[0].Feature)
	}
	return b.Flush()
}

// refusals counts the programs that do not support it at all.
func (p *clientProblem) refusals() int {
	n := 0
	for _, c := range p.Clients {
		if c.Support == "no" {
			n++
		}
	}
	return n
}

// families names those whose programs support it in part.
func (p *clientProblem) families(names map[string]string) []string {
	var list []string
	for _, c := range p.Clients {
		if name := names[c.Family]; !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// where names the lines, and whose mail it is.
func (p *clientProblem) where() string {
	var lines []string
	for _, line := range p.Lines {
		lines = append(lines, strconv.Itoa(line))
	}
	word := "line"
	if len(lines) > 1 {
		word = "lines"
	}
	return fmt.Sprintf("%s %s of %s's mail", word, strings.Join(lines, ", "), p.Person)
}

// support says what a family makes of it: "no: Windows; partly: iOS, Android".
func (p *clientProblem) support(family string) string {
	var parts []string
	for _, kind := range []string{"no", "partly"} {
		var platforms []string
		for _, c := range p.Clients {
			if c.Family == family && c.Support == kind {
				platforms = append(platforms, check.PlatformName(c.Platform))
			}
		}
		if len(platforms) > 0 {
			parts = append(parts, kind+": "+strings.Join(platforms, ", "))
		}
	}
	return strings.Join(parts, "; ")
}
