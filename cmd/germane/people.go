package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/internal/finding"
	"germane/store"
	"germane/workspace"
)

func newPeople(sys *system, o *options) *cobra.Command {
	c := &cobra.Command{
		Use:   "people",
		Short: "Import, look up and erase people",
		Example: `  germane people import people/sample.jsonl
  germane people show ann@mail.example`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return unknownCommand(c, args[0])
		},
		Args: cobra.ArbitraryArgs,
	}
	c.AddCommand(newPeopleImport(sys, o), newPeopleList(sys, o), newPeopleShow(sys, o), newPeopleExport(sys, o))
	c.AddCommand(newPeopleForget(sys, o), newPeopleSuppress(sys, o), newPeopleUnsubscribe(sys, o), newPeopleReadmit(sys, o), newPeopleQuarantine(sys, o))
	return c
}

func newPeopleList(sys *system, o *options) *cobra.Command {
	var limit int
	var after string
	c := &cobra.Command{
		Use:     "list",
		Short:   "List people, a page at a time",
		Example: "  germane people list --limit 20\n  germane people list --after u1020",
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return withDatabase(c.Context(), sys, o, func(_ *workspace.Workspace, s store.Database) error {
				people, err := listPeople(c.Context(), s, after, limit)
				if err != nil {
					return err
				}
				if o.json {
					return printJSON(sys.stdout, people)
				}
				return printPeople(sys, people, limit)
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 50, "how many")
	c.Flags().StringVar(&after, "after", "", "go on after the person with this id or address")
	return c
}

func listPeople(ctx context.Context, s store.People, after string, limit int) ([]*audience.Person, error) {
	within, people := store.Everybody, []*audience.Person{}
	if after != "" {
		last, err := findPerson(ctx, s, after)
		if err != nil {
			return nil, err
		}
		within.From = last.Number + 1
	}
	for p, err := range s.EachPerson(ctx, within) {
		if err != nil {
			return nil, err
		}
		if len(people) == limit {
			break
		}
		public, err := p.Person()
		if err != nil {
			return nil, err
		}
		people = append(people, public)
	}
	return people, nil
}

func printPeople(sys *system, people []*audience.Person, limit int) error {
	table := tabwriter.NewWriter(sys.stdout, 0, 0, 2, ' ', 0)
	for _, p := range people {
		var topics []string
		for topic, consent := range p.Topics {
			topics = append(topics, topic+": "+consent.State.String())
		}
		slices.Sort(topics)
		fmt.Fprintf(table, "%s\t%s\t%s\n", p.ID, p.Email, strings.Join(topics, ", "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(people) == limit {
		fmt.Fprintf(sys.stderr, "There may be more: germane people list --after %s\n", people[limit-1].ID)
	}
	return nil
}

func newPeopleExport(sys *system, o *options) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:     "export",
		Short:   "Write everybody to stdout, as imports read them",
		Example: "  germane people export > people.jsonl\n  germane people export --format csv > people.csv",
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "csv" && format != "jsonl" {
				return usageError{hint(fmt.Errorf("there is no format %q", format), "use --format jsonl or csv")}
			}
			return withDatabase(c.Context(), sys, o, func(w *workspace.Workspace, s store.Database) error {
				write := exportJSONL(sys.stdout)
				flush := func() error { return nil }
				if format == "csv" {
					table := csv.NewWriter(sys.stdout)
					write = exportCSV(table, w.Catalogue.Names())
					flush = func() error { table.Flush(); return table.Error() }
				}
				for p, err := range s.EachPerson(c.Context(), store.Everybody) {
					if err != nil {
						return err
					}
					public, err := p.Person()
					if err == nil {
						err = write(public)
					}
					if err != nil {
						return fmt.Errorf("export: %w", err)
					}
				}
				return flush()
			})
		},
	}
	c.Flags().StringVar(&format, "format", "jsonl", "jsonl, or csv for spreadsheets (topics and times are in jsonl only)")
	return c
}

func exportJSONL(out io.Writer) func(p *audience.Person) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return func(p *audience.Person) error { return encoder.Encode(p) }
}

// exportCSV writes a table that a spreadsheet cannot be made to compute.
func exportCSV(table *csv.Writer, attributes []string) func(p *audience.Person) error {
	started := false
	return func(p *audience.Person) error {
		if !started {
			started = true
			if err := table.Write(append([]string{"id", "email", "time_zone", "locale"}, attributes...)); err != nil {
				return err
			}
		}
		row := []string{p.ID, p.Email, p.TimeZone, p.Locale}
		for _, name := range attributes {
			row = append(row, cell(p.Attributes[name]))
		}
		for i := range row {
			row[i] = audience.GuardCell(row[i])
		}
		return table.Write(row)
	}
}

// cell writes a value as plain text; a list is JSON.
func cell(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func newPeopleUnsubscribe(sys *system, o *options) *cobra.Command {
	var topics []string
	c := &cobra.Command{
		Use:   "unsubscribe EMAIL",
		Short: "Withdraw a person's consent",
		Long: `Withdraw a person's consent, to every topic or to some. No import brings it back; only
` + "`germane people readmit --consent`" + ` does, when the person asked for it.`,
		Example: "  germane people unsubscribe ann@mail.example\n  germane people unsubscribe ann@mail.example --topic offers",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return withDatabase(c.Context(), sys, o, func(w *workspace.Workspace, s store.Database) error {
				all := w.Config.TopicNames()
				for _, topic := range topics {
					if !slices.Contains(all, topic) {
						return unknownTopic(topic, all)
					}
				}
				p, err := findPerson(c.Context(), s, args[0])
				if err != nil {
					return err
				}
				if len(topics) == 0 {
					topics = all
				}
				if err := s.Unsubscribe(c.Context(), p.Number, store.Withdrawal{Topics: topics, Source: "command line", At: sys.now()}); err != nil {
					return err
				}
				_, err = fmt.Fprintf(sys.stderr, "%s gets nothing about %s any more.\n", args[0], strings.Join(topics, ", "))
				return err
			})
		},
	}
	c.Flags().StringArrayVar(&topics, "topic", nil, "only this topic")
	return c
}

func unknownTopic(topic string, all []string) error {
	return usageError{hint(fmt.Errorf("there is no topic %q", topic), finding.DidYouMean(topic, all, "germane.yaml declares "+cmp.Or(strings.Join(all, ", "), "none")))}
}

func newPeopleReadmit(sys *system, o *options) *cobra.Command {
	var consent []string
	c := &cobra.Command{
		Use:   "readmit EMAIL",
		Short: "Let an address get mail again",
		Long: `Lift what keeps an address from getting mail: bounces, complaints, suppression by hand, and
that somebody with it was erased. What they withdrew from stays withdrawn, but for --consent.`,
		Example: `  germane people readmit ann@mail.example
  germane people readmit ann@mail.example --consent tips="asked by phone"`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return withDatabase(c.Context(), sys, o, func(w *workspace.Workspace, s store.Database) error {
				grants, err := readGrants(consent, w.Config.TopicNames())
				if err != nil {
					return err
				}
				err = s.Readmit(c.Context(), args[0], store.Readmission{Consent: grants, At: sys.now()})
				if errors.Is(err, store.ErrNotFound) {
					return hint(fmt.Errorf("nothing keeps %s from getting mail", args[0]), "`germane people show "+args[0]+"` says what is known")
				}
				if err == nil {
					_, err = fmt.Fprintf(sys.stderr, "%s may get mail again.\n", args[0])
				}
				return err
			})
		},
	}
	c.Flags().StringArrayVar(&consent, "consent", nil, "subscribe again, because they asked: TOPIC=BASIS")
	return c
}

// readGrants reads TOPIC=BASIS.
func readGrants(texts, topics []string) ([]store.ConsentGrant, error) {
	var grants []store.ConsentGrant
	for _, text := range texts {
		topic, basis, _ := strings.Cut(text, "=")
		if !slices.Contains(topics, topic) {
			return nil, unknownTopic(topic, topics)
		}
		if strings.TrimSpace(basis) == "" {
			return nil, usageError{hint(fmt.Errorf("--consent %s does not say why they may be mailed", text), `write --consent `+topic+`="signup form"`)}
		}
		grants = append(grants, store.ConsentGrant{Topic: topic, Basis: basis})
	}
	return grants, nil
}
