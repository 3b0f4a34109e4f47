package engine

import (
	"cmp"
	"slices"
	"time"

	"germane/store"
)

// Tallies adds up what notices count, so that a row is written once for many of them.
type Tallies struct {
	Newest time.Time
	slots  map[SlotCount]int64
	hours  map[hour]*store.DomainHour
}

// SlotCount names a count of a run; Mails is its number.
type SlotCount struct {
	Slot  int64 // milliseconds
	Run   int64
	Kind  string
	Code  string
	Mails int64
}

type hour struct {
	domain string
	at     int64
}

// NewTallies counts nothing yet.
func NewTallies() *Tallies {
	return &Tallies{slots: map[SlotCount]int64{}, hours: map[hour]*store.DomainHour{}}
}

// Add counts a notice whose event is new.
func (t *Tallies) Add(n *store.Notice) {
	at := n.Event.At
	if at.After(t.Newest) {
		t.Newest = at
	}
	slot := SlotCount{Slot: at.Truncate(store.NoticeSlot).UnixMilli(), Run: n.Run, Kind: n.Event.Kind}
	told := slot.Kind == store.EventDelivery || slot.Kind == store.EventBounce
	if told || slot.Kind == store.EventComplaint {
		t.slots[slot]++
	}
	if n.Refused != "" {
		slot.Kind, slot.Code = store.CountRefused, n.Refused
		t.slots[slot]++
	}
	if n.Domain == "" || !told {
		return
	}
	key := hour{n.Domain, at.Truncate(time.Hour).UnixMilli()}
	h := t.hours[key]
	if h == nil {
		h = &store.DomainHour{Domain: n.Domain, Hour: at.Truncate(time.Hour)}
		t.hours[key] = h
	}
	h.Told++
	if n.Event.Kind == store.EventBounce {
		h.Bounced++
	}
}

// Slots returns counts of runs in their order, so that no two writers wait for each other.
func (t *Tallies) Slots() []SlotCount {
	all := make([]SlotCount, 0, len(t.slots))
	for s, mails := range t.slots {
		s.Mails = mails
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b SlotCount) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Code, b.Code))
	})
	return all
}

// Hours returns counts of domains in their order.
func (t *Tallies) Hours() []store.DomainHour {
	all := make([]store.DomainHour, 0, len(t.hours))
	for _, h := range t.hours {
		all = append(all, *h)
	}
	slices.SortFunc(all, func(a, b store.DomainHour) int {
		return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Domain, b.Domain))
	})
	return all
}

// NoticeCounts adds up counts that are sorted by run.
func NoticeCounts(slots []SlotCount) []store.NoticeCount {
	var all []store.NoticeCount
	most := int64(0)
	for _, s := range slots {
		if len(all) == 0 || all[len(all)-1].Run != s.Run {
			all, most = append(all, store.NoticeCount{Run: s.Run}), 0
		}
		c := &all[len(all)-1]
		switch s.Kind {
		case store.EventDelivery:
			c.Delivered += s.Mails
		case store.EventBounce:
			c.Bounced += s.Mails
		case store.EventComplaint:
			c.Complained += s.Mails
		case store.CountRefused:
			if c.Refused += s.Mails; s.Mails > most {
				c.Code, most = s.Code, s.Mails
			}
		}
	}
	return all
}

// Concerns reports whether a notice is of the mail that a row stands for.
func Concerns(n *store.Notice, state store.DeliveryState, campaign, provider string) bool {
	mailed := state != store.Skipped && state != store.HeldOut
	return mailed && campaign == n.Campaign && (provider == "" || provider == n.Provider)
}

// SourceComplaint is how a withdrawal came about that a complaint asked for.
const SourceComplaint = "complaint"

// Union returns named texts, and others that are not among them.
func Union(named, others []string) []string {
	all := slices.Clone(named)
	for _, other := range others {
		if !slices.Contains(named, other) {
			all = append(all, other)
		}
	}
	return all
}

// MostSoft is how many of a person's events are looked at for soft bounces: the newest.
const MostSoft = 200
