package schedule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRecurringRollout(t *testing.T) {
	t.Parallel()
	c := &Campaign{Name: "weekly", Rollout: Rollout{Steps: []float64{0.05, 0.25, 1}}}
	now := at(t, "2027-03-01 09:00")
	for _, test := range []struct {
		name    string
		p       Progress
		content string
		want    Move
	}{
		{"first", Progress{Step: -1}, "a", Move{Take: true}},
		{"second", Progress{Step: 0, Content: "a"}, "a", Move{Step: 1, Take: true}},
		{"last", Progress{Step: 1, Content: "a"}, "a", Move{Step: 2, Take: true}},
		{"everybody from now on", Progress{Step: 2, Content: "a"}, "a", Move{Step: 2}},
		{"changed content", Progress{Step: 2, Content: "a"}, "b", Move{Take: true, Again: true}},
		{"stopped", Progress{Step: 1, Content: "a", Stopped: true}, "a", Move{Step: 1, Blocked: true}},
		{"stopped, and changed", Progress{Step: 1, Content: "a", Stopped: true}, "b", Move{Take: true, Again: true}},
		{"cannot be judged yet", Progress{Step: 1, Content: "a", Waits: true}, "a", Move{Step: 1}},
		{"fewer steps than there were", Progress{Step: 7, Content: "a"}, "a", Move{Step: 2, Take: true}},
	} {
		test.p.At = now.Add(-time.Hour)
		if got := c.Move(test.p, test.content, now); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
	if got := (&Campaign{}).Move(Progress{Step: -1}, "a", now); got != (Move{}) {
		t.Errorf("without a rollout: got %+v", got)
	}
}

func TestOneOffRollout(t *testing.T) {
	t.Parallel()
	c := &Campaign{Name: "news", Rollout: Rollout{Steps: []float64{0.1, 0.5, 1}, Wait: 4 * time.Hour}}
	p, now := Progress{Step: -1}, at(t, "2027-03-01 09:00")
	var got []string
	for range 10 {
		m := c.Move(p, "a", now)
		got = append(got, fmt.Sprintf("%s %d %v", now.Format("15:04"), m.Step, m.Take))
		if m.Take {
			p = Progress{Step: m.Step, Content: "a", At: now}
		}
		if m.Next.IsZero() {
			break
		}
		now = m.Next
		if m.Step == 0 { // a long downtime skips no step
			now = now.Add(10 * time.Hour)
		}
	}
	if want := "09:00 0 true, 23:00 1 true, 03:00 2 true"; strings.Join(got, ", ") != want {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
	early := c.Move(Progress{Content: "a", At: now}, "a", now.Add(time.Minute))
	if early != (Move{Next: now.Add(4 * time.Hour)}) {
		t.Errorf("too early: got %+v", early)
	}
	waits := c.Move(Progress{Content: "a", At: now, Waits: true}, "a", now.Add(4*time.Hour))
	if waits != (Move{Next: now.Add(4*time.Hour + noticePause)}) {
		t.Errorf("waits: got %+v", waits)
	}
}

// TestParts checks that parts have the size they should, hold the smaller ones, and are independent of each other.
func TestParts(t *testing.T) {
	t.Parallel()
	c := &Campaign{Name: "weekly", Holdout: 0.1, Rollout: Rollout{Steps: []float64{0.05, 0.25, 1}}}
	global, held := GlobalHoldout(0.05), c.HeldOut()
	const people = 100_000
	var counts [6]int
	for i := range people {
		id := "u" + strconv.Itoa(i)
		for step := range 2 {
			if c.InStep(step).Has(id) && !c.InStep(step+1).Has(id) {
				t.Fatalf("%s is in step %d and not in the next", id, step)
			}
		}
		for n, in := range []bool{global.Has(id), held.Has(id), c.InStep(0).Has(id), c.InStep(1).Has(id), c.InStep(2).Has(id), held.Has(id) && c.InStep(1).Has(id)} {
			if in {
				counts[n]++
			}
		}
	}
	for n, want := range []float64{0.05, 0.1, 0.05, 0.25, 1, 0.025} {
		if got := float64(counts[n]) / people; math.Abs(got-want) > 0.004 {
			t.Errorf("part %d: %.4f, want %.4f", n, got, want)
		}
	}
	// Fixed for ever: these people are held out on any machine and in any version.
	var fixed []string
	for i := range 100 {
		if id := "u" + strconv.Itoa(i); held.Has(id) {
			fixed = append(fixed, id)
		}
	}
	if got := strings.Join(fixed, " "); got != "u1 u4 u5 u10 u11 u37 u41 u50 u57 u81 u82 u87" {
		t.Errorf("held out are %s", got)
	}
	if a, b := JitterDraw("weekly", "u1"), JitterDraw("offers", "u1"); a == b || a != JitterDraw("weekly", "u1") || a < 0 || a >= 1 {
		t.Errorf("places after quiet hours: %v and %v", a, b)
	}
	if GlobalHoldout(0).Has("u1") || c.InStep(-1) != c.InStep(0) || !c.InStep(9).Has("u1") {
		t.Error("the ends")
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	r := Rollout{StopIf: []StopRule{{Signal: Complaints, Above: 0.001}, {Signal: Bounces, Above: 0.03}, {Signal: Fallback, Above: 0.6}, {Signal: RenderErrors, Above: 0.01}}}
	for _, test := range []struct {
		name string
		s    Signals
		want string
	}{
		{"nothing happened", Signals{}, ""},
		{"65% fallback", Signals{Sent: 500, Choices: 1000, Fallback: 650}, "fallback: 65% of 1000 block choices, above the limit of 60%"},
		{"60% fallback", Signals{Sent: 500, Choices: 1000, Fallback: 600}, ""},
		{"too few choices", Signals{Sent: 19, Choices: 19, Fallback: 19}, ""},
		{"just enough", Signals{Sent: 20, Choices: 20, Fallback: 13}, "fallback: 65% of 20 block choices, above the limit of 60%"},
		{"nothing can be rendered", Signals{RenderErrors: 20}, "render_errors: 100% of 20 messages, above the limit of 1%"},
		{"two complaints are chance", Signals{Sent: 500, Complaints: 2}, ""},
		{"three are not", Signals{Sent: 500, Complaints: 3}, "complaints: 0.6% of 500 messages, above the limit of 0.1%"},
		{"bounces", Signals{Sent: 1000, Bounces: 31}, "bounces: 3.1% of 1000 messages, above the limit of 3%"},
		{"bounces within the limit", Signals{Sent: 1000, Bounces: 30}, ""},
	} {
		if got := r.Stop(test.s); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	if got := r.Waits(Signals{Sent: 500, Notices: 10}); got != "complaints cannot be judged yet: the provider told of 10 of 500 messages" {
		t.Errorf("got %q", got)
	}
	if got := r.Waits(Signals{Sent: 500, Notices: 250}); got != "" {
		t.Errorf("got %q", got)
	}
	own := Rollout{StopIf: r.StopIf[2:]}
	if got := own.Waits(Signals{Sent: 500}); got != "" {
		t.Errorf("what we see ourselves needs no notices: got %q", got)
	}
}

func TestApproval(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		expect   Expect
		audience int64
		last     []int64
		want     string
	}{
		{Expect{}, 0, nil, ""},
		{Expect{}, 5_000_000, nil, ""},
		{Expect{Least: 1000, Most: 5000}, 1000, nil, ""},
		{Expect{Least: 1000, Most: 5000}, 999, nil, "the audience is 999 people, and at least 1000 are expected"},
		{Expect{Least: 1000, Most: 5000}, 5001, []int64{5001}, "the audience is 5001 people, and at most 5000 are expected"},
		{Expect{Least: 1000}, 50_000, nil, ""},
		{Expect{}, 2000, []int64{1000, 1000, 1000, 1000, 1}, ""},
		{Expect{}, 2001, []int64{1000, 1000, 1000, 1000, 90_000}, "the audience is 2001 people, more than twice the 1000 that the last runs had"},
		{Expect{}, 500, []int64{900, 1100}, ""},
		{Expect{}, 499, []int64{900, 1100}, "the audience is 499 people, less than half of the 1000 that the last runs had"},
		{Expect{}, 1, []int64{0}, "the audience is 1 people, more than twice the 0 that the last runs had"},
		{Expect{}, 0, []int64{0, 0}, ""},
		{Expect{}, 0, []int64{1, 0}, "the audience is 0 people, less than half of the 0.5 that the last runs had"},
	} {
		if got := test.expect.Approval(test.audience, test.last); got != test.want {
			t.Errorf("%+v, %d after %v: got %q, want %q", test.expect, test.audience, test.last, got, test.want)
		}
	}
}
