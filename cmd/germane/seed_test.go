package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"germane/audience"
	"germane/blocks"
	"germane/internal/engines"
	"germane/store"
	"germane/worker"
)

// seed writes a run as a worker would, for the first people of the database, with what they would really get:
//
//	seed weekly 2026-11-23 sent=6 failed=1 skipped=1 held_out=1 in_doubt=1 waiting=2 clicks=3 scanned=1 goals=2 ago=1h aside approval
//
// clicks and scanned are people who followed a link of the first block, goals people who reached the campaign's goal, of those sent,
// from the first on. bounced, complained and delivered are those of whom the provider said that, likewise. aside: the chunk of those who wait lost three workers. approval: the run waits for it, and so do all.
func seed(script *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 3 {
		script.Fatalf("usage: seed CAMPAIGN OCCURRENCE what=how many…")
	}
	ctx := context.Background()
	address := cmp.Or(script.Getenv("GERMANE_DATABASE"), script.MkAbs("germane.db"))
	s, err := engines.At(address)
	script.Check(err)
	defer s.Close()
	x := &seeding{script: script, ctx: ctx, Database: s, at: time.Now(), n: map[string]int{}}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "ago":
			ago, err := time.ParseDuration(value)
			script.Check(err)
			x.at = x.at.Add(-ago)
		case "aside", "approval":
			x.n[name] = 1
		default:
			x.n[name], err = strconv.Atoi(value)
			script.Check(err)
		}
	}
	x.people(args[0])
	x.run(args[0], args[1])
	x.events()
	x.notices()
}

type seeding struct {
	script *testscript.TestScript
	ctx    context.Context
	store.Database
	at       time.Time
	n        map[string]int // from the command line
	content  *worker.Content
	numbers  []int64
	choices  [][]blocks.Choice
	id       int64
	finished int // how many are in the first chunk
}

// seeded are the states in the order in which people get them.
var seeded = []struct {
	name   string
	state  store.DeliveryState
	reason string
}{
	{"sent", store.Sent, ""},
	{"in_doubt", store.InDoubt, "connect"},
	{"failed", store.Failed, "smtp 550 5.1.1"},
	{"skipped", store.Skipped, worker.ReasonRollout},
	{"held_out", store.HeldOut, worker.ReasonCampaignHoldout},
}

// people reads as many as are needed, of those in the audience, and what they would get.
func (x *seeding) people(campaign string) {
	for _, s := range seeded {
		x.finished += x.n[s.name]
	}
	hash, err := x.CurrentVersion(x.ctx)
	x.script.Check(err)
	x.content, err = worker.NewContents(x.Database, nil).Campaign(x.ctx, hash, campaign)
	x.script.Check(err)
	for p, err := range x.EachPerson(x.ctx, store.Everybody) {
		x.script.Check(err)
		if len(x.numbers) == x.finished+x.n["waiting"] {
			break
		}
		var d audience.Decoded
		x.script.Check(x.content.Message.Selection.Decode(&p.Stored, x.at.UnixMilli(), &d))
		x.numbers = append(x.numbers, p.Number)
		x.choices = append(x.choices, x.content.Message.Chooser.Choose(&d, p.ID, nil))
	}
}

func (x *seeding) run(campaign, occurrence string) {
	version, err := x.CurrentVersion(x.ctx)
	x.script.Check(err)
	order := store.Run{Campaign: campaign, Occurrence: occurrence, Version: version, Cut: true, State: store.RunRunning, Due: x.at, Created: x.at, Started: x.at}
	if x.n["approval"] > 0 {
		order.State, order.Started, order.Note = store.RunWaitingApproval, time.Time{}, "the audience was 100 lately"
	}
	var chunks []store.Chunk
	for _, part := range [][]int64{x.numbers[:x.finished], x.numbers[x.finished:]} {
		if len(part) > 0 {
			chunks = append(chunks, store.Chunk{No: len(chunks), People: store.Range{From: part[0], To: part[len(part)-1] + 1}, Members: int64(len(part))})
		}
	}
	x.id, err = x.CreateRun(x.ctx, order, chunks)
	x.script.Check(err)
	if x.finished > 0 {
		x.deliver()
	}
	for range 3 * x.n["aside"] {
		_, err := x.TakeChunk(x.ctx, x.id, len(chunks)-1, "seed", x.at, x.at.Add(time.Minute))
		x.script.Check(err)
		_, err = x.Sweep(x.ctx, x.at, true)
		x.script.Check(err)
	}
	closed := []time.Time{x.at.Add(90 * time.Second)}
	if later := x.at.Add(25 * time.Hour); later.Before(time.Now()) {
		closed = append(closed, later)
	}
	for _, at := range closed {
		_, err = x.CloseRun(x.ctx, x.id, at, settlingGrace)
		x.script.Check(err)
	}
}

// deliver writes the rows of the first chunk.
func (x *seeding) deliver() {
	c, err := x.TakeChunk(x.ctx, x.id, 0, "seed", x.at, x.at.Add(time.Minute))
	x.script.Check(err)
	step := store.Step{Lease: store.Lease{Run: x.id, Chunk: 0, Epoch: c.Epoch}, Now: x.at, Until: x.at.Add(time.Minute)}
	var results []store.Result
	for _, s := range seeded {
		for range x.n[s.name] {
			i := len(step.Decisions)
			d := store.Decision{Person: x.numbers[i], State: s.state, Reason: s.reason, Choices: blocks.Pack(nil, x.choices[i])}
			if s.state == store.Sent || s.state == store.InDoubt || s.state == store.Failed {
				results = append(results, store.Result{Person: d.Person, State: s.state, Reason: s.reason, At: x.at, Provider: "p" + strconv.Itoa(i)})
				d.State, d.Reason = store.Claimed, ""
			}
			step.Decisions = append(step.Decisions, d)
		}
	}
	_, err = x.Step(x.ctx, &step)
	x.script.Check(err)
	step.Decisions, step.Results = nil, results
	_, err = x.Step(x.ctx, &step)
	x.script.Check(err)
	x.script.Check(x.FinishChunk(x.ctx, step.Lease))
}

func (x *seeding) events() {
	var events []store.Event
	for i, number := range x.numbers[:x.finished] {
		choice := x.choices[i][0]
		block := x.content.Message.Chooser.Blocks()[choice.Block]
		click := store.Event{At: x.at.Add(time.Minute), Kind: store.EventClick, Person: number, Run: x.id, Block: block.Name, Variant: block.Variants[choice.Variant].Name}
		if i < x.n["clicks"] {
			events = append(events, click)
		}
		if i < x.n["scanned"] {
			click.Label = store.LabelAgent
			events = append(events, click)
		}
		if i < x.n["goals"] {
			events = append(events, store.Event{At: x.at.Add(time.Hour), Kind: store.EventGoal, Name: x.content.Campaign.Wanted.Event, Person: number})
		}
	}
	_, err := x.AddEvents(x.ctx, slices.Clip(events))
	x.script.Check(err)
}

// notices has the provider tell what became of mails.
func (x *seeding) notices() {
	var notices []store.Notice
	for i, number := range x.numbers[:x.n["sent"]] {
		p, err := x.PersonByNumber(x.ctx, number)
		x.script.Check(err)
		_, domain, _ := strings.Cut(p.Email, "@")
		n := store.Notice{
			Run: x.id, Person: number, Campaign: x.content.Campaign.Name, Provider: "p" + strconv.Itoa(i), State: store.Sent, Sent: x.at, Address: p.Email, Domain: domain,
			Event: store.Event{At: x.at, Person: number, Run: x.id},
		}
		for kind, why := range map[string]store.Suppression{
			store.EventBounce: {Reason: store.Bounced, Detail: "General 5.1.1", At: x.at, Domain: domain}, store.EventComplaint: {Reason: store.Complained, At: x.at}, store.EventDelivery: {},
		} {
			if i < x.n[map[string]string{store.EventBounce: "bounced", store.EventComplaint: "complained", store.EventDelivery: "delivered"}[kind]] {
				n.Event.Kind, n.Event.Key, n.Suppress = kind, strconv.FormatInt(x.id, 10)+kind+n.Provider, why
				notices = append(notices, n)
			}
		}
	}
	_, err := x.TakeNotices(x.ctx, notices, store.Noticing{Judge: func(store.Mailed, []store.Event) {}})
	x.script.Check(err)
}
