package track

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"germane/store"
)

// TestAccentsCanBeRead: whatever colour a brand has, links and buttons can be read on light and dark pages.
func TestAccentsCanBeRead(t *testing.T) {
	t.Parallel()
	for r := 0; r < 256; r += 51 {
		for g := 0; g < 256; g += 51 {
			for b := 0; b < 256; b += 51 {
				brand, ok := parseColour(fmt.Sprintf("#%02x%02x%02x", r, g, b))
				if !ok || brand.String() != fmt.Sprintf("#%02x%02x%02x", r, g, b) {
					t.Fatalf("%v", brand)
				}
				for _, card := range []colour{lightCard, darkCard} {
					link, button := brand.readable(readableText, card), brand.readable(visibleShape, card)
					if contrast(link, card) < readableText || contrast(button, card) < visibleShape || contrast(button.label(), button) < readableText {
						t.Errorf("%v on %v: link %v, button %v, label %v", brand, card, link, button, button.label())
					}
				}
			}
		}
	}
	if got := contrast(white, black); got != 21 {
		t.Errorf("black on white is %v", got)
	}
}

func TestAccentsAreColours(t *testing.T) {
	t.Parallel()
	quiet := colours("")
	for accent, same := range map[string]bool{"#2457d6": true, "red": true, "#12": true, "#12345g": true, "}*{display:none": true, "#abc": false, "#aabbcc": false} {
		if got := colours(accent); got == quiet != same || strings.Contains(got, "none") {
			t.Errorf("%q: %s", accent, got)
		}
	}
	if colours("#abc") != colours("#aabbcc") {
		t.Error("#abc is not #aabbcc")
	}
}

func TestImageSources(t *testing.T) {
	t.Parallel()
	for logo, want := range map[string]string{
		"": "'self'", "/a/0123/logo.png": "'self'", "https://cdn.acme.example/x.png": "'self' https://cdn.acme.example", "http://127.0.0.1:8080/x.png": "'self' http://127.0.0.1:8080",
		"javascript:x": "'self'", "https://a;script-src *": "'self'", "data:image/png;base64,AA": "'self'",
	} {
		if got := imageSources(logo); got != want {
			t.Errorf("%q: %s", logo, got)
		}
	}
}

// TestPagesEscape: nothing of a site becomes markup.
func TestPagesEscape(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script>`
	s := &Server{log: slog.New(slog.DiscardHandler)}
	s.look = newLook(&Site{Name: evil, LogoURL: "https://a.example/" + evil, Language: evil, PostalAddress: evil})
	for page := range s.look.pages {
		w := httptest.NewRecorder()
		s.show(w, 200, page, view{
			Title: evil, Topic: evil, Masked: evil, Path: "../p/" + evil, Changed: evil, Left: true, Text: evil,
			Topics: []topicView{{Topic: Topic{evil, evil}, State: evil, On: true}},
		})
		if body := w.Body.String(); strings.Contains(body, "<script") || !strings.Contains(body, "</html>") {
			t.Errorf("%s:\n%s", page, body)
		}
	}
}

// broke panics where a person is read.
type broke struct{ Store }

func (broke) PersonByNumber(context.Context, int64) (*store.Person, error) { panic("secret") }

// TestPanics answers a page without any of it.
func TestPanics(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Server.store = broke{f.db}
	path := f.managePath(0, f.ann)
	w := f.get(path)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "Something went wrong") || strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if log := f.logged.String(); !strings.Contains(log, "panic") || !strings.Contains(log, "look_test.go") || strings.Contains(log, path[3:20]) {
		t.Errorf("the log says %s", log)
	}
	if f.Stats().Failures != 1 {
		t.Error("it is not counted")
	}
}
