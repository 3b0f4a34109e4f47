package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/blocks"
	"germane/workspace"
)

func newWhy(sys *system, o *options) *cobra.Command {
	var v viewer
	c := &cobra.Command{
		Use:   "why TEMPLATE|RUN [EMAIL]",
		Short: "Say what a person gets in each block, and why",
		Long: `Say what a person gets in each Dynamic Block of a template, and which values decided it:
how old they are, where they come from, and which of them were missing.

With the number of a run and an address or id: what was decided about somebody then, when, and
what the same rules say of what is known now. The ledger keeps names and reasons, never values.`,
		Example: `  germane why weekly                                   as the first persona
  germane why weekly --person eli-stale
  germane why weekly --set plan=trial --set trial_days_left=1
  germane why weekly --person ann.json --at 2027-03-01T09:00:00Z --json
  germane why 12 ann@mail.example                      what was decided in run 12`,
		Args: arguments(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 2 && isNumber(args[0]) && v.given():
				return usageError{hint(errors.New("--person, --at and --set are for a template; a run decided about people as they were"), "write: germane why "+args[0]+" "+args[1])}
			case len(args) == 2 && isNumber(args[0]):
				return whyRun(c.Context(), sys, o, args[0], args[1])
			case len(args) == 2:
				return usageError{hint(fmt.Errorf("%s is not the number of a run", args[0]), "as a persona: germane why "+args[0]+" --person NAME; what somebody got: germane why RUN "+args[1]+", and `germane runs` lists the runs")}
			}
			w, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			if _, ok := w.Message(args[0]); !ok && isNumber(args[0]) {
				return usageError{hint(fmt.Errorf("why %s needs EMAIL", args[0]), "write: germane why "+args[0]+" ann@mail.example")}
			}
			return why(sys, o, w, args[0], &v)
		},
	}
	v.flags(c)
	return c
}

func why(sys *system, o *options, w *workspace.Workspace, template string, v *viewer) error {
	seen, err := v.look(sys, w, template)
	if err != nil {
		return err
	}
	var explanations []*blocks.Explanation
	for _, choice := range seen.choices {
		explanations = append(explanations, seen.message.Chooser.Explain(choice, seen.decoded))
	}
	if o.json {
		return whyJSON(sys.stdout, explanations)
	}
	return whyText(sys.stdout, fmt.Sprintf("What %s gets in %s on %s", v.calling(seen.person), seen.message.Name, seen.now.Format("2 January 2006, 15:04 MST")), explanations)
}

// The public form of `why --json`.
type (
	whyBlock struct {
		Block      string         `json:"block"`
		Variant    string         `json:"variant"`
		Reason     string         `json:"reason"`
		Conditions []whyCondition `json:"conditions"`
	}
	whyCondition struct {
		Variant  string       `json:"variant"`
		Text     string       `json:"text"`
		Result   string       `json:"result"` // true, false or unknown
		Operands []whyOperand `json:"operands"`
	}
	whyOperand struct {
		Attribute  string          `json:"attribute"`
		Value      json.RawMessage `json:"value"`       // null when missing
		ObservedAt *time.Time      `json:"observed_at"` // null when not known
		Missing    string          `json:"missing"`     // why there is no value: absent, blank, stale, not allowed; "" when there is one
	}
)

func whyJSON(out io.Writer, explanations []*blocks.Explanation) error {
	return printJSON(out, whyBlocks(explanations))
}

func whyBlocks(explanations []*blocks.Explanation) []whyBlock {
	list := make([]whyBlock, 0, len(explanations))
	for _, e := range explanations {
		b := whyBlock{Block: e.Block, Variant: e.Variant, Reason: e.Reason.String() + ": " + e.Sentence(), Conditions: []whyCondition{}}
		for i := range e.Conditions {
			c := &e.Conditions[i]
			b.Conditions = append(b.Conditions, whyCondition{Variant: c.Variant, Text: c.Text, Result: c.Result.String(), Operands: whyOperands(c.Seen)})
		}
		list = append(list, b)
	}
	return list
}

// whyOperands lists each value once, in the order of the rule.
func whyOperands(x *audience.Explanation) []whyOperand {
	operands := []whyOperand{}
	seen := map[string]bool{}
	for i := range x.Leaves {
		for j := range x.Leaves[i].Operands {
			s := &x.Leaves[i].Operands[j]
			if seen[s.Name] {
				continue
			}
			seen[s.Name] = true
			operand := whyOperand{Attribute: s.Name, Value: s.JSON, Missing: s.Missing()}
			if !s.Observed.IsZero() {
				operand.ObservedAt = &s.Observed
			}
			operands = append(operands, operand)
		}
	}
	return operands
}
