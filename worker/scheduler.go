package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"germane/schedule"
	"germane/store"
	"germane/workspace"
)

// Scheduler makes the runs of live campaigns when they come due. Any number of them may look at one store: an occurrence has one run.
type Scheduler struct {
	Store    store.Store
	Contents *Contents
	Now      func() time.Time
	Log      *slog.Logger
	Alert    func(Alert) // nil: nobody wants to know
	Wake     func()      // tells a worker that there is a run; nil: it looks by itself
	Carrier  Carrier     // brings the chunks of runs that were made; nil: workers look for them
}

const (
	// lookAgain is how often it is looked whether something else was deployed, or paused, or somebody came from another time zone.
	lookAgain = 10 * time.Second
	// lookAtZones is how often people's zones are counted.
	lookAtZones = 10 * time.Minute
)

// Run looks whenever something is due, until the context ends.
func (s *Scheduler) Run(ctx context.Context) {
	l := &lookout{}
	for ctx.Err() == nil {
		if err := s.look(ctx, l); err != nil && ctx.Err() == nil {
			s.Log.Error("plan what is due", "err", err)
		}
		wait := lookAgain
		if until := l.wake.Sub(s.Now()); !l.wake.IsZero() && until < wait {
			wait = max(until, time.Millisecond)
		}
		_ = pause(ctx, nil, wait)
	}
}

// Once makes the runs that are due now.
func (s *Scheduler) Once(ctx context.Context) error { return s.look(ctx, &lookout{}) }

// lookout is what a scheduler remembers from one look to the next.
type lookout struct {
	version string
	states  string
	zones   []*time.Location
	counted time.Time // when the zones were
	wake    time.Time // when something is due next; zero: nothing is known to be
}

// look makes the runs that are due by now. It does nothing while nothing changed and nothing is due.
func (s *Scheduler) look(ctx context.Context, l *lookout) error {
	hash, err := s.Store.CurrentVersion(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	states, err := s.Store.CampaignStates(ctx)
	if err != nil {
		return err
	}
	now := s.Now()
	known := fmt.Sprint(states)
	if hash == l.version && known == l.states && now.Sub(l.counted) < lookAtZones && (l.wake.IsZero() || now.Before(l.wake)) {
		return nil
	}
	w, err := s.Contents.Workspace(ctx, hash)
	if err != nil {
		return err
	}
	if err := s.countZones(ctx, l, w, now); err != nil {
		return err
	}
	l.version, l.states, l.wake = hash, known, time.Time{}
	if err := s.campaigns(ctx, l, w, states); err != nil {
		l.version = "" // look again soon
		return err
	}
	states, err = s.Store.CampaignStates(ctx)
	l.states = fmt.Sprint(states)
	return err
}

// campaigns looks at each of them. What is wrong with one is no reason to leave out the others.
func (s *Scheduler) campaigns(ctx context.Context, l *lookout, w *workspace.Workspace, states map[string]store.CampaignState) error {
	var errs []error
	live := map[string]bool{}
	for _, c := range w.Campaigns {
		if c.State != schedule.Live || c.Cadence == nil {
			continue
		}
		live[c.Name] = true
		wake, err := s.campaign(ctx, l.version, c, c.Cadence.Timetable(w.Config.TimeZone, l.zones), states[c.Name])
		if err != nil {
			errs = append(errs, fmt.Errorf("campaign %s: %w", c.Name, err))
		}
		if !wake.IsZero() && (l.wake.IsZero() || wake.Before(l.wake)) {
			l.wake = wake
		}
	}
	for name, state := range states {
		if state.Cadence != "" && !live[name] { // what comes due while it is a draft is not made up for
			errs = append(errs, s.Store.PlannedUntil(ctx, name, "", time.Time{}))
		}
	}
	return errors.Join(errs...)
}

func (s *Scheduler) countZones(ctx context.Context, l *lookout, w *workspace.Workspace, now time.Time) error {
	counts, err := s.Store.ZoneCounts(ctx)
	if err != nil {
		return err
	}
	l.zones, l.counted = nil, now
	for zone := range schedule.NewZones(w.Config.TimeZone).InUse(counts) {
		l.zones = append(l.zones, zone)
	}
	return nil
}

// campaign makes a campaign's runs that are due, and says when the next one is.
func (s *Scheduler) campaign(ctx context.Context, hash string, c *schedule.Campaign, t *schedule.Timetable, state store.CampaignState) (wake time.Time, err error) {
	times, until := c.Cadence.Times(), state.PlannedUntil
	if state.Cadence != times {
		until = time.Time{} // other due times: what they would have been before is not made up for
	}
	plan := t.Plan(until, s.Now())
	missed, err := s.plan(ctx, hash, c.Name, &plan, state.Paused)
	if err != nil {
		return wake, err
	}
	if err := s.missed(ctx, hash, c.Name, missed, plan.Older); err != nil {
		return wake, err
	}
	if state.Cadence != times || len(plan.Due)+len(missed) > 0 || plan.Until.Sub(until) >= time.Minute {
		err = s.Store.PlannedUntil(ctx, c.Name, times, plan.Until)
	}
	return plan.Wake, err
}

// plan makes the runs of what is due, and returns what is not sent.
func (s *Scheduler) plan(ctx context.Context, hash, campaign string, plan *schedule.Plan, paused bool) ([]schedule.Missed, error) {
	missed := plan.Missed
	for i := range plan.Due {
		why := WhyPaused
		if !paused {
			var err error
			if why, err = s.due(ctx, hash, campaign, &plan.Due[i], plan.Begins); err != nil {
				return nil, err
			}
		}
		if why != "" {
			missed = append(missed, schedule.Missed{Occurrence: plan.Due[i], Why: why})
		}
	}
	for i := range missed {
		if paused {
			missed[i].Why = WhyPaused
		}
	}
	return missed, nil
}

// Missed begins the note of a cancelled run that stands for an occurrence nobody is mailed for. The reason follows.
const Missed = "missed: "

// Reasons of that, beside those of schedule.
const (
	WhyPaused  = "the campaign is paused" // whoever pauses a campaign does not want its mail later
	WhyStopped = "the rollout was stopped; change the campaign and deploy it, or resume the stopped run"
	// WhyLimit begins one of a limit that was passed after the last step was sent; the figures follow.
	WhyLimit = "the rollout's last step passed a limit: "
)

// missed writes down occurrences that nobody is mailed for, so that they are seen. older are more than can be told one by one.
func (s *Scheduler) missed(ctx context.Context, hash, campaign string, missed []schedule.Missed, older int) error {
	now := s.Now()
	var alert Alert
	var last *schedule.Missed
	n := older
	for i := range missed {
		m := &missed[i]
		id, err := s.Store.CreateRun(ctx, store.Run{
			Campaign: campaign, Occurrence: m.Key, Version: hash, State: store.RunCancelled, Note: Missed + m.Why, Cut: true, Due: m.Earliest, Created: now, Finished: now,
		}, nil)
		if errors.Is(err, store.ErrExists) {
			continue
		}
		if err != nil {
			return err
		}
		s.Log.Warn("an occurrence is not sent", "campaign", campaign, "run", id, "due", m.Key, "reason", m.Why)
		if m.Why != WhyPaused {
			n++
			alert = Alert{campaign, id, AlertMissed, fmt.Sprintf("%s, due %s, is not sent: %s", campaign, m.Key, m.Why)}
			last = m
		}
	}
	if older > 0 {
		s.Log.Warn("occurrences are not sent", "campaign", campaign, "more", older)
	}
	if last == nil {
		return nil
	}
	if n > 1 { // after a long downtime there are many
		alert.Text = fmt.Sprintf("%d occurrences of %s are not sent, the last due %s: %s", n, campaign, last.Key, last.Why)
	}
	s.alert(alert)
	return nil
}

// due makes the run of an occurrence, or says why there is none.
func (s *Scheduler) due(ctx context.Context, hash, campaign string, o *schedule.Occurrence, begins bool) (missed string, err error) {
	content, err := s.Contents.Campaign(ctx, hash, campaign)
	if err != nil {
		return "", err
	}
	now := s.Now()
	move, why, err := s.rollout(ctx, content, now)
	if err != nil {
		return "", err
	}
	if move.Blocked {
		return why, nil
	}
	when := When{Due: o.Earliest, Planned: now, Occurrence: o}
	if begins {
		when.From = now
	}
	survey, err := NewSurvey(ctx, s.Store, content, Surveying{When: when, Rules: Rules{Step: move.Step}, Now: s.Now})
	if err != nil {
		return "", err
	}
	approval, err := Approval(ctx, s.Store, content, survey.Members, now)
	if err != nil {
		return "", err
	}
	order := Order{Campaign: campaign, Occurrence: o.Key, Version: hash, Due: o.Earliest, Step: move.Step, Approval: approval}
	id, err := Plan(ctx, s.Store, order, survey, now)
	if errors.Is(err, store.ErrExists) {
		return "", nil
	}
	if err == nil && move.Take {
		err = s.Store.TakeStep(ctx, campaign, content.Workspace.CampaignContent(campaign), move.Step, now)
	}
	if err == nil {
		s.planned(ctx, &order, id, survey.Members)
	}
	return "", err
}

// planned tells of a new run.
func (s *Scheduler) planned(ctx context.Context, o *Order, id, members int64) {
	s.Log.Info("run planned", "campaign", o.Campaign, "run", id, "due", o.Occurrence, "planned", members)
	if o.Approval != "" {
		s.alert(Alert{Campaign: o.Campaign, Run: id, What: AlertApproval, Text: fmt.Sprintf("run %d of %s waits for approval: %s", id, o.Campaign, o.Approval)})
	}
	if s.Carrier != nil {
		if err := OfferReady(ctx, s.Store, s.Carrier, s.Now()); err != nil {
			s.Log.Warn("a run's chunks are not in the queue: workers look for them", "run", id, "err", err)
		}
	}
	if s.Wake != nil {
		s.Wake()
	}
}

// rollout says which step of a rollout an occurrence takes, and why none. A one-off begins with the first, and goes through all of them
// within its run.
func (s *Scheduler) rollout(ctx context.Context, c *Content, now time.Time) (move schedule.Move, why string, err error) {
	switch {
	case len(c.Campaign.Rollout.Steps) == 0:
		return schedule.Move{}, "", nil
	case stepwise(c.Campaign):
		return schedule.Move{Take: true}, "", nil
	}
	progress, why, err := progressOf(ctx, s.Store, c.Campaign)
	return c.Campaign.Move(progress, c.Workspace.CampaignContent(c.Campaign.Name), now), why, err
}

func (s *Scheduler) alert(a Alert) {
	if s.Alert != nil {
		s.Alert(a)
	}
}

// Approval says why somebody should look at a run before it starts: too much of what was sent before came back, its audience is not what
// was expected or what it used to be, or what is known about people is older than the campaign wants. "" when nobody must.
func Approval(ctx context.Context, s store.Store, c *Content, members int64, now time.Time) (string, error) {
	if why, err := held(ctx, s, c); why != "" || err != nil {
		return why, err
	}
	runs, err := s.Runs(ctx, store.RunFilter{Campaign: c.Campaign.Name})
	if err != nil {
		return "", err
	}
	var last []int64
	for _, r := range runs {
		if (r.State == store.RunFinished || r.State == store.RunSettling) && !r.Manual {
			last = append(last, r.Planned)
		}
	}
	expect := &c.Campaign.Expect
	if why := expect.Approval(members, last); why != "" || expect.DataWithin == 0 {
		return why, nil
	}
	imported, err := s.LastImport(ctx)
	switch age := now.Sub(imported); {
	case err != nil:
		return "", err
	case imported.IsZero():
		return "nothing was ever imported, and data_within is " + expect.DataWithin.String(), nil
	case age > expect.DataWithin:
		return fmt.Sprintf("the last import was %s ago, and data_within is %s", age.Round(time.Minute), expect.DataWithin), nil
	}
	return "", nil
}
