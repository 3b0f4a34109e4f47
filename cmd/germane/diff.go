package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/check"
)

func newDiff(sys *system, o *options) *cobra.Command {
	var people crowd
	var at string
	c := &cobra.Command{
		Use:   "diff REV",
		Short: "Say whose mail changes since a revision",
		Long: `Say whose mail changes between a revision and the workspace as it is: how many people move from one variant
of a block to another, and who sees other words. REV is a revision of git, such as main or HEAD~1, or the
hash of a version that was deployed. Counted are the people of --people, else of the database, else the
personas. Examples are ids, never addresses. Nothing is changed.`,
		Example: `  germane diff main
  germane diff HEAD~1 --people people/sample.jsonl
  germane diff 3f9a1c --json`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			is, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			now, err := (&viewer{at: at}).time(sys)
			if err != nil {
				return err
			}
			rev, err := openRevision(c.Context(), sys, o, is, args[0])
			if err != nil {
				return err
			}
			was, err := rev.load(sys)
			if err != nil {
				return err
			}
			if err := people.open(c.Context(), sys, o, is, now); err != nil {
				return err
			}
			comparer := check.NewComparer(was, is)
			err = people.count(c.Context(), sys, func(p *audience.Stored) error {
				comparer.Add(p, now.UnixMilli())
				return nil
			})
			if err := errors.Join(err, people.close()); err != nil {
				return err
			}
			d := &diffReport{Since: rev.Name, At: now.Truncate(time.Second), From: people.from, Comparison: *comparer.Comparison()}
			d.Damaged += people.bad
			if o.json {
				return printJSON(sys.stdout, d)
			}
			return d.write(sys.stdout, &people)
		},
	}
	people.flags(c)
	c.Flags().StringVar(&at, "at", "", "the time to compare at, such as 2027-03-01T09:00:00Z (default: now)")
	return c
}

// diffReport is the public form of `diff --json`.
type diffReport struct {
	Since string    `json:"since"`
	At    time.Time `json:"at"`
	From  string    `json:"from"` // database, file or personas
	check.Comparison
}

func (d *diffReport) write(out io.Writer, people *crowd) error {
	b := bufio.NewWriter(out)
	fmt.Fprintf(b, "Whose mail changes since %s\n%s\n", d.Since, people.who(d.People))
	if len(d.Templates)+len(d.Campaigns) == 0 {
		fmt.Fprintln(b, "\nNobody's.")
	}
	for i := range d.Templates {
		d.template(b, &d.Templates[i])
	}
	for i := range d.Campaigns {
		d.campaign(b, &d.Campaigns[i])
	}
	if d.Damaged > 0 {
		fmt.Fprintf(b, "\n%s could not be read and are not counted.\n", plural(d.Damaged, "person", "people"))
	}
	return b.Flush()
}

// some counts what was counted.
func (d *diffReport) some(n int) string {
	if d.From == "personas" {
		return plural(n, "persona", "personas")
	}
	return plural(n, "person", "people")
}

func (d *diffReport) template(out io.Writer, t *check.TemplateChange) {
	switch t.State {
	case "new":
		fmt.Fprintf(out, "\ntemplate %s is new\n", t.Template)
		return
	case "gone":
		fmt.Fprintf(out, "\ntemplate %s is gone\n", t.Template)
		return
	}
	fmt.Fprintf(out, "\n%s: %s would see something else\n", t.Template, d.some(t.People))
	for _, what := range t.Everywhere {
		fmt.Fprintf(out, "  everybody: %s\n", what)
	}
	for _, m := range t.Moves {
		same := ""
		if m.Same {
			same = ", which says the same"
		}
		fmt.Fprintf(out, "  %s: %s%s%s\n", m.Block, moved(d.some(m.People), m.People, m.From, m.To), same, named(m.Examples))
	}
	for _, w := range t.Words {
		because := ""
		if names := strings.Join(w.Because, ", "); names != "text" {
			because = " (" + names + ")"
		}
		fmt.Fprintf(out, "  %s/%s: %s %s other words%s%s\n", w.Block, w.Variant, d.some(w.People), verb(w.People, "sees", "see"), because, named(w.Examples))
	}
}

// moved says where people go from and to; "" is where the block is not.
func moved(some string, n int, from, to string) string {
	switch {
	case from == "":
		return fmt.Sprintf("the block is new, %s %s %s", some, verb(n, "gets", "get"), to)
	case to == "":
		return fmt.Sprintf("the block is gone, %s got %s", some, from)
	}
	return fmt.Sprintf("%s %s from %s to %s", some, verb(n, "moves", "move"), from, to)
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// named lists examples.
func named(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ", such as " + strings.Join(ids, ", ")
}

func (d *diffReport) campaign(out io.Writer, c *check.CampaignChange) {
	switch c.State {
	case "new":
		fmt.Fprintf(out, "\ncampaign %s is new: %s in its audience%s\n", c.Campaign, d.some(c.Joined), named(c.Examples))
		return
	case "gone":
		fmt.Fprintf(out, "\ncampaign %s is gone: %s in its audience%s\n", c.Campaign, d.some(c.Left), named(c.Examples))
		return
	}
	var parts []string
	if c.Joined > 0 {
		parts = append(parts, fmt.Sprintf("%s %s into its audience", d.some(c.Joined), verb(c.Joined, "comes", "come")))
	}
	if c.Left > 0 {
		parts = append(parts, fmt.Sprintf("%s %s out of its audience", d.some(c.Left), verb(c.Left, "goes", "go")))
	}
	if c.Sender {
		parts = append(parts, "its mail has another sender")
	}
	fmt.Fprintf(out, "\ncampaign %s: %s%s\n", c.Campaign, cmp.Or(strings.Join(parts, ", "), "changed"), named(c.Examples))
}
