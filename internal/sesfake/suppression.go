package sesfake

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Suppressed is an entry of the account's suppression list: SES takes a mail to it, and bounces that by itself.
type Suppressed struct {
	Address string
	Reason  string // BOUNCE or COMPLAINT
	At      time.Time
}

// Suppress puts addresses on the account's suppression list.
func (s *Server) Suppress(all ...Suppressed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range all {
		s.suppress(entry)
	}
}

func (s *Server) suppress(entry Suppressed) {
	if s.suppressed == nil {
		s.suppressed = map[string]Suppressed{}
	}
	s.suppressed[strings.ToLower(entry.Address)] = entry
}

// suppressFor puts a recipient on the list by what became of a mail, as SES does with addresses that are not its simulator's.
func (s *Server) suppressFor(m *Mail, fate Fate) {
	reason := map[Fate]string{Bounces: "BOUNCE", Complains: "COMPLAINT"}[fate]
	if reason != "" && !s.account.ListsNobody && !strings.HasSuffix(strings.ToLower(m.To), "@"+simulator) {
		s.suppress(Suppressed{m.To, reason, m.At})
	}
}

// suppressedAfter returns a page of the list, by address, and whether there are more.
func (s *Server) suppressedAfter(after string, since time.Time, reasons []string, size int) (page []Suppressed, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range slices.Sorted(maps.Keys(s.suppressed)) {
		entry := s.suppressed[address]
		if address <= after || entry.At.Before(since) || len(reasons) > 0 && !slices.Contains(reasons, entry.Reason) {
			continue
		}
		if len(page) == size {
			return page, true
		}
		page = append(page, entry)
	}
	return page, false
}
