package track

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"germane/store"
	"germane/token"
)

// databaseWithin is how long a reader waits for the database.
const databaseWithin = 5 * time.Second

// click records a click and leads on. HEAD is how scanners and previews look where a link leads: it is shown that, and nothing counts.
func (s *Server) click(w http.ResponseWriter, r *http.Request, rest string) {
	c, ok := s.keys.Click(rest)
	if !ok {
		s.notFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), databaseWithin)
	defer cancel()
	l, err := s.links.find(ctx, c.Version, int(c.Message), c.Link)
	if errors.Is(err, store.ErrNotFound) {
		s.message(w, r, http.StatusNotFound)
		return
	}
	if err != nil {
		s.unavailable(w, r, "look up a link", err)
		return
	}
	target, ok := l.to(c.Values, s.site.LinkHosts)
	if !ok {
		s.log.Warn("a link leads outside link_hosts", "run", c.Run, "block", l.block, "variant", l.variant)
		s.message(w, r, http.StatusNotFound)
		return
	}
	if r.Method == http.MethodGet {
		e := s.event(store.EventClick, c.Delivery, r)
		e.Block, e.Variant, e.Link = l.block, l.variant, c.Link
		if len(c.Values) > 0 {
			e.Fields = item(rest)
		}
		s.record(e)
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

// item tells apart the addresses that a loop made of one link, for whoever looks whether they were followed all at once. It is the end
// of the values' MAC: it differs from delivery to delivery, and says nothing about the values.
func item(rest string) []byte {
	return []byte(`{"item":"` + rest[len(rest)-6:] + `"}`)
}

// event is what a request says about a delivery.
func (s *Server) event(kind string, d token.Delivery, r *http.Request) store.Event {
	family, label := agentOf(r.UserAgent())
	if label == store.LabelProxy && kind != store.EventOpen { // nobody's proxy follows links
		label = store.LabelAgent
	}
	if label == "" && isPrefetch(r.Header) {
		label = store.LabelPrefetch
	}
	return store.Event{At: s.now(), Kind: kind, Person: int64(d.Person), Run: int64(d.Run), Occasion: int(d.Occasion), Agent: family, Label: label}
}

// isPrefetch reports a request that a browser made before anybody asked for it (Fetch Standard, Sec-Purpose; older names before).
func isPrefetch(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if value := strings.ToLower(h.Get(name)); strings.Contains(value, "prefetch") || strings.Contains(value, "preview") {
			return true
		}
	}
	return false
}

// record writes an event, unless it is of a test mail, which nobody got.
func (s *Server) record(e store.Event) {
	if e.Person != 0 {
		s.events.record(e)
	}
}

// pixel is the smallest GIF that every mail program shows: one transparent point.
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// open records an open, and shows a picture of nothing.
func (s *Server) open(w http.ResponseWriter, r *http.Request, rest string) {
	name, isGIF := strings.CutSuffix(rest, ".gif")
	d, ok := s.keys.Open(name)
	if !ok || !isGIF {
		s.notFound(w, r)
		return
	}
	if r.Method == http.MethodGet {
		s.record(s.event(store.EventOpen, d, r))
	}
	h := w.Header()
	h.Set("Content-Type", "image/gif")
	h.Set("Content-Length", "43")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Write([]byte(pixel))
}
