package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"germane/blocks"
	"germane/schedule"
	"germane/store"
)

// breakers stop campaigns, and senders, of whose mail too much comes back. What is stopped is written into the store's switches: the
// runs that come later wait for somebody's approval, and whoever gives it has seen the figures, so that counting begins anew.
type breakers struct {
	worker *Worker
	looked time.Time
	runs   map[int64]origin // what never changes of a run
}

// origin is whose run it is.
type origin struct{ campaign, sender string }

// Held begins the name of a switch that is on while a campaign's runs wait for somebody; HeldSender those of a sender.
const (
	Held       = "held campaign "
	HeldSender = "held sender "
)

// AlertBounces is what alerts about a domain's bounces are about.
const AlertBounces = "quarantine"

// look is asked at every tick: it reads few rows while nothing is wrong.
func (b *breakers) look(ctx context.Context) error {
	w := b.worker
	now := w.clock()
	if w.Breaker == (schedule.Breaker{}) || now.Sub(b.looked) < tick && !b.looked.IsZero() {
		return nil
	}
	b.looked = now
	if err := b.quarantines(ctx); err != nil {
		return err
	}
	counts, err := w.Store.NoticeCounts(ctx, now.Add(-schedule.BreakerWindow))
	if err != nil {
		return err
	}
	var all schedule.Told
	for i := range counts {
		all.Add(toldOf(&counts[i]))
	}
	if !w.Breaker.Worth(all) {
		return nil
	}
	return b.judge(ctx, counts, now)
}

func toldOf(c *store.NoticeCount) schedule.Told {
	return schedule.Told{Mails: c.Delivered + c.Bounced, Bounced: c.Bounced, Complained: c.Complained, Refused: c.Refused, Code: c.Code}
}

// quarantines tells of domains to which more mails bounced than their mailboxes explain.
func (b *breakers) quarantines(ctx context.Context) error {
	hours, err := b.worker.Store.UntoldQuarantines(ctx)
	for i := range hours {
		h := &hours[i]
		text := fmt.Sprintf("%d of %d mails to %s bounced for good in the hour from %s UTC, which says more of the domain than of the mailboxes; nobody there is mailed until `germane people quarantine %s` decides it",
			h.Bounced, h.Told, h.Domain, h.Hour.UTC().Format("2006-01-02 15:04"), h.Domain)
		b.worker.Log.Warn(text)
		b.worker.alert(Alert{What: AlertBounces, Text: text})
	}
	return err
}

// pool is the runs that are judged together: a campaign's, or a sender's.
type pool struct {
	name   string // of its switch
	sender string
	what   string // in words
	told   schedule.Told
	runs   map[int64]schedule.Told
	trip   func(schedule.Told) (schedule.Trip, bool)
}

func (p *pool) add(run int64, t schedule.Told) {
	p.told.Add(t)
	p.runs[run] = t
}

// judge looks at senders first: they stop more.
func (b *breakers) judge(ctx context.Context, counts []store.NoticeCount, now time.Time) error {
	switches, err := b.worker.Store.Switches(ctx)
	if err != nil {
		return err
	}
	pools, err := b.pools(ctx, counts)
	if err != nil {
		return err
	}
	held := map[string]bool{} // senders
	for _, p := range pools {
		s := switches[p.name]
		stopped := s.On
		switch {
		case s.On:
			_, err = b.stop(ctx, p, s.Note)
		case !held[p.sender]: // what is refused has bounced, too, and is no fault of the campaign's
			stopped, err = b.try(ctx, p, now, schedule.Since(now, s.At, store.NoticeSlot))
		}
		if err != nil {
			return err
		}
		if p.name == HeldSender+p.sender {
			held[p.sender] = stopped
		}
	}
	return nil
}

// pools sorts counts of runs by sender and by campaign.
func (b *breakers) pools(ctx context.Context, counts []store.NoticeCount) ([]*pool, error) {
	var senders, campaigns []*pool
	known := map[string]*pool{}
	add := func(all *[]*pool, p pool, run int64, told schedule.Told) {
		if known[p.name] == nil {
			p.runs = map[int64]schedule.Told{}
			known[p.name] = &p
			*all = append(*all, &p)
		}
		known[p.name].add(run, told)
	}
	for i := range counts {
		from, err := b.origin(ctx, counts[i].Run)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		told := toldOf(&counts[i])
		add(&campaigns, pool{name: Held + from.campaign, sender: from.sender, what: "campaign " + from.campaign, trip: b.worker.Breaker.Campaign}, counts[i].Run, told)
		if from.sender != "" {
			add(&senders, pool{name: HeldSender + from.sender, sender: from.sender, what: "mail from " + from.sender, trip: b.worker.Breaker.Sender}, counts[i].Run, told)
		}
	}
	return append(senders, campaigns...), nil
}

// mostOrigins bounds what is remembered; a worker sees fewer runs in months.
const mostOrigins = 10_000

func (b *breakers) origin(ctx context.Context, run int64) (origin, error) {
	if from, ok := b.runs[run]; ok {
		return from, nil
	}
	r, err := b.worker.Store.Run(ctx, run)
	if err != nil {
		return origin{}, err
	}
	if b.runs == nil || len(b.runs) >= mostOrigins {
		b.runs = map[int64]origin{}
	}
	from := origin{campaign: r.Campaign}
	content, err := b.worker.Contents.Campaign(ctx, r.Version, r.Campaign)
	switch {
	case err == nil:
		from.sender = content.from
	case !errors.Is(err, ErrFormat) && !unusable(err) && !errors.Is(err, store.ErrNotFound):
		return from, err
	}
	b.runs[run] = from
	return from, nil
}

// try stops a pool of which too much came back.
func (b *breakers) try(ctx context.Context, p *pool, now, since time.Time) (stopped bool, err error) {
	if since.After(now.Add(-schedule.BreakerWindow)) {
		if err := b.recount(ctx, p, since); err != nil {
			return false, err
		}
	}
	// What was handed over is more than what providers told of, so the share is this one at most.
	probe := p.told
	probe.Mails = max(probe.Mails, schedule.FewestMails)
	if _, tripped := p.trip(probe); !tripped {
		return false, nil
	}
	told, err := b.handedOver(ctx, p, now, since)
	if err != nil {
		return false, err
	}
	trip, tripped := p.trip(told)
	if !tripped {
		return false, nil
	}
	return true, b.hold(ctx, p, trip, now)
}

// recount leaves out what somebody has seen and decided about.
func (b *breakers) recount(ctx context.Context, p *pool, since time.Time) error {
	counts, err := b.worker.Store.NoticeCounts(ctx, since)
	all := p.runs
	p.told, p.runs = schedule.Told{}, map[int64]schedule.Told{}
	for i := range counts {
		if _, ours := all[counts[i].Run]; ours {
			p.add(counts[i].Run, toldOf(&counts[i]))
		}
	}
	return err
}

// handedOver counts the mails that came back of: of runs that began within the time, or are over, all of them, told of or not, as a
// provider may be set to tell only of what goes wrong, and complaints come when most deliveries were told of a day ago. Of runs that go on
// for longer, those that were told of, and not only in the same hours.
func (b *breakers) handedOver(ctx context.Context, p *pool, now, since time.Time) (sum schedule.Told, err error) {
	earlier := map[int64]int64{}
	if !since.After(now.Add(-schedule.BreakerWindow)) {
		if earlier, err = b.toldOfSince(ctx, since.Add(-schedule.BreakerWindow)); err != nil {
			return sum, err
		}
	}
	for run, told := range p.runs {
		r, err := b.worker.Store.Run(ctx, run)
		if err != nil {
			return sum, err
		}
		if told.Mails = max(told.Mails, earlier[run]); !r.Started.Before(since) || r.State != store.RunRunning {
			told.Mails = max(told.Mails, r.Sent+r.InDoubt)
		}
		sum.Add(told)
	}
	return sum, nil
}

// toldOfSince is how many mails of runs providers told of.
func (b *breakers) toldOfSince(ctx context.Context, since time.Time) (map[int64]int64, error) {
	counts, err := b.worker.Store.NoticeCounts(ctx, since)
	mails := map[int64]int64{}
	for i := range counts {
		mails[counts[i].Run] = toldOf(&counts[i]).Mails
	}
	return mails, err
}

// hold stops what runs, and has what comes later wait.
func (b *breakers) hold(ctx context.Context, p *pool, trip schedule.Trip, now time.Time) error {
	w := b.worker
	worst := p.worst(trip.Signal)
	why := trip.Text
	variant, err := standsOut(ctx, w.Store, worst, trip.Signal)
	if err != nil {
		return err
	}
	if variant != "" {
		why += "; " + variant
	}
	if err := w.Store.Turn(ctx, p.name, store.Switch{On: true, At: now, Note: why}); err != nil {
		return err
	}
	stopped, err := b.stop(ctx, p, why)
	if err == nil && stopped == 0 {
		text := fmt.Sprintf("%s is stopped: %s; its next run waits for somebody's approval", p.what, why)
		w.Log.Warn(text, "run", worst)
		w.alert(Alert{b.runs[worst].campaign, worst, AlertStopped, text})
	}
	return err
}

// worst is the run that most of what a limit is on came of.
func (p *pool) worst(signal schedule.Signal) (run int64) {
	most := int64(-1)
	for id, told := range p.runs {
		n := map[schedule.Signal]int64{schedule.Complaints: told.Complained, schedule.Bounces: told.Bounced, schedule.Refused: told.Refused}[signal]
		if n > most || n == most && id > run {
			run, most = id, n
		}
	}
	return run
}

// stop stops a pool's runs, and returns how many there were.
func (b *breakers) stop(ctx context.Context, p *pool, why string) (stopped int, err error) {
	open, err := b.worker.Store.Runs(ctx, store.RunFilter{Open: true, Limit: manyRuns})
	for _, r := range open {
		if r.State != store.RunRunning {
			continue
		}
		from, err := b.origin(ctx, r.ID)
		if err != nil {
			return stopped, err
		}
		if Held+from.campaign != p.name && HeldSender+from.sender != p.name {
			continue
		}
		b.worker.halt(r.ID, store.RunStopped, fmt.Sprintf("%s; `germane runs resume %d` sends the rest all the same", why, r.ID))
		stopped++
	}
	return stopped, err
}

// standsOut names the variant of a run that goes most with what came back; "" when none does.
func standsOut(ctx context.Context, s store.Store, run int64, signal schedule.Signal) (string, error) {
	kind, what := store.EventBounce, "bounces"
	if signal == schedule.Complaints {
		kind, what = store.EventComplaint, "complaints"
	}
	variants, err := s.RunVariants(ctx, run)
	if err != nil {
		return "", err
	}
	names := map[place]string{}
	for _, v := range variants {
		names[place{v.Pin, uint16(v.BlockNumber), uint8(v.Number)}] = v.BlockName + "/" + v.VariantName
	}
	mailed, err := s.ChoiceCounts(ctx, run)
	if err != nil {
		return "", err
	}
	back, err := s.EventChoices(ctx, run, kind)
	if err != nil {
		return "", err
	}
	seen := map[string]*schedule.Seen{}
	mails, err := count(mailed, names, seen, func(v *schedule.Seen, n int64) { v.Mails += n })
	if err != nil {
		return "", err
	}
	came, err := count(back, names, seen, func(v *schedule.Seen, n int64) { v.Back += n })
	var all []schedule.Seen
	for _, v := range seen {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b schedule.Seen) int { return cmp.Compare(a.Name, b.Name) })
	return schedule.StandsOut(all, mails, came, what), err
}

// place is where a choice's name stands.
type place struct {
	pin     int
	block   uint16
	variant uint8
}

// count adds rows of who was mailed to the variants that they saw.
func count(rows []store.ChoiceCount, names map[place]string, seen map[string]*schedule.Seen, add func(v *schedule.Seen, n int64)) (people int64, err error) {
	for i := range rows {
		c := &rows[i]
		if c.State != store.Sent && c.State != store.InDoubt {
			continue
		}
		choices, err := blocks.Unpack(c.Choices)
		if err != nil {
			return people, err
		}
		people += c.People
		for _, choice := range choices {
			name, ok := names[place{c.Pin, choice.Block, choice.Variant}]
			if !ok {
				continue
			}
			if seen[name] == nil {
				seen[name] = &schedule.Seen{Name: name}
			}
			add(seen[name], c.People)
		}
	}
	return people, nil
}

// held says why a campaign's runs wait for somebody; "" when they do not.
func held(ctx context.Context, s store.Store, c *Content) (string, error) {
	switches, err := s.Switches(ctx)
	for _, name := range []string{HeldSender + c.from, Held + c.Campaign.Name} {
		if is := switches[name]; is.On {
			return "what was sent before was stopped: " + is.Note, err
		}
	}
	return "", err
}
