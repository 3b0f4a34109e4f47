package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"germane/audience"
	"germane/schedule"
	"germane/send"
	"germane/store"
	"germane/worker"
)

// people and mails say numbers with their nouns.
func people(n int64) string { return plural(int(n), "person", "people") }

func mails(n int64) string { return plural(int(n), "mail", "mails") }

// progress returns what shows how far something is, on a terminal.
func (p *post) progress(what string) func(done, of int64) {
	var told time.Time
	return func(done, of int64) {
		if now := p.sys.now(); p.sys.color && now.Sub(told) > 100*time.Millisecond {
			told = now
			fmt.Fprintf(p.sys.stderr, "\r\x1b[K%s: %s of %s", what, thousands(int(done)), thousands(int(of)))
		}
	}
}

func (p *post) endLine() {
	if p.sys.color {
		fmt.Fprint(p.sys.stderr, "\r\x1b[K")
	}
}

// local writes a time as people here read it.
func (p *post) local(t time.Time) string {
	return t.In(p.w.Config.TimeZone).Format("2006-01-02 15:04 MST")
}

// describe says who would get what.
func (s *sendCommand) describe(out io.Writer) error {
	v := s.survey
	fmt.Fprintf(out, "campaign %s, template %s, by %s\n\n", s.campaign, s.template(), s.address.String())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  in the audience\t%s\tof %s\n", thousands(int(v.Members)), people(v.People))
	fmt.Fprintf(table, "  get the mail\t%s\t\n", thousands(int(v.Mail)))
	if v.HeldOut > 0 {
		fmt.Fprintf(table, "  held out\t%s\tto measure against\n", thousands(int(v.HeldOut)))
	}
	for _, reason := range v.Reasons() {
		fmt.Fprintf(table, "  skipped\t%s\t%s\n", thousands(int(v.Skipped[reason])), reason)
	}
	if v.Failed > 0 {
		fmt.Fprintf(table, "  cannot be made\t%s\t\n", thousands(int(v.Failed)))
	}
	for _, block := range v.Blocks {
		fmt.Fprintf(table, "  \t\t\n  %s\t\t\n", block.Block)
		for _, variant := range block.Variants {
			fmt.Fprintf(table, "    %s\t%s\t%s\n", variant.Variant, thousands(int(variant.People)), percent(variant.People, v.Mail))
		}
	}
	fmt.Fprint(table, "  \t\t\n")
	if v.Rendered > 0 {
		fmt.Fprintf(table, "  made\t%s\t%s on average, the largest %s\n", mails(v.Rendered), kilobytes(v.Bytes/v.Rendered), kilobytes(v.Largest))
	}
	for _, problem := range v.Problems {
		fmt.Fprintf(table, "  problem\t%s\t%s\n", problem.Person, problem.Text)
	}
	err := table.Flush()
	if s.warming != nil && s.warming.Last > s.warming.Today && err == nil {
		fmt.Fprintf(out, "  warming up: %s today, the last ones on %s; germane serve, or germane worker, sends each day's\n\n", mails(s.warming.Mails), s.warming.LastDate())
	}
	if next := s.comesDue(); next != "" && err == nil {
		fmt.Fprintf(out, "  it also comes due by itself, %s: without caps in germane.yaml people get both\n\n", next)
	}
	return err
}

// comesDue is when the campaign is sent by itself within a day; "" when it is not.
func (s *sendCommand) comesDue() string {
	campaign, _ := s.w.Campaign(s.campaign)
	if campaign.State != schedule.Live || campaign.Cadence == nil {
		return ""
	}
	zones, err := s.zones(context.Background())
	now := s.sys.now()
	if due := nextDue(campaign.Cadence.Timetable(s.w.Config.TimeZone, zones), now); err == nil && !due.IsZero() && due.Before(now.Add(24*time.Hour)) {
		return s.local(due)
	}
	return ""
}

func (s *sendCommand) template() string {
	campaign, _ := s.w.Campaign(s.campaign)
	return campaign.Template.S
}

func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

func kilobytes(n int64) string { return fmt.Sprintf("%.1f KB", float64(n)/1000) }

// surveyReport is the public form of `send --dry-run --json`.
type surveyReport struct {
	People   int64            `json:"people"`
	Members  int64            `json:"members"`
	Mail     int64            `json:"mail"`
	HeldOut  int64            `json:"held_out"`
	Skipped  map[string]int64 `json:"skipped"`
	Failed   int64            `json:"failed"`
	Largest  int64            `json:"largest_bytes"`
	Average  int64            `json:"average_bytes"`
	LastDay  string           `json:"last_day,omitempty"` // where warming up spreads the mails over several
	Problems []surveyProblem  `json:"problems"`
	Blocks   []surveyBlock    `json:"blocks"`
}

type surveyProblem struct {
	Person string `json:"person"`
	Text   string `json:"text"`
}

type surveyBlock struct {
	Block    string          `json:"block"`
	Variants []surveyVariant `json:"variants"`
}

type surveyVariant struct {
	Variant string `json:"variant"`
	People  int64  `json:"people"`
}

func surveyJSON(v *worker.Survey) surveyReport {
	r := surveyReport{
		People: v.People, Members: v.Members, Mail: v.Mail, HeldOut: v.HeldOut, Skipped: v.Skipped, Failed: v.Failed, Largest: v.Largest,
		Average: v.Bytes / max(v.Rendered, 1), Problems: []surveyProblem{}, Blocks: []surveyBlock{},
	}
	for _, p := range v.Problems {
		r.Problems = append(r.Problems, surveyProblem(p))
	}
	for _, b := range v.Blocks {
		block := surveyBlock{Block: b.Block}
		for _, variant := range b.Variants {
			block.Variants = append(block.Variants, surveyVariant(variant))
		}
		r.Blocks = append(r.Blocks, block)
	}
	return r
}

// follow works until a run is not running any more, and shows how far it is. Where another process works on the database, it only looks.
func (p *post) follow(ctx context.Context, run int64) error {
	release, mine, err := p.turn()
	if err != nil {
		return err
	}
	defer release()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	tell := &alerts{post: p}
	defer tell.wait()
	w := p.worker(tell)
	if mine {
		go func() { worked <- w.Work(ctx, false) }()
	} else {
		fmt.Fprint(p.sys.stderr, "another germane works on this database and sends it; ")
		worked <- nil
	}
	fmt.Fprintln(p.sys.stderr, "sending")
	err = p.watch(ctx, run, w)
	stop()
	return errors.Join(err, <-worked)
}

// watch returns when a run is not running any more.
func (p *post) watch(ctx context.Context, run int64, w *worker.Worker) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	defer p.endLine()
	told := ""
	for {
		r, err := p.see(ctx, run)
		if err != nil || r.State != store.RunRunning {
			return err
		}
		if held := heldBack(r, p.sys.now()); held != "" {
			p.endLine()
			fmt.Fprintf(p.sys.stderr, "the run %s; `germane serve` or `germane worker` goes on then\n", held)
			return nil
		}
		if p.sys.color {
			fmt.Fprintf(p.sys.stderr, "\r\x1b[K%s of %s", thousands(int(r.Planned-r.Waiting)), thousands(int(r.Planned)))
			if trouble := w.Trouble(); trouble != "" {
				fmt.Fprintf(p.sys.stderr, ", waiting: %.60s", trouble)
			}
		} else if trouble := w.Trouble(); trouble != "" && told == "" {
			told = trouble
			fmt.Fprintf(p.sys.stderr, "nothing leaves: %s; it is tried again until it does. `germane doctor` says more\n", trouble)
		}
		select {
		case <-ctx.Done():
			fmt.Fprintf(p.sys.stderr, "interrupted; `germane worker --drain` goes on\n")
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// see reads a run. While a database that others use is away it waits: what came of mails in flight is kept until then, and would be lost
// if this process ended.
func (p *post) see(ctx context.Context, run int64) (*store.Run, error) {
	for away := false; ; away = true {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
		r, err := p.store.Run(within, run)
		cancel()
		switch {
		case err == nil && away:
			fmt.Fprintln(p.sys.stderr, "the database answers again")
			return r, nil
		case err == nil:
			return r, nil
		case !p.shared() || errors.Is(err, store.ErrNotFound):
			return nil, err
		case errors.Is(err, store.ErrWentBack):
			return nil, notOpened(err)
		case !away:
			p.endLine()
			fmt.Fprintf(p.sys.stderr, "the database does not answer: nothing is sent until it does; then run %d goes on\n", run)
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(p.sys.stderr, "interrupted; `germane worker --drain` goes on")
			return nil, ctx.Err()
		case <-time.After(patience):
		}
	}
}

// lookTime is how long a database is waited for that says nothing.
const lookTime = 10 * time.Second

// report prints what became of a run.
func (s *sendCommand) report(ctx context.Context, id int64) error {
	ctx = context.WithoutCancel(ctx)
	r, err := s.store.Run(ctx, id)
	if err != nil {
		return err
	}
	reasons, err := s.store.Reasons(ctx, id)
	if err != nil {
		return err
	}
	if s.o.json {
		err = printJSON(s.sys.stdout, runJSON(r, reasons, s.sys.now()))
	} else {
		s.say(r)
	}
	if r.State == store.RunPaused || r.State == store.RunStopped {
		return errors.Join(err, hint(fmt.Errorf("the run is %s: %s", r.State, r.Note), fmt.Sprintf("`germane runs %d` says more; `germane runs resume %d` goes on", id, id)))
	}
	return err
}

func (s *sendCommand) say(r *store.Run) {
	var parts []string
	for _, part := range []struct {
		n    int64
		what string
	}{{r.Sent, "sent"}, {r.HeldOut, "held out"}, {r.Skipped, "skipped"}, {r.Failed, "failed"}, {r.InDoubt, "in doubt"}, {r.Waiting, "waiting"}} {
		if part.n > 0 {
			parts = append(parts, thousands(int(part.n))+" "+part.what)
		}
	}
	if r.Planned == 0 {
		fmt.Fprintf(s.sys.stdout, "run %d is %s: nobody is in the audience. `germane people import` brings people in, `germane matrix` says what is known of them\n", r.ID, r.State)
		return
	}
	if r.State == store.RunWaitingApproval {
		fmt.Fprintf(s.sys.stdout, "run %d waits for approval: %s wait\n", r.ID, people(r.Waiting))
		return
	}
	fmt.Fprintf(s.sys.stdout, "run %d is %s: %s of %s\n", r.ID, r.State, strings.Join(parts, ", "), thousands(int(r.Planned)))
	if s.address.Kind == send.OutboxKind && r.Sent > 0 {
		fmt.Fprintf(s.sys.stdout, "the mails are files in %s\n", s.address.Dir)
	}
	if r.State == store.RunSettling {
		fmt.Fprintf(s.sys.stdout, "nobody knows of %s whether they arrived; they are not sent again. `germane runs settle %d` decides it\n", mails(r.InDoubt), r.ID)
	}
}

// sendTest sends one person's mail to a colleague.
func (s *sendCommand) sendTest(ctx context.Context) error {
	to, problem := audience.MailableAddress(s.test)
	if problem != "" {
		return usageError{hint(fmt.Errorf("--test: %s", problem), "write: --test you@acme.example")}
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	if rules.Unarmed && !worker.Allowed(rules.Allowed, to) {
		return guardError{hint(errors.New("the database is not armed, and allow_recipients does not name this address"), "write it into allow_recipients in germane.yaml, or `germane arm`")}
	}
	person, now, err := s.viewer.resolve(s.sys, s.w)
	if err != nil {
		return err
	}
	version, err := worker.Deploy(ctx, s.store, s.w, s.sys.now())
	if err != nil {
		return err
	}
	content, err := s.contents.Campaign(ctx, version.Hash, s.campaign)
	if err != nil {
		return err
	}
	result, err := worker.TestMail(ctx, content, s.transport, s.keys, person.Stored(now), to, now)
	if err != nil {
		return err
	}
	if result.Outcome != send.Sent {
		return fmt.Errorf("the mail is %s: %s %s", result.Outcome, result.Code, result.Text)
	}
	fmt.Fprintf(s.sys.stdout, "sent as %s would get it, to %s\n", s.viewer.calling(person), to)
	if s.address.Kind == send.OutboxKind {
		fmt.Fprintf(s.sys.stdout, "nothing left this machine: it is the file %s in %s\n", result.ID, s.address.Dir)
	}
	return nil
}
