package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/store"
)

// told is a notice of a mail of the campaign that [fixture.run] makes.
func told(run, person int64, kind string, after time.Duration) store.Notice {
	return store.Notice{
		Run: run, Person: person, Campaign: "weekly", Provider: fmt.Sprint("m", person), State: store.Sent, Sent: noon,
		Address: fmt.Sprintf("p%d@acme.example", person-1), Domain: "acme.example",
		Event: store.Event{Key: fmt.Sprint(run, "/", person, "/", kind, "/", after), Kind: kind, Person: person, Run: run, At: noon.Add(after)},
	}
}

func bounced(run, person int64, after time.Duration) store.Notice {
	n := told(run, person, store.EventBounce, after)
	n.Suppress = store.Suppression{Reason: store.Bounced, Detail: "General 5.1.1", At: n.Event.At, Domain: n.Domain}
	return n
}

// twice calls somebody gone after two soft bounces with no delivery between.
func twice(events []store.Event) (since time.Time, ok bool) {
	n := 0
	for _, e := range events {
		if e.Kind != store.EventSoftBounce {
			n = 0
			continue
		}
		if n++; n == 2 {
			since, ok = e.At, true
		}
	}
	return since, ok && n >= 2
}

func (f *fixture) tell(notices ...store.Notice) []bool {
	f.t.Helper()
	known, err := f.TakeNotices(f.ctx, notices, store.Noticing{Judge: func(store.Mailed, []store.Event) {}, Soft: twice})
	f.must(err)
	return known
}

// reasons are those for which an address gets no mail.
func (f *fixture) reasons(person int64) string {
	f.t.Helper()
	all, err := f.SuppressionsOf(f.ctx, fmt.Sprintf("p%d@acme.example", person-1))
	f.must(err)
	var texts []string
	for _, s := range all {
		texts = append(texts, fmt.Sprint(s.Reason, " ", since(s.At)))
	}
	return strings.Join(texts, ", ")
}

func noticesSettle(t *testing.T, f *fixture) {
	run, p := f.run(8, 4)
	first, second := f.take(run, 0, noon), f.take(run, 1, noon)
	f.step(step(first, nil, claims(p[:4]...)), store.Claimed, store.Claimed, store.Claimed, store.Claimed)
	f.step(step(second, nil, append(claims(p[4:7]...), store.Decision{Person: p[7], State: store.Skipped, Reason: "cap"})), store.Claimed, store.Claimed, store.Claimed, store.Skipped)
	done := result(p[3], store.Sent)
	done.Provider = "m4"
	f.step(step(first, []store.Result{result(p[2], store.InDoubt), done}, nil))

	reject := told(run, p[1], store.EventReject, 0)
	reject.State, reject.Reason = store.Failed, "ses Reject"
	late := told(run, p[3], store.EventReject, 0)
	late.State, late.Reason = store.Failed, "ses Reject"
	other := told(run, p[4], store.EventDelivery, 0)
	other.Campaign = "other"
	another := told(run, p[3], "", 0)
	another.Provider = "another"
	got := f.tell(told(run, p[0], "", 0), reject, told(run, p[1], "", 0), told(run, p[2], store.EventDelivery, time.Second), late, other, another,
		told(run, p[7], "", 0), told(run, 99, "", 0), told(run+1, p[0], "", 0), told(run, p[5], store.EventDelivery, 0), told(run, p[5], store.EventDelivery, 0))
	if want := "[true true true true true false false false false false true true]"; fmt.Sprint(got) != want {
		t.Errorf("known are %v, want %s", got, want)
	}
	if row := f.wantRow(run, p[0], store.Sent, ""); row.Provider != "m1" || !row.Done.Equal(noon) {
		t.Errorf("settled as %+v", row)
	}
	f.wantRow(run, p[1], store.Failed, "ses Reject")
	f.wantRow(run, p[2], store.Sent, "")
	f.wantRow(run, p[3], store.Failed, "ses Reject") // it was taken, and never left
	f.wantRow(run, p[4], store.Claimed, "")
	f.wantRow(run, p[5], store.Sent, "")
	f.wantCounts(run, store.Counts{Planned: 8, Sent: 3, Failed: 2, Skipped: 1, Waiting: 2})
	if counts, err := f.NoticeCounts(f.ctx, noon.Add(-time.Hour)); err != nil || fmt.Sprintf("%+v", counts) != fmt.Sprintf("[{Run:%d Delivered:2 Bounced:0 Complained:0 Refused:0 Code:}]", run) {
		t.Errorf("counted %+v, %v", counts, err)
	}
	events, err := f.EventsOf(f.ctx, p[5], 10)
	f.must(err)
	if len(events) != 1 {
		t.Errorf("told twice of one delivery, there are %+v", events)
	}
	// A worker's own results come later, and change nothing.
	f.step(step(first, []store.Result{result(p[0], store.InDoubt), result(p[1], store.Sent)}, nil))
	f.wantRow(run, p[0], store.Sent, "")
	f.wantRow(run, p[1], store.Failed, "ses Reject")
}

func noticesSpare(t *testing.T, f *fixture) {
	run, p := f.run(4, 100)
	l := f.take(run, 0, noon)
	f.step(step(l, nil, claims(p...)), store.Claimed, store.Claimed, store.Claimed, store.Claimed)
	complaint := told(run, p[0], store.EventComplaint, time.Minute)
	complaint.Suppress, complaint.Withdraw = store.Suppression{Reason: store.Complained, Detail: "abuse", At: complaint.Event.At}, []string{"news"}
	refused := told(run, p[1], store.EventBounce, time.Minute)
	refused.Refused = "5.7.1"
	f.tell(complaint, refused, bounced(run, p[2], 3*time.Minute), bounced(run, p[2], 2*time.Minute))
	for i, want := range []string{"complained 1m0s", "", "bounced 2m0s", ""} {
		if got := f.reasons(p[i]); got != want {
			t.Errorf("person %d: %q, want %q", i, got, want)
		}
	}
	consents, err := f.ConsentsOf(f.ctx, p[0])
	f.must(err)
	if got := fmt.Sprint(consents["tips"].State, " ", consents["news"].State, " ", consents["tips"].Source); got != "unsubscribed unsubscribed complaint" {
		t.Errorf("whoever complained is %s", got)
	}
	counts, err := f.NoticeCounts(f.ctx, noon)
	f.must(err)
	if len(counts) != 1 || counts[0] != (store.NoticeCount{Run: run, Bounced: 3, Complained: 1, Refused: 1, Code: "5.7.1"}) {
		t.Errorf("counted %+v", counts)
	}
	if counts, err := f.NoticeCounts(f.ctx, noon.Add(time.Hour)); err != nil || len(counts) > 0 {
		t.Errorf("later there are %+v, %v", counts, err)
	}
	choices, err := f.EventChoices(f.ctx, run, store.EventBounce)
	f.must(err)
	if len(choices) != 1 || choices[0].People != 2 || string(choices[0].Choices) != "\x01\x02" || choices[0].State != store.Sent {
		t.Errorf("they saw %+v", choices)
	}
	// What was lifted stays lifted, if the same comes once more; somebody erased is spared each time.
	f.must(f.Readmit(f.ctx, "p2@acme.example", store.Readmission{At: noon.Add(time.Hour)}))
	f.must(f.Forget(f.ctx, "p3@acme.example", noon))
	f.tell(bounced(run, p[2], 2*time.Minute), bounced(run, p[3], 2*time.Minute))
	if got := f.reasons(p[2]) + "; " + f.reasons(p[3]); got != "; erased 0s, bounced 2m0s" {
		t.Errorf("now they are %s", got)
	}
	f.tell(bounced(run, p[2], 4*time.Minute))
	if got := f.reasons(p[2]); got != "bounced 4m0s" {
		t.Errorf("after another bounce: %s", got)
	}
}

func noticesSoft(t *testing.T, f *fixture) {
	run, p := f.run(2, 100)
	l := f.take(run, 0, noon)
	f.step(step(l, nil, claims(p...)), store.Claimed, store.Claimed)
	soft := func(after time.Duration) store.Notice { return told(run, p[0], store.EventSoftBounce, after) }
	want := func(why string) {
		t.Helper()
		if got := f.reasons(p[0]); got != why {
			t.Errorf("got %q, want %q", got, why)
		}
	}
	f.tell(soft(1 * time.Hour))
	want("")
	f.tell(soft(3 * time.Hour))
	want("soft bounces 3h0m0s")
	f.tell(told(run, p[0], store.EventDelivery, 2*time.Hour)) // between them, and told late
	want("")
	f.tell(soft(4*time.Hour), soft(5*time.Hour))
	want("soft bounces 4h0m0s")
	f.must(f.Readmit(f.ctx, "p0@acme.example", store.Readmission{At: noon.Add(6 * time.Hour)}))
	want("")
	f.tell(soft(7 * time.Hour))
	want("")
	f.tell(soft(8 * time.Hour))
	want("soft bounces 8h0m0s")
	f.tell(told(run, p[0], store.EventDelivery, 9*time.Hour))
	want("")
}

func quarantine(t *testing.T, f *fixture) {
	run, p := f.run(40, 100)
	l := f.take(run, 0, noon)
	wanted := make([]store.DeliveryState, len(p))
	for i := range wanted {
		wanted[i] = store.Claimed
	}
	f.step(step(l, nil, claims(p...)), wanted...)
	f.tell(bounced(run, p[0], -time.Minute), bounced(run, p[1], 0), bounced(run, p[2], 0), bounced(run, p[3], 0), bounced(run, p[4], 0))
	for _, person := range p[6:20] {
		f.tell(told(run, person, store.EventDelivery, time.Minute))
	}
	if got := f.reasons(p[1]); got != "bounced 0s" { // four of 18, and one in the hour before
		t.Errorf("before: %s", got)
	}
	f.tell(bounced(run, p[5], 59*time.Minute))
	f.tell(told(run, p[20], store.EventDelivery, time.Minute))
	untold, err := f.UntoldQuarantines(f.ctx)
	f.must(err)
	if fmt.Sprint(untold) != fmt.Sprint([]store.DomainHour{{Domain: "acme.example", Hour: noon, Told: 20, Bounced: 5}}) {
		t.Errorf("untold are %+v", untold)
	}
	if untold, err := f.UntoldQuarantines(f.ctx); err != nil || len(untold) > 0 {
		t.Errorf("told again: %+v, %v", untold, err)
	}
	if got := f.reasons(p[0]) + ", " + f.reasons(p[1]); got != "bounced -1m0s, quarantined 0s" {
		t.Errorf("in quarantine: %s", got)
	}
	if !f.byEmail("p1@acme.example").Suppressed {
		t.Error("somebody in quarantine would be mailed")
	}
	kept, err := f.Quarantined(f.ctx, "")
	f.must(err)
	if len(kept) != 5 || kept[4].Person != p[5] || kept[4].Detail != "General 5.1.1" || kept[4].Domain != "acme.example" || !kept[4].At.Equal(noon.Add(59*time.Minute)) {
		t.Errorf("kept are %+v", kept)
	}
	if other, err := f.Quarantined(f.ctx, "other.example"); err != nil || len(other) > 0 {
		t.Errorf("of another domain: %+v, %v", other, err)
	}
	f.must(f.Forget(f.ctx, "p5@acme.example", noon))
	if n, err := f.EndQuarantine(f.ctx, "acme.example", true); err != nil || n != 4 {
		t.Errorf("released %d, %v", n, err)
	}
	if got := f.reasons(p[0]) + ", " + f.reasons(p[1]) + ", " + f.reasons(p[5]); got != "bounced -1m0s, , erased 0s, bounced 59m0s" {
		t.Errorf("released: %s", got)
	}
	f.tell(bounced(run, p[21], 0))
	if n, err := f.EndQuarantine(f.ctx, "acme.example", false); err != nil || n != 1 || f.reasons(p[21]) != "bounced 0s" {
		t.Errorf("decided %d: %s, %v", n, f.reasons(p[21]), err)
	}
	// Many more deliveries, and it was not the domain after all.
	f.tell(bounced(run, p[22], 0))
	if got := f.reasons(p[22]); got != "quarantined 0s" {
		t.Errorf("one more: %s", got)
	}
	var many []store.Notice
	for i := range 120 {
		n := told(run, p[30], store.EventDelivery, time.Duration(i)*time.Second)
		many = append(many, n)
	}
	f.tell(many...)
	if got := f.reasons(p[22]); got != "bounced 0s" {
		t.Errorf("among many: %s", got)
	}
}

// quarantineLasts: whoever is kept back because of a domain stays so until somebody decides, however long that takes.
func quarantineLasts(t *testing.T, f *fixture) {
	run, p := f.run(40, 100)
	wanted := slices.Repeat([]store.DeliveryState{store.Claimed}, len(p))
	f.step(step(f.take(run, 0, noon), nil, claims(p...)), wanted...)
	for _, person := range p[:5] {
		f.tell(bounced(run, person, 0))
	}
	for _, person := range p[5:30] {
		f.tell(told(run, person, store.EventDelivery, 0))
	}
	f.tell(told(run, p[30], store.EventDelivery, 40*24*time.Hour))
	if kept, err := f.Quarantined(f.ctx, ""); err != nil || len(kept) != 5 {
		t.Errorf("after 40 days kept are %+v, %v", kept, err)
	}
}

// noticesInAnyOrder: the same notices, shuffled, twice and in batches of any size, leave the same.
func noticesInAnyOrder(t *testing.T, f *fixture) {
	const people = 60
	run, p := f.run(people, people)
	chance := rand.New(rand.NewPCG(1, 2))
	var first string
	for round := range 4 {
		if round > 0 {
			run = f.another(fmt.Sprint(round), p, people)
		}
		l := f.take(run, 0, noon)
		wanted := make([]store.DeliveryState, people)
		for i := range wanted {
			wanted[i] = store.Claimed
		}
		f.step(step(l, nil, claims(p...)), wanted...)
		at := time.Duration(round) * 10 * 24 * time.Hour // each round in hours of its own
		var notices []store.Notice
		for i, person := range p {
			for _, n := range []store.Notice{told(run, person, "", at), told(run, person, store.EventDelivery, at+time.Minute), bounced(run, person, at+time.Duration(i)*time.Minute), told(run, person, store.EventSoftBounce, at+time.Hour), told(run, person, store.EventSoftBounce, at+time.Duration(i)*2*time.Minute)} {
				if n.Provider = fmt.Sprint("m", person); n.Event.Kind == store.EventReject {
					n.State = store.Failed
				}
				if keep := (i*7 + len(n.Event.Kind)) % 3; keep != 0 {
					notices = append(notices, n)
				}
			}
			if i%10 == 0 {
				n := told(run, person, store.EventReject, at)
				n.State, n.Reason = store.Failed, "ses Reject"
				notices = append(notices, n)
			}
		}
		if round > 0 {
			notices = append(notices, notices[:len(notices)/2]...)
			chance.Shuffle(len(notices), func(i, j int) { notices[i], notices[j] = notices[j], notices[i] })
		}
		for len(notices) > 0 {
			n := min(len(notices), 1+chance.IntN(20))
			f.tell(notices[:n]...)
			notices = notices[n:]
		}
		state := f.noticed(run, p, at)
		if round == 0 {
			first = state
		} else if state != first {
			t.Fatalf("round %d left\n%s\nand in order it is\n%s", round, state, first)
		}
		for _, person := range p {
			if err := f.Readmit(f.ctx, fmt.Sprintf("p%d@acme.example", person-1), store.Readmission{At: noon.Add(at + 5*24*time.Hour)}); err != nil && f.reasons(person) != "" {
				t.Fatal(err)
			}
			_, err := f.AddEvents(f.ctx, []store.Event{{At: noon.Add(at + 5*24*time.Hour), Kind: store.EventReadmit, Person: person}})
			f.must(err)
		}
	}
}

// noticed is all that notices of a run left, with times since a time after noon.
func (f *fixture) noticed(run int64, p []int64, from time.Duration) string {
	f.t.Helper()
	var lines []string
	for _, person := range p {
		row, err := f.Delivery(f.ctx, run, person, 0)
		f.must(err)
		line := fmt.Sprint(person, " ", row.State, " ", row.Reason, " ", row.Provider)
		all, err := f.SuppressionsOf(f.ctx, fmt.Sprintf("p%d@acme.example", person-1))
		f.must(err)
		for _, s := range all {
			line += fmt.Sprint(" ", s.Reason, s.Detail, s.At.Sub(noon.Add(from)))
		}
		lines = append(lines, line)
	}
	events, err := f.EventCounts(f.ctx, run)
	f.must(err)
	counts, err := f.NoticeCounts(f.ctx, noon.Add(from-time.Hour))
	f.must(err)
	counts = slices.DeleteFunc(counts, func(c store.NoticeCount) bool { return c.Run != run })
	r, err := f.Run(f.ctx, run)
	f.must(err)
	for i := range counts {
		counts[i].Run = 0
	}
	return strings.Join(lines, "\n") + fmt.Sprintf("\n%+v\n%+v\n%+v", events, counts, r.Counts)
}
