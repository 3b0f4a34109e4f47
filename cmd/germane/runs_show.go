package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"germane/store"
	"germane/worker"
)

func showRun(ctx context.Context, sys *system, o *options, s store.Database, number string) error {
	r, err := findRun(ctx, s, number)
	if err != nil {
		return err
	}
	if o.json {
		return printRunsJSON(ctx, sys.stdout, s, []*store.Run{r}, sys.now())
	}
	d := &runDetails{Run: r, now: sys.now()}
	if d.reasons, err = s.Reasons(ctx, r.ID); err == nil {
		d.versions, err = s.RunVersions(ctx, r.ID)
	}
	if err == nil {
		d.chunks, err = s.ChunksOf(ctx, r.ID)
	}
	if err == nil {
		d.troubles, err = troublesOf(ctx, s, r)
	}
	if err == nil {
		d.back, err = cameBack(ctx, s, r.ID)
	}
	if err != nil {
		return err
	}
	out := bufio.NewWriter(sys.stdout)
	d.print(out)
	return out.Flush()
}

// runDetails is all about one run.
type runDetails struct {
	*store.Run
	reasons  map[string]int64
	versions []store.RunVersion
	chunks   []store.Chunk
	troubles []trouble
	back     back
	now      time.Time
}

func (d *runDetails) print(out io.Writer) {
	state, note := standing(d.Run)
	fmt.Fprintf(out, "Run %d of %s, %s: %s\n", d.ID, d.Campaign, d.Occurrence, state)
	if missedWhy(d.Run) == "" {
		fmt.Fprintf(out, "  %s\n", addingUp(d.Counts))
	}
	if words := d.back.words(&d.Counts); words != "" {
		fmt.Fprintf(out, "  %s\n", words)
	}
	if when := lasting(d.Run, d.now); when != "" {
		fmt.Fprintf(out, "  %s%s\n", when, d.pace())
	}
	if held := heldBack(d.Run, d.now); held != "" {
		fmt.Fprintf(out, "  %s\n", held)
	}
	if due := comesDue(d.Run, d.chunks, d.now); due != "" {
		fmt.Fprintf(out, "  %s\n", due)
	}
	if note != "" {
		fmt.Fprintf(out, "  note: %s\n", note)
	}
	for i, v := range d.versions {
		if i == 0 {
			fmt.Fprintf(out, "  version %.12s\n", v.Version)
		} else {
			fmt.Fprintf(out, "  version %.12s since %s UTC, for those who still waited\n", v.Version, minute(v.At))
		}
	}
	if len(d.troubles) > 0 {
		fmt.Fprintln(out, "\nNeeds a person:")
	}
	for _, t := range d.troubles {
		fmt.Fprintf(out, "  %s: %s\n", t.text, t.cure)
	}
	d.printReasons(out)
	d.printChunks(out)
	if d.Waiting > 0 && d.State == store.RunCancelled {
		fmt.Fprintf(out, "\n%s unmailed: the run was cancelled.\n", plural(int(d.Waiting), "person stays", "people stay"))
	}
}

// pace is how many mails a second went out, over the whole time.
func (d *runDetails) pace() string {
	end := d.Finished
	if end.IsZero() {
		end = d.now
	}
	seconds := end.Sub(d.Started).Seconds()
	if seconds < 1 || d.Sent == 0 {
		return ""
	}
	return fmt.Sprintf(", %.1f sent a second", float64(d.Sent)/seconds)
}

func (d *runDetails) printReasons(out io.Writer) {
	if len(d.reasons) == 0 {
		return
	}
	fmt.Fprintln(out, "\nWhy somebody got nothing, or may not have (--who REASON names them):")
	names := slices.SortedFunc(maps.Keys(d.reasons), func(a, b string) int {
		return cmp.Or(cmp.Compare(d.reasons[b], d.reasons[a]), cmp.Compare(a, b))
	})
	for _, name := range names {
		fmt.Fprintf(out, "  %9s  %s\n", thousands(int(d.reasons[name])), name)
		if advice := adviceFor(name); advice != "" {
			fmt.Fprintf(out, "             %s\n", advice)
		}
	}
}

// shownChunks is how many unfinished chunks are listed.
const shownChunks = 10

func (d *runDetails) printChunks(out io.Writer) {
	var open []store.Chunk
	for _, c := range d.chunks {
		if c.State != store.ChunkDone {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return
	}
	fmt.Fprintf(out, "\nNot finished: %s of %s\n", thousands(len(open)), plural(len(d.chunks), "chunk", "chunks"))
	for _, c := range open[:min(len(open), shownChunks)] {
		fmt.Fprintf(out, "  chunk %d%s: %s waiting, %s\n", c.No, because(", ", zoneInWords(c.Zone)), thousands(int(c.Waiting)), d.standing(&c))
	}
	if len(open) > shownChunks {
		fmt.Fprintf(out, "  and %s more\n", thousands(len(open)-shownChunks))
	}
}

// zoneInWords names the zone of a chunk; the last chunks of a run look once more at everybody, for those who moved meanwhile.
func zoneInWords(zone string) string {
	if strings.HasPrefix(zone, worker.ClosingZone) {
		return "a last look at who moved"
	}
	return zone
}

// standing says where a chunk that is not done stands.
func (d *runDetails) standing(c *store.Chunk) string {
	switch {
	case c.State == store.ChunkAside:
		return "set aside"
	case d.now.Before(c.Until):
		return "being worked on"
	case !c.Until.IsZero():
		return "its worker was lost; the next one takes it"
	case d.now.Before(c.NotBefore):
		return "due " + minute(c.NotBefore) + " UTC"
	case d.State != store.RunRunning:
		return "waiting until the run goes on"
	}
	return "ready for a worker"
}
