package send

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// clockOf is a time that a test makes pass.
type clockOf struct{ now time.Time }

func (c *clockOf) pass(d time.Duration) { c.now = c.now.Add(d) }

func newClock() *clockOf { return &clockOf{time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)} }

// fill sends as fast as a sender may for a time, to addresses by turns, and says when mails departed, by domain.
func (c *clockOf) fill(d *Domains, perSecond int, during time.Duration, addresses ...string) map[string][]time.Time {
	sent := map[string][]time.Time{}
	for i := range int(during.Seconds() * float64(perSecond)) {
		to := addresses[i%len(addresses)]
		at, ok := c.now, true
		if limited := d.Of(to, c.now); limited != nil {
			at, ok = limited.Take(c.now, ahead)
		}
		if ok {
			d.Goes(to, c.now)
			sent[domainOf(to)] = append(sent[domainOf(to)], at)
		}
		c.pass(time.Second / time.Duration(perSecond))
	}
	return sent
}

func TestDomainsKeepTheirRates(t *testing.T) {
	t.Parallel()
	c, d := newClock(), NewDomains(map[string]float64{"Gmail.com": 20, "yahoo.com": 5})
	wanted := func(part float64, others int) {
		t.Helper()
		sent := c.fill(d, 100, time.Minute, "a@gmail.com", "b@yahoo.com", "c@mail.example")
		for name, want := range map[string]float64{"gmail.com": 1200 * part, "yahoo.com": 300 * part, "mail.example": float64(others)} {
			if n := float64(len(sent[name])); n < want*0.98 || n > want*1.01+4 {
				t.Errorf("%v mails to %s in a minute, want %v", n, name, want)
			}
		}
		for i, at := range sent["gmail.com"][1:] {
			if apart := at.Sub(sent["gmail.com"][i]); apart < seconds(1/(20*part))-credit {
				t.Errorf("two mails to gmail.com are %v apart", apart)
			}
		}
	}
	wanted(1, 2000)
	d.Share(0.25)
	c.pass(time.Minute)
	wanted(0.25, 2000)
	d.AtMost(0.5)
	c.pass(time.Minute)
	wanted(0.25, 2000)
	if _, ok := d.Of("a@yahoo.com", c.now).Take(c.now.Add(-10*time.Millisecond), 0); ok {
		t.Error("a mail departs that is to wait")
	}
	d.AtMost(0)
	if again, ok := d.Of("a@gmail.com", c.now).Take(c.now.Add(time.Minute), ahead); ok || !again.After(c.now) {
		t.Error("who has no part of a limit takes some")
	}
}

// TestDomainsOfBusyWorkers: who looks only now and then claims ahead, and misses nothing.
func TestDomainsOfBusyWorkers(t *testing.T) {
	t.Parallel()
	c, random := newClock(), rand.New(rand.NewPCG(1, 1))
	d := NewDomains(map[string]float64{"gmail.com": 40})
	begin, n, last := c.now, 0, c.now
	for c.now.Sub(begin) < time.Minute {
		for at, ok := d.Of("a@gmail.com", c.now).Take(c.now, ahead); ok; at, ok = d.Of("a@gmail.com", c.now).Take(c.now, ahead) {
			if at.Before(last) || at.After(c.now.Add(ahead)) {
				t.Fatalf("a mail departs at %v, after one at %v", at, last)
			}
			n, last = n+1, at
		}
		c.pass(time.Duration(random.Int64N(int64(150 * time.Millisecond))))
	}
	if n < 2390 || n > 2410 {
		t.Errorf("%d mails in a minute at 40/s", n)
	}
}

func TestDomainsThatPushBack(t *testing.T) {
	t.Parallel()
	c, d := newClock(), NewDomains(map[string]float64{"gmail.com": 64})
	speed := func(to string, least, most float64) {
		t.Helper()
		domain := d.Of(to, c.now)
		if domain == nil {
			t.Fatalf("nothing limits %s", to)
		}
		domain.booked = time.Time{}
		first, then := domain.Book(100, c.now), domain.Book(100, c.now)
		if got := 100 / then.Sub(first).Seconds(); got < least || got > most || !first.Equal(c.now) {
			t.Errorf("%s is sent to at %v/s", to, got)
		}
	}
	if d.PushedBack("a@gmail.com", c.now) {
		t.Error("one domain is the sender's fault")
	}
	speed("b@gmail.com", 32, 32)
	c.fill(d, 120, 10*time.Second, "a@mail.example", "b@other.example", "c@mail.example") // 80/s and 40/s
	for range 5 {
		if d.PushedBack("a@mail.example", c.now) {
			t.Error("one domain is the sender's fault")
		}
	}
	speed("x@mail.example", 36, 41) // after 80/s
	if d.Of("b@other.example", c.now) != nil {
		t.Error("a domain that said nothing is slowed down")
	}
	d.Share(0.5)
	speed("x@mail.example", 36, 41) // this worker alone found out
	c.pass(settle)
	d.PushedBack("a@mail.example", c.now)
	speed("x@mail.example", 18, 24)
	c.pass(settle + recovery/2)
	speed("x@mail.example", 36, 41)
	speed("a@gmail.com", 32, 32)
	d.Of("a@gmail.com", c.now).Book(1_000_000, c.now)
	if turn := d.Of("a@gmail.com", c.now).Book(1, c.now); turn.Sub(c.now) != mostBooked {
		t.Errorf("the next turn is in %v", turn.Sub(c.now))
	}
	d.PushedBack("a@silent.example", c.now) // to which nothing went lately
	speed("a@silent.example", 0.5, 0.5)
	c.pass(shyFor + 1)
	if d.Of("x@mail.example", c.now) != nil || d.Of("a@silent.example", c.now) != nil || len(d.shy) != 0 {
		t.Error("domains are remembered for ever")
	}
}

func TestManyDomainsThatPushBackAreTheSendersMatter(t *testing.T) {
	t.Parallel()
	c, d := newClock(), NewDomains(nil)
	push := func(to string) bool { return d.PushedBack(to, c.now) }
	if push("a@a.example") || push("b@a.example") || push("b@b.example") || !push("c@c.example") || !push("a@a.example") {
		t.Error("three domains at once are the sender's matter, two are not")
	}
	c.pass(settle)
	if push("a@a.example") || push("b@b.example") {
		t.Error("a burst is remembered for too long")
	}
}

// TestHostileDomains: an audience of domains that nobody has seen before, many of which push back, is not remembered, and none of them
// stops for good.
func TestHostileDomains(t *testing.T) {
	t.Parallel()
	random, c := rand.New(rand.NewPCG(5, 6)), newClock()
	d := NewDomains(map[string]float64{"gmail.com": 20})
	for i := range 20_000 {
		to := fmt.Sprintf("a@d%d.example", random.IntN(1+i))
		if i%10 == 0 {
			to = "a@gmail.com"
		}
		if domain := d.Of(to, c.now); domain != nil {
			if again, ok := domain.Take(c.now, ahead); !ok && again.Sub(c.now) > 5*time.Second {
				t.Fatalf("%s waits for %v", to, again.Sub(c.now))
			}
		}
		d.Goes(to, c.now)
		if random.IntN(3) == 0 {
			d.PushedBack(to, c.now)
		}
		c.pass(time.Duration(random.Int64N(int64(10 * time.Millisecond))))
	}
	if len(d.shy) != mostShy || len(d.count) > mostCounted || len(d.before) > mostCounted || len(d.listed) != 1 || len(d.pushing) > mostPushing {
		t.Errorf("%d, %d, %d and %d domains are remembered", len(d.shy), len(d.count), len(d.before), len(d.listed))
	}
	d.PushedBack("a@latest.example", c.now)
	if d.Of("a@latest.example", c.now) == nil {
		t.Error("the latest is forgotten first")
	}
}

func TestDomainsMakeNoGarbage(t *testing.T) {
	c, d := newClock(), NewDomains(map[string]float64{"gmail.com": math.MaxInt32})
	d.PushedBack("a@mail.example", c.now)
	if n := testing.AllocsPerRun(1000, func() {
		for _, to := range []string{"a@gmail.com", "b@mail.example", "c@other.example"} {
			if domain := d.Of(to, c.now); domain != nil {
				domain.Take(c.now, ahead)
			}
			d.Goes(to, c.now)
		}
		c.pass(time.Millisecond)
	}); n > 0 {
		t.Errorf("%v allocations for three mails", n)
	}
}
