package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"germane/check"
	"germane/internal/finding"
	"germane/workspace"
)

// build is the workspace as its files were at some time. It never changes.
type build struct {
	number   int64                // grows with every change; also from one start of the program to the next
	good     *workspace.Workspace // the last one without errors; nil: there was none yet
	findings []finding.Finding    // of the files as they are, which may be worse
	broken   bool                 // they have errors
	proved   bool                 // findings hold what is proved of them, too
}

// workshop builds the workspace whenever its files change, and tells those who watch.
type workshop struct {
	load func() (*workspace.Workspace, []finding.Finding)

	mu       sync.Mutex
	current  *build
	watchers map[chan *build]bool
}

func newWorkshop(load func() (*workspace.Workspace, []finding.Finding), now func() time.Time) *workshop {
	s := &workshop{load: load, watchers: map[chan *build]bool{}, current: &build{number: now().UnixMilli()}}
	s.read()
	s.prove()
	return s
}

func (s *workshop) now() *build {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// read reads the files. What can be shown is shown at once; proofs, which take longer, follow when there is time.
func (s *workshop) read() {
	w, findings := s.load()
	next := &build{number: s.now().number + 1, good: w, findings: findings, broken: w == nil || finding.HasErrors(findings)}
	if next.broken {
		next.good = s.now().good
		s.publish(next)
		return
	}
	s.publish(next)
}

// prove adds what is proved of the workspace as a whole.
func (s *workshop) prove() {
	current := s.now()
	if current.broken || current.proved {
		return
	}
	proved := *current
	proved.number, proved.proved = current.number+1, true
	proved.findings = finding.Sort(append(slices.Clone(current.findings), check.Workspace(current.good)...))
	s.publish(&proved)
}

func (s *workshop) publish(b *build) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = b
	for watcher := range s.watchers {
		select {
		case <-watcher: // what it did not take yet is old
		default:
		}
		watcher <- b
	}
}

// maxWatchers bounds how many pages may watch at once.
const maxWatchers = 64

// watch returns a channel that gets the newest build, starting with this one; nil when too many watch.
func (s *workshop) watch() chan *build {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.watchers) >= maxWatchers {
		return nil
	}
	watcher := make(chan *build, 1)
	watcher <- s.current
	s.watchers[watcher] = true
	return watcher
}

func (s *workshop) leave(watcher chan *build) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, watcher)
}

// events tells a page of every build, as server-sent events.
func (p *Preview) events(w http.ResponseWriter, r *http.Request) {
	watcher := p.workshop.watch()
	if watcher == nil {
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer p.workshop.leave(watcher)
	w.Header().Set("Content-Type", "text/event-stream")
	stream := http.NewResponseController(w)
	if stream.SetWriteDeadline(time.Time{}) != nil { // it stays open for as long as the page
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case b := <-watcher:
			data, err := json.Marshal(map[string]any{"build": b.number, "broken": b.broken})
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "event: build\ndata: %s\n\n", data); err != nil || stream.Flush() != nil {
				return
			}
		}
	}
}
