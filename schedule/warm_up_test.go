package schedule

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestWarmUpMost(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, test := range []struct {
		every time.Duration
		want  []int64
	}{
		{day, []int64{200, 400, 800, 1600, 3200}},
		{2 * day, []int64{200, 200, 400, 400, 800}},
		{7 * day, []int64{200, 200, 200, 200, 200, 200, 200, 400}},
		{36 * time.Hour, []int64{200, 200, 400, 800, 800, 1600}},
		{12 * time.Hour, []int64{200, 800, 3200}},
	} {
		w := WarmUp{Start: 200, DoubleEvery: test.every}
		for nth, want := range test.want {
			if got := w.Most(nth); got != want {
				t.Errorf("every %s, day %d: %d mails, want %d", test.every, nth, got, want)
			}
		}
		if w.Most(-3) != 200 || w.Most(1_000_000) != NoLimit {
			t.Errorf("every %s: %d before the first day, %d in the end", test.every, w.Most(-3), w.Most(1_000_000))
		}
	}
}

// TestWarmUpGrants: whoever takes grants until there are none has the day's mails exactly, after a bounded number of them, and nothing
// ever shrinks from one day to the next.
func TestWarmUpGrants(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		w := WarmUp{Start: 1 + random.Int64N(5000), DoubleEvery: time.Hour + time.Duration(random.Int64N(int64(20*24*time.Hour)))}
		nth := random.IntN(40)
		most := w.Most(nth)
		if most > w.Most(nth+1) || most < w.Start {
			t.Fatalf("%+v: %d mails on day %d, %d on the next", w, most, nth, w.Most(nth+1))
		}
		if most == NoLimit {
			continue
		}
		granted, grants := int64(0), int64(0)
		for n := w.Grant(nth, granted); n > 0; n = w.Grant(nth, granted) {
			granted, grants = granted+n, grants+1
		}
		if granted != most || grants > 200 {
			t.Fatalf("%+v: %d of %d mails in %d grants on day %d", w, granted, most, grants, nth)
		}
		if n := w.Grant(nth, most+5); n != 0 {
			t.Fatalf("%+v: %d more are granted than there are", w, n)
		}
	}
}

// TestWarmUpLast: the days up to the last one have room for all mails, and those before it have not.
func TestWarmUpLast(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		w := WarmUp{Start: 1 + random.Int64N(300), DoubleEvery: time.Duration(6+random.IntN(72)) * time.Hour}
		nth, mails := random.IntN(5), random.Int64N(50_000)
		granted := random.Int64N(2 * w.Most(nth))
		last := w.Last(mails, nth, granted)
		room := func(until int) (n int64) {
			for day := nth; day <= until; day++ {
				n += w.Most(day)
			}
			return n - min(granted, w.Most(nth))
		}
		if room(last) < mails || last > nth && room(last-1) >= mails {
			t.Fatalf("%+v: %d mails from day %d, %d of which are taken, last until day %d", w, mails, nth, granted, last)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/London", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Kiritimati", "America/Havana"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		moment := time.Date(2017, 10, 1, 0, 30, 0, 0, time.UTC) // in Brazil clocks were put forward at midnight
		for range 24 * 60 {
			day := DayOf(moment, zone)
			begins, ends := day.Begins(zone), (day + 1).Begins(zone)
			if moment.Before(begins) || !moment.Before(ends) || DayOf(begins, zone) != day || DayOf(ends.Add(-time.Second), zone) != day {
				t.Fatalf("%s: day %d from %s to %s, at %s", name, day, begins, ends, moment)
			}
			if begins.In(zone).Format(time.DateOnly) != moment.In(zone).Format(time.DateOnly) {
				t.Fatalf("%s: %s is not on %s", name, moment.In(zone), begins.In(zone))
			}
			if at := day.At(moment, zone); at.After(moment) || moment.Sub(at) > time.Hour { // of a time that is there twice it is the first
				t.Fatalf("%s: %s on its own day is %s", name, moment.In(zone), at.In(zone))
			}
			next := (day + 1).At(moment, zone)
			if DayOf(next, zone) != day+1 || next.Sub(moment) < 22*time.Hour || next.Sub(moment) > 26*time.Hour {
				t.Fatalf("%s: a day after %s is %s", name, moment.In(zone), next.In(zone))
			}
			moment = moment.Add(30 * time.Minute)
		}
	}
	if DayOf(time.Date(1969, 12, 31, 23, 59, 0, 0, time.UTC), time.UTC) != -1 {
		t.Error("the day before the first is not -1")
	}
}
