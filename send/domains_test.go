package send

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// fill sends as fast as a sender may for a time, to addresses by turns, and counts by domain.
func fill(d *Domains, perSecond int, during time.Duration, addresses ...string) map[string]int {
	sent := map[string]int{}
	for i := range int(during.Seconds() * float64(perSecond)) {
		to := addresses[i%len(addresses)]
		if limit := d.Of(to); limit == nil || limit.Take() {
			d.Goes(to)
			sent[domainOf(to)]++
		}
		time.Sleep(time.Second / time.Duration(perSecond))
	}
	return sent
}

func TestDomainsKeepTheirRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := NewDomains(map[string]float64{"Gmail.com": 20, "yahoo.com": 5})
		sent := fill(d, 1000, time.Minute, "a@gmail.com", "b@yahoo.com", "c@mail.example")
		for domain, want := range map[string]int{"gmail.com": 1200, "yahoo.com": 300, "mail.example": 20000} {
			if n := sent[domain]; n < want*98/100 || n > want*101/100 {
				t.Errorf("%d mails to %s in a minute, want %d", n, domain, want)
			}
		}
		d.Share(0.25)
		time.Sleep(time.Second)
		sent = fill(d, 1000, time.Minute, "a@gmail.com", "b@yahoo.com")
		if n := sent["gmail.com"]; n < 298 || n > 302 {
			t.Errorf("%d mails at a quarter of 20/s", n)
		}
		if n := sent["yahoo.com"]; n < 74 || n > 77 {
			t.Errorf("%d mails at a quarter of 5/s", n)
		}
	})
}

func TestDomainsThatPushBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := NewDomains(map[string]float64{"gmail.com": 64})
		speed := func(to string) float64 { return d.Of(to).PerSecond() }
		if d.PushedBack("a@gmail.com") || speed("b@gmail.com") != 32 {
			t.Errorf("gmail.com is sent to at %v/s", speed("b@gmail.com"))
		}
		fill(d, 120, 10*time.Second, "a@mail.example", "b@other.example", "c@mail.example") // 80/s and 40/s
		for range 5 {
			if d.PushedBack("a@mail.example") {
				t.Error("one domain is the sender's fault")
			}
		}
		if got := speed("x@mail.example"); got < 36 || got > 41 {
			t.Errorf("mail.example is sent to at %v/s after 80/s", got)
		}
		if d.Of("b@other.example") != nil {
			t.Error("a domain that said nothing is slowed down")
		}
		time.Sleep(settle)
		d.PushedBack("a@mail.example")
		if got := speed("x@mail.example"); got < 18 || got > 24 {
			t.Errorf("mail.example is sent to at %v/s after it pushed back twice", got)
		}
		time.Sleep(2 * recovery)
		if got := speed("x@mail.example"); got < 70 || got > 81 {
			t.Errorf("mail.example is sent to at %v/s in the end", got)
		}
		time.Sleep(shyFor)
		if d.Of("x@mail.example") != nil || len(d.shy) != 0 {
			t.Error("a domain is remembered for ever")
		}
		if speed("a@gmail.com") != 64 {
			t.Errorf("gmail.com is sent to at %v/s in the end", speed("a@gmail.com"))
		}
		d.PushedBack("a@silent.example") // to which nothing went lately
		if got := speed("a@silent.example"); got != 0.5 {
			t.Errorf("silent.example is sent to at %v/s", got)
		}
	})
}

func TestManyDomainsThatPushBackAreTheSendersMatter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := NewDomains(nil)
		if d.PushedBack("a@a.example") || d.PushedBack("b@a.example") || d.PushedBack("b@b.example") || !d.PushedBack("c@c.example") || !d.PushedBack("a@a.example") {
			t.Error("three domains at once are the sender's matter, two are not")
		}
		time.Sleep(settle)
		if d.PushedBack("a@a.example") || d.PushedBack("b@b.example") {
			t.Error("a burst is remembered for too long")
		}
	})
}

// TestHostileDomains: an audience of domains that nobody has seen before, many of which push back, is not remembered.
func TestHostileDomains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(5, 6))
		d := NewDomains(map[string]float64{"gmail.com": 20})
		for i := range 20_000 {
			to := fmt.Sprintf("a@d%d.example", i)
			if i%10 == 0 {
				to = "a@gmail.com"
			}
			d.Of(to)
			d.Goes(to)
			if random.IntN(3) == 0 {
				d.PushedBack(to)
			}
			time.Sleep(time.Millisecond)
		}
		if len(d.shy) > mostShy || len(d.count) > mostCounted || len(d.before) > mostCounted || len(d.rates) != 1 || len(d.pushing) > mostPushing {
			t.Errorf("%d, %d, %d and %d domains are remembered", len(d.shy), len(d.count), len(d.before), len(d.rates))
		}
		if d.Of("a@d19997.example") == nil && d.Of("a@d19998.example") == nil && d.Of("a@d19999.example") == nil && len(d.shy) < mostShy {
			t.Error("the latest are forgotten first")
		}
	})
}

func TestDomainsMakeNoGarbage(t *testing.T) {
	d := NewDomains(map[string]float64{"gmail.com": 1e6})
	d.PushedBack("a@mail.example")
	if n := testing.AllocsPerRun(1000, func() {
		for _, to := range []string{"a@gmail.com", "b@mail.example", "c@other.example"} {
			if limit := d.Of(to); limit != nil {
				limit.Take()
			}
			d.Goes(to)
		}
	}); n > 0 {
		t.Errorf("%v allocations for three mails", n)
	}
}
