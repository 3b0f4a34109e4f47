package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"time"

	"germane/blocks"
	"germane/measure"
	"germane/store"
	"germane/worker"
)

// printReport tells a marketer what a campaign brought about, and what the numbers cannot tell.
func printReport(out io.Writer, campaign string, runs []*store.Run, r *measure.Report) error {
	p := &reportPrinter{Writer: bufio.NewWriter(out), Report: r}
	p.title(campaign, runs)
	p.funnel()
	for _, b := range r.Blocks {
		p.block(b)
	}
	p.notes()
	return p.Flush()
}

type reportPrinter struct {
	*bufio.Writer
	*measure.Report
}

func (p *reportPrinter) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *reportPrinter) title(campaign string, runs []*store.Run) {
	newest, oldest := runs[0], runs[len(runs)-1]
	switch {
	case len(runs) == 1:
		p.line("%s, %s (run %d)", campaign, newest.Occurrence, newest.ID)
	default:
		p.line("%s, %d runs from %s to %s", campaign, len(runs), oldest.Occurrence, newest.Occurrence)
	}
	if len(runs) == mostRuns {
		p.line("Only the newest %s runs are counted.", thousands(mostRuns))
	}
	p.line("Goal: %s", cmp.Or(goalText(p.Goal), "none"))
	if p.Goal.Event != "" && p.Mailed.Reached == 0 && p.Mailed.People > 0 {
		p.line("Nobody is known to have reached it. Does your product report %s?", p.Goal.Event)
	}
}

// row is a number, its share of something, and what it counts.
func (p *reportPrinter) row(n, of int64, what string) {
	p.line("  %9s  %6s  %s", thousands(int(n)), percent(n, of), what)
}

func (p *reportPrinter) funnel() {
	c := &p.Counts
	p.line("\nMembers of the audience, everybody once a run")
	p.row(c.Planned, 0, "members, of whom")
	for _, part := range []struct {
		n    int64
		what string
	}{{c.Sent, "sent"}, {c.Failed, "failed"}, {c.Skipped, "skipped"}, {c.HeldOut, "held out"}, {c.InDoubt, "in doubt"}, {c.Waiting, "waiting"}} {
		if part.n > 0 {
			p.row(part.n, c.Planned, part.what)
		}
	}
	p.line("\nOf %s mailed", thousands(int(p.Mailed.People)))
	p.row(p.Clicked.People, p.Mailed.People, "clicked")
	p.row(p.Clicked.Human, p.Mailed.People, "clicked, without signs of a scanner")
	if p.Page.People > 0 {
		p.row(p.Page.People, p.Mailed.People, "clicked a link around the blocks")
		p.row(p.Page.Human, p.Mailed.People, "of those, without signs of a scanner")
	}
	p.row(p.Unsubscribed, p.Mailed.People, "unsubscribed")
	p.row(p.Complained, p.Mailed.People, "complained")
	p.row(p.Bounced, p.Mailed.People, "bounced")
	if p.Goal.Event == "" {
		return
	}
	p.row(p.Mailed.Reached, p.Mailed.People, "reached the goal")
	for _, h := range p.HeldOut {
		p.line("\nOf %s held out (%s)", thousands(int(h.People)), h.Reason)
		p.row(h.Reached, h.People, "reached the goal without the mail")
		p.line("             %s", compared(&h.Versus, "held out"))
		if h.Reason == worker.ReasonGlobalHoldout {
			p.line("             these people get no campaign at all: this measures all of them")
		}
	}
}

// compared says by how much something changed what people do, or why that cannot be said.
func compared(c *measure.Comparison, without string) string {
	if c.Comparable() {
		return fmt.Sprintf("%.1f%% of %s against %.1f%% of %s %s: %+.1f points, chance not excluded",
			100*c.With.Share(), thousands(int(c.With.People)), 100*c.Without.Share(), thousands(int(c.Without.People)), without, 100*c.Difference())
	}
	if c.With.People == 0 && c.Without.People == 0 {
		return "nothing to compare yet: the goal can still be reached"
	}
	return fmt.Sprintf("too few to compare: %s and %s %s, of %d that each needs", thousands(int(c.With.People)), thousands(int(c.Without.People)), without, measure.FewestCompared)
}

// nameWidth is how much of a variant's name a line has place for.
const nameWidth = 24

func (p *reportPrinter) block(b *measure.Block) {
	goal := goalText(b.Goal)
	p.line("\n%s%s", b.Name, because(", goal: ", goal))
	p.line("  %-*s %8s %13s %13s %13s", nameWidth, "", "shown", "clicked", "not scanners", "goal")
	for _, v := range b.Variants {
		p.line("  %-*s %8s %s %s %s", nameWidth, shortened(v.Name), thousands(int(v.Shown.People)), share(v.Clicked.People, v.Shown.People), share(v.Clicked.Human, v.Shown.People), share(v.Shown.Reached, v.Shown.People))
		if v.Control.People > 0 && goal != "" {
			p.line("    in control: %s, of whom %s reached the goal (%s)", thousands(int(v.Control.People)), thousands(int(v.Control.Reached)), percent(v.Control.Reached, v.Control.People))
			p.line("    %s", compared(&v.Versus, "in control"))
		}
	}
}

func share(n, of int64) string { return fmt.Sprintf("%6s %6s", thousands(int(n)), percent(n, of)) }

func shortened(name string) string {
	if len(name) > nameWidth {
		return name[:nameWidth-1] + "…"
	}
	return name
}

// notes say what the numbers cannot.
func (p *reportPrinter) notes() {
	p.line("\nHow to read this")
	p.line("  clicked       people who followed a link of the variant. Scanners in front of")
	p.line("                mailboxes follow links, too: \"not scanners\" leaves out those whose")
	p.line("                every click looks like one; neither number is exact.")
	p.line("  goal          people who reached it in time, whether or not they clicked.")
	if controlled(p.Blocks) {
		p.line("  in control    their rule chose the variant, and they got %s instead: drawn", blocks.Otherwise)
		p.line("                at random, so only chance and the variant tell them apart.")
	} else {
		p.line("  no block has a control group: that a variant goes with more goals than")
		p.line("                another says nothing about the variant. Write control: 10%%.")
	}
	if p.Counting > 0 {
		until := ""
		if !p.Until.IsZero() {
			until = " until " + p.Until.UTC().Format(time.DateOnly)
		}
		p.line("  still open    goals of %s can still be reached%s;", plural(p.Counting, "run", "runs"), until)
		p.line("                comparisons leave such runs out.")
	}
}

func controlled(all []*measure.Block) bool {
	for _, b := range all {
		for _, v := range b.Variants {
			if v.Control.People > 0 {
				return true
			}
		}
	}
	return false
}
