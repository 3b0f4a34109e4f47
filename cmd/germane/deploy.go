package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"germane/store"
	"germane/worker"
	"germane/workspace"
)

// deployment is `deploy --json`.
type deployment struct {
	Hash      string       `json:"hash"`
	Number    int64        `json:"number"` // 0 for a dry run of a new version
	New       bool         `json:"new"`    // it was not the current version before
	DryRun    bool         `json:"dry_run"`
	Files     []fileChange `json:"files"`
	Campaigns []string     `json:"campaigns"`
}

// fileChange is what became of a file between two versions.
type fileChange struct {
	File   string `json:"file"`
	Change string `json:"change"` // added, changed or removed
}

func newDeploy(sys *system, o *options) *cobra.Command {
	var dryRun bool
	c := &cobra.Command{
		Use:   "deploy",
		Short: "Store the workspace as the version that is sent from now on",
		Long: `Check the workspace and store it as a version: what the next runs send. Runs that have begun keep
theirs; germane runs repin gives them this one. The same files are the same version.`,
		Example: "  germane deploy --dry-run\n  germane deploy",
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			s, err := openDatabase(c.Context(), sys, o, w)
			if err != nil {
				return err
			}
			d, err := deploy(c.Context(), sys, s, w, dryRun)
			if err := errors.Join(err, s.Close()); err != nil {
				return err
			}
			if o.json {
				return printJSON(sys.stdout, d)
			}
			return d.print(sys.stdout)
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would change")
	return c
}

func deploy(ctx context.Context, sys *system, s store.Versions, w *workspace.Workspace, dryRun bool) (*deployment, error) {
	before := &store.Version{}
	switch hash, err := s.CurrentVersion(ctx); {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return nil, err
	default:
		if before, err = s.Version(ctx, hash); err != nil {
			return nil, err
		}
	}
	v := worker.Version(w)
	if !dryRun {
		var err error
		if v, err = worker.Deploy(ctx, s, w, sys.now()); err != nil {
			return nil, err
		}
	} else if v.Hash == before.Hash {
		v.Number = before.Number
	}
	d := &deployment{Hash: v.Hash, Number: v.Number, New: v.Hash != before.Hash, DryRun: dryRun, Files: changedFiles(before.Files, v.Files), Campaigns: []string{}}
	for _, campaign := range w.Campaigns {
		d.Campaigns = append(d.Campaigns, campaign.Name)
	}
	return d, nil
}

func (d *deployment) print(out io.Writer) error {
	version := fmt.Sprintf("version %d (%.12s)", d.Number, d.Hash)
	if d.Number == 0 {
		version = fmt.Sprintf("a new version (%.12s)", d.Hash)
	}
	switch {
	case !d.New:
		_, err := fmt.Fprintf(out, "Nothing changed: %s is current.\n", version)
		return err
	case d.DryRun:
		fmt.Fprintf(out, "Would deploy %s:\n", version)
	default:
		fmt.Fprintf(out, "Deployed %s:\n", version)
	}
	printChanges(out, d.Files)
	_, err := fmt.Fprintf(out, "%s: %s\n", plural(len(d.Campaigns), "campaign", "campaigns"), strings.Join(d.Campaigns, ", "))
	return err
}

// changedFiles lists the files that differ, by name.
func changedFiles(before, after map[string][]byte) []fileChange {
	changes := []fileChange{}
	for name, data := range after {
		switch old, ok := before[name]; {
		case !ok:
			changes = append(changes, fileChange{name, "added"})
		case !bytes.Equal(old, data):
			changes = append(changes, fileChange{name, "changed"})
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			changes = append(changes, fileChange{name, "removed"})
		}
	}
	slices.SortFunc(changes, func(a, b fileChange) int { return strings.Compare(a.File, b.File) })
	return changes
}

// printChanges lists changes; of a first version, whose files are all new, there is nothing to compare.
func printChanges(out io.Writer, changes []fileChange) {
	if len(changes) > 0 && !slices.ContainsFunc(changes, func(c fileChange) bool { return c.Change != "added" }) && len(changes) > 10 {
		fmt.Fprintf(out, "  %s added\n", plural(len(changes), "file", "files"))
		return
	}
	for _, c := range changes {
		fmt.Fprintf(out, "  %-7s  %s\n", c.Change, c.File)
	}
	if len(changes) == 0 {
		fmt.Fprintln(out, "  the same files, compiled by another germane")
	}
}
