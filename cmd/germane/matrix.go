package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/blocks"
	"germane/check"
	"germane/render"
	"germane/workspace"
)

func newMatrix(sys *system, o *options) *cobra.Command {
	var people crowd
	var at, page string
	c := &cobra.Command{
		Use:   "matrix TEMPLATE",
		Short: "Say who sees what: blocks by persona and segment, with counts",
		Long: `Say who sees what in a message: how many people get each variant of its Dynamic Blocks, of everybody and of
each segment; which share gets the fallback, and what they lack; what each persona gets. Everybody in the
database is counted, whether or not a campaign would mail them. Nothing is changed.`,
		Example: `  germane matrix weekly
  germane matrix weekly --html who-sees-what.html
  germane matrix weekly --people people/sample.jsonl --json`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			message, err := findMessage(w, args[0])
			if err != nil {
				return err
			}
			now, err := (&viewer{at: at}).time(sys)
			if err != nil {
				return err
			}
			if err := people.open(c.Context(), sys, o, w, now); err != nil {
				return err
			}
			m, err := countMatrix(c.Context(), sys, w, message, &people, now)
			if err := errors.Join(err, people.close()); err != nil {
				return err
			}
			return m.write(sys, o, &people, page)
		},
	}
	people.flags(c)
	c.Flags().StringVar(&at, "at", "", "the time to count at, such as 2027-03-01T09:00:00Z (default: now)")
	c.Flags().StringVar(&page, "html", "", "write a page to this file")
	return c
}

// matrixReport is the public form of `matrix --json`.
type matrixReport struct {
	Template string    `json:"template"`
	At       time.Time `json:"at"`
	From     string    `json:"from"` // database, file or personas
	check.Matrix
	Personas  []personaRow `json:"personas"`
	Unreached []variantRef `json:"unreached"` // variants that nobody gets
	Few       []variantRef `json:"few"`       // variants that fewer than check.Few people get
}

// personaRow is what a persona gets in each block.
type personaRow struct {
	Persona string          `json:"persona"`
	Blocks  []personaChoice `json:"blocks"`
}

type personaChoice struct {
	Block   string `json:"block"`
	Variant string `json:"variant"`
	Reason  string `json:"reason"`
	Missing string `json:"missing,omitempty"` // the attribute that a rule could not do without
	Why     string `json:"why,omitempty"`     // there is none: absent, blank, stale, not allowed
}

// fallback says whether otherwise was shown because no rule was true.
func (c personaChoice) Fallback() bool {
	return c.Reason == blocks.NothingMatched.String() || c.Reason == blocks.ValueMissing.String()
}

type variantRef struct {
	Block   string `json:"block"`
	Variant string `json:"variant"`
	People  int    `json:"people"`
}

func countMatrix(ctx context.Context, sys *system, w *workspace.Workspace, message *render.Message, people *crowd, now time.Time) (*matrixReport, error) {
	counter := check.NewCounter(message.Chooser.Blocks(), w.Segments.All())
	if err := people.count(ctx, sys, func(p *audience.Stored) error {
		_ = counter.Add(p, now.UnixMilli()) // the counter counts what it cannot read
		return nil
	}); err != nil {
		return nil, err
	}
	m := &matrixReport{
		Template: message.Name, At: now.Truncate(time.Second), From: people.from, Matrix: *counter.Matrix(),
		Personas: []personaRow{}, Unreached: []variantRef{}, Few: []variantRef{},
	}
	m.Damaged += people.bad
	for _, persona := range w.Personas {
		row, err := personaChoices(message, persona, now)
		if err != nil {
			return nil, err
		}
		m.Personas = append(m.Personas, row)
	}
	m.remark()
	return m, nil
}

func personaChoices(message *render.Message, persona *workspace.Persona, now time.Time) (personaRow, error) {
	row, d := personaRow{Persona: persona.Name, Blocks: []personaChoice{}}, &audience.Decoded{}
	if err := message.Selection.Decode(persona.Person.Stored(now), now.UnixMilli(), d); err != nil {
		return row, fmt.Errorf("read the persona %s: %w", persona.Name, err)
	}
	all := message.Chooser.Blocks()
	for _, choice := range message.Chooser.Choose(d, persona.Person.ID, nil) {
		b := all[choice.Block]
		c := personaChoice{Block: b.Name, Variant: b.Variants[choice.Variant].Name, Reason: choice.Reason.String()}
		if choice.Missing != blocks.NoSlot {
			c.Missing, c.Why = message.Selection.Names()[choice.Missing], d.Values[choice.Missing].State.String()
		}
		row.Blocks = append(row.Blocks, c)
	}
	return row, nil
}

// remark names the variants that nobody gets, and those whose people are too few to learn from.
func (m *matrixReport) remark() {
	for _, b := range m.Blocks {
		for _, v := range b.Variants {
			ref := variantRef{b.Block, v.Variant, v.People}
			switch {
			case v.People == 0:
				m.Unreached = append(m.Unreached, ref)
			case m.few(v):
				m.Few = append(m.Few, ref)
			}
		}
	}
}

// few says whether a variant has too few people. Personas are invented: their number says nothing.
func (m *matrixReport) few(v check.VariantCount) bool {
	return m.From != "personas" && v.People > 0 && v.People < check.Few
}

func (m *matrixReport) write(sys *system, o *options, people *crowd, page string) error {
	if page != "" {
		file, err := os.Create(page)
		if err != nil {
			return hint(fmt.Errorf("write the page: %w", err), "--html names a file")
		}
		if err := errors.Join(m.writePage(file, people), file.Close()); err != nil {
			return fmt.Errorf("write the page: %w", err)
		}
		fmt.Fprintf(sys.stderr, "Open %s in a browser.\n", page)
	}
	switch {
	case o.json:
		return printJSON(sys.stdout, m)
	case page != "":
		return nil
	}
	return m.writeText(sys.stdout, people)
}
