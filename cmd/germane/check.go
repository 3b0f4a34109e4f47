package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"germane/internal/finding"
	"germane/workspace"
)

func newCheck(sys *system, o *options) *cobra.Command {
	var format, explain string
	c := &cobra.Command{
		Use:   "check",
		Short: "Find every mistake in the workspace",
		Long: `Find every mistake in the workspace: attributes nobody declared, values that may be missing,
rules that compare a number with a text, variants that nobody can get, blocks without a last resort.
Each finding says where it is and what to write instead. Errors stop a deployment; a warning can be allowed by a comment in its file,
with a reason:

  # germane:allow unused-block kept for the spring campaign

Exit code 0: no errors (there may be warnings); 3: errors.`,
		Example: `  germane check
  germane check --format github          in a pull request
  germane check --explain value-may-be-missing`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("explain") {
				return explainCode(sys, o, explain)
			}
			if o.json && !c.Flags().Changed("format") {
				format = "json"
			}
			return runCheck(sys, o, format)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text, json, github or sarif")
	c.Flags().StringVar(&explain, "explain", "", "say what a finding's code means")
	return c
}

func runCheck(sys *system, o *options, format string) error {
	print, ok := printers[format]
	if !ok {
		return usageError{hint(fmt.Errorf("there is no format %q", format), "use text, json, github or sarif")}
	}
	w, findings, err := loadProved(sys, o)
	if err != nil {
		return err
	}
	if !finding.HasErrors(findings) { // else what was not analysed may need its allowances
		findings = finding.Sort(append(findings, w.Allowances.Unused()...))
	}
	if err := print(sys, o, findings); err != nil {
		return fmt.Errorf("print findings: %w", err)
	}
	switch {
	case finding.HasErrors(findings):
		return foundError{findings}
	case format == "text" && len(findings) == 0:
		fmt.Fprintf(sys.stderr, "%s: no mistakes\n", summary(w))
	}
	return nil
}

// printers write findings in each format. JSON names files as the workspace does, which is what programs rely on; the others name
// them as seen from where the command runs, so that a terminal, a pull request or a code-scanning service finds them.
var printers = map[string]func(*system, *options, []finding.Finding) error{
	"text": func(sys *system, o *options, f []finding.Finding) error {
		return finding.WriteText(sys.stdout, fromHere(o.dir, f), sys.color)
	},
	"json": func(sys *system, o *options, f []finding.Finding) error { return finding.WriteJSON(sys.stdout, f) },
	"github": func(sys *system, o *options, f []finding.Finding) error {
		return finding.WriteGitHub(sys.stdout, fromHere(o.dir, f))
	},
	"sarif": func(sys *system, o *options, f []finding.Finding) error {
		return finding.WriteSARIF(sys.stdout, fromHere(o.dir, f))
	},
}

// summary counts what a workspace holds.
func summary(w *workspace.Workspace) string {
	var parts []string
	for _, part := range []struct {
		n         int
		one, many string
	}{
		{len(w.Templates), "template", "templates"},
		{len(w.Blocks), "block", "blocks"},
		{len(w.Campaigns), "campaign", "campaigns"},
		{len(w.Catalogue.Names()), "attribute", "attributes"},
		{len(w.Personas), "persona", "personas"},
	} {
		noun := part.many
		if part.n == 1 {
			noun = part.one
		}
		parts = append(parts, fmt.Sprintf("%d %s", part.n, noun))
	}
	return strings.Join(parts, ", ")
}

func explainCode(sys *system, o *options, code string) error {
	info, ok := finding.Lookup(finding.Code(code))
	if !ok {
		var known []string
		for _, info := range finding.Codes() {
			known = append(known, string(info.Code))
		}
		return usageError{hint(fmt.Errorf("there is no finding %q", code), finding.DidYouMean(code, known, "`germane help findings` lists them all"))}
	}
	if o.json {
		return printJSON(sys.stdout, explained{info.Code, info.Severity, info.Title, info.Explain, info.Wrong, info.Right})
	}
	_, err := fmt.Fprintf(sys.stdout, "%s (%s)\n%s.\n\n%s\n\nWrong:\n%s\n\nRight:\n%s\n", info.Code, info.Severity, info.Title, info.Explain, indented(info.Wrong), indented(info.Right))
	return err
}

// explained is the public form of `check --explain CODE --json`.
type explained struct {
	Code     finding.Code     `json:"code"`
	Severity finding.Severity `json:"severity"`
	Title    string           `json:"title"`
	Explain  string           `json:"explain"`
	Wrong    string           `json:"wrong"`
	Right    string           `json:"right"`
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
}
