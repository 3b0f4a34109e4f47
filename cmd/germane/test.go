package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/workspace"
)

func newTest(sys *system, o *options) *cobra.Command {
	t := &snapshotTest{sys: sys}
	c := &cobra.Command{
		Use:   "test",
		Short: "Compare what each persona gets with its snapshot",
		Long: `Compare what each persona gets of each template with its snapshot in snapshots/: subject, preheader, choices
with their reasons, text, links. A difference is shown and the exit code is 1; --update accepts it. The files
belong in version control: a review of them says what a change does to people's mail.

Each file says at what time personas are looked at. It stays, so that nothing changes by itself when what was
observed gets old; --update --at TIME moves it.`,
		Example: `  germane test
  germane test --update
  germane test --update --at 2027-03-01T09:00:00Z`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if t.at != "" && !t.update {
				return usageError{hint(errors.New("--at is the time of new snapshots"), "write: germane test --update --at "+t.at)}
			}
			w, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			root, err := os.OpenRoot(o.dir)
			if err != nil {
				return fmt.Errorf("open the workspace: %w", err)
			}
			defer root.Close()
			t.root = root
			if err := t.run(w); err != nil {
				return err
			}
			return t.report(o)
		},
	}
	c.Flags().BoolVar(&t.update, "update", false, "rewrite the snapshots")
	c.Flags().StringVar(&t.at, "at", "", "with --update: look at the personas at this time, such as 2027-03-01T09:00:00Z")
	return c
}

// snapshotTest is one `germane test`.
type snapshotTest struct {
	update bool
	at     string

	sys     *system
	root    *os.Root // the workspace: nothing outside of it is written, whatever links say
	results []snapshotResult
}

// snapshotResult is the public form of `test --json`: an array of these.
type snapshotResult struct {
	File     string   `json:"file"`
	Template string   `json:"template"`
	Persona  string   `json:"persona,omitempty"` // "": the file as a whole
	State    string   `json:"state"`             // same, changed, missing, obsolete
	Diff     []string `json:"diff,omitempty"`

	lines []diffLine
}

func (t *snapshotTest) run(w *workspace.Workspace) error {
	kept := map[string]*snapshotFile{}
	for _, message := range w.Messages {
		f, err := t.read(message.Name)
		if err != nil {
			return err
		}
		kept[message.Name] = f
	}
	for _, message := range w.Messages {
		at, err := t.time(message.Name, kept)
		if err != nil {
			return err
		}
		now, err := takeSnapshots(w, message, at)
		if err != nil {
			return err
		}
		t.compare(kept[message.Name], now)
		if t.update {
			if err := t.write(now); err != nil {
				return err
			}
		}
	}
	return t.obsolete(w)
}

// maxSnapshots is how large a file of snapshots may be.
const maxSnapshots = 8 << 20

// read returns a template's snapshots, or nil when there are none.
func (t *snapshotTest) read(template string) (*snapshotFile, error) {
	name := snapshotName(template)
	info, err := t.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxSnapshots) {
		err = errors.New("it is no file of text")
	}
	var data []byte
	if err == nil {
		data, err = t.root.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	f, ok := readSnapshots(template, data)
	if !ok && !t.update {
		return nil, hint(fmt.Errorf("%s does not say at what time it was made", name), "germane test --update writes it anew")
	}
	return f, nil
}

// time is when a template's personas are looked at: as its file says, or else like the newest of the other files, or now.
func (t *snapshotTest) time(template string, kept map[string]*snapshotFile) (time.Time, error) {
	if t.at != "" {
		return (&viewer{at: t.at}).time(t.sys)
	}
	if f := kept[template]; f != nil && !f.at.IsZero() {
		return f.at, nil
	}
	newest := time.Time{}
	for _, f := range kept {
		if f != nil && f.at.After(newest) {
			newest = f.at
		}
	}
	if newest.IsZero() {
		newest = t.sys.now().UTC().Truncate(time.Hour)
	}
	return newest, nil
}

// compare notes how a template's snapshots differ from what there is now.
func (t *snapshotTest) compare(kept, now *snapshotFile) {
	name := snapshotName(now.template)
	if kept == nil {
		t.results = append(t.results, snapshotResult{File: name, Template: now.template, State: "missing"})
		return
	}
	for _, is := range now.list {
		result := snapshotResult{File: name, Template: now.template, Persona: is.persona, State: "same"}
		if was, ok := kept.of(is.persona); !ok {
			result.State = "missing"
		} else if !slices.Equal(was.lines, is.lines) {
			result.State, result.lines = "changed", diffLines(was.lines, is.lines)
		}
		for _, line := range result.lines {
			result.Diff = append(result.Diff, string(line.sign)+line.text)
		}
		t.results = append(t.results, result)
	}
	for _, was := range kept.list {
		if _, ok := now.of(was.persona); !ok {
			t.results = append(t.results, snapshotResult{File: name, Template: now.template, Persona: was.persona, State: "obsolete"})
		}
	}
}

func (t *snapshotTest) write(f *snapshotFile) error {
	name := snapshotName(f.template)
	data := f.bytes()
	if was, err := t.root.ReadFile(name); err == nil && string(was) == string(data) {
		return nil
	}
	err := t.root.MkdirAll(snapshotFolder, 0o755)
	if err == nil {
		err = t.root.WriteFile(name, data, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// obsolete finds the files of templates that are no more. With --update those that were written here are deleted.
func (t *snapshotTest) obsolete(w *workspace.Workspace) error {
	entries, err := fs.ReadDir(t.root.FS(), snapshotFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s/: %w", snapshotFolder, err)
	}
	for _, entry := range entries {
		template, ours := strings.CutSuffix(entry.Name(), ".txt")
		if _, known := w.Message(template); !ours || known || !entry.Type().IsRegular() {
			continue
		}
		name := snapshotName(template)
		data, err := t.root.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(data), snapshotHead) {
			continue
		}
		t.results = append(t.results, snapshotResult{File: name, Template: template, State: "obsolete"})
		if t.update {
			if err := t.root.Remove(name); err != nil {
				return fmt.Errorf("delete %s: %w", name, err)
			}
		}
	}
	return nil
}

func (t *snapshotTest) report(o *options) error {
	counts := map[string]int{}
	for _, r := range t.results {
		counts[r.State]++
	}
	if o.json {
		if err := printJSON(t.sys.stdout, append([]snapshotResult{}, t.results...)); err != nil {
			return err
		}
	} else {
		t.print(t.sys.stdout)
	}
	differ := len(t.results) - counts["same"]
	if t.update || differ == 0 {
		fmt.Fprintf(t.sys.stderr, "%s as before, %d changed, %d new, %d gone\n", plural(counts["same"], "snapshot", "snapshots"), counts["changed"], counts["missing"], counts["obsolete"])
		return nil
	}
	return hint(fmt.Errorf("%s: %d changed, %d missing, %d obsolete", plural(differ, "snapshot does not hold", "snapshots do not hold"), counts["changed"], counts["missing"], counts["obsolete"]),
		"if that is what you meant: germane test --update, and commit snapshots/")
}

func (t *snapshotTest) print(out io.Writer) {
	for _, r := range t.results {
		switch {
		case r.State == "same":
			continue
		case r.State == "changed":
			fmt.Fprintf(out, "%s: %s\n", r.File, r.Persona)
		case r.Persona == "" && r.State == "missing" && t.update:
			fmt.Fprintf(out, "%s: written, there was none\n", r.File)
		case r.Persona == "" && r.State == "missing":
			fmt.Fprintf(out, "%s: there is none yet\n", r.File)
		case r.Persona == "":
			fmt.Fprintf(out, "%s: there is no template %s any more\n", r.File, r.Template)
		case r.State == "missing":
			fmt.Fprintf(out, "%s: %s is not in it yet\n", r.File, r.Persona)
		default:
			fmt.Fprintf(out, "%s: there is no persona %s any more\n", r.File, r.Persona)
		}
		for _, line := range r.lines {
			fmt.Fprintln(out, line.painted(t.sys.color))
		}
	}
}
