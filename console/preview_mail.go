package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/render"
	"germane/store"
	"germane/workspace"
)

// letter is a message as somebody gets it: the bytes that would be sent, read as a mail program reads them.
type letter struct {
	message   *render.Message
	person    *audience.Person
	title     string // what to call the person here
	now       time.Time
	decoded   *audience.Decoded
	choices   []blocks.Choice
	problems  map[string]string // by attribute: why the address's value is none
	Skipped   string            // why there is no mail; "": there is one
	Bytes     int
	Preheader string
	top       string // the headers as they were written
	*render.Mail
}

// letter writes the message of a view.
func (p *Preview) letter(ctx context.Context, w *workspace.Workspace, people *cast, v *view) (*letter, error) {
	message, ok := w.Message(v.Template)
	if !ok {
		return nil, errors.New("there is no template yet")
	}
	original, title, err := people.find(ctx, v.Person)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", v.Person, err)
	}
	l := &letter{message: message, title: title, now: v.clock(p.Now()), decoded: &audience.Decoded{}, problems: map[string]string{}}
	l.person = l.change(original, w.Catalogue, v.Set)
	return l, l.write(w)
}

// change makes the changes of an address to a copy of the person. A value that an attribute cannot have is a problem beside its field.
func (l *letter) change(original *audience.Person, catalogue *audience.Catalogue, set map[string]string) *audience.Person {
	person := *original
	person.Attributes, person.Observed = maps.Clone(person.Attributes), maps.Clone(person.Observed)
	if person.Observed == nil {
		person.Observed = map[string]time.Time{}
	}
	for name, text := range set {
		if _, known := catalogue.Attribute(name); !known {
			continue // the catalogue may have had it a minute ago
		}
		if err := person.Set(catalogue, name, asWritten(catalogue, name, text)); err != nil {
			l.problems[name] = strings.TrimPrefix(err.Error(), name+": ")
			continue
		}
		person.Observed[name] = l.now
	}
	return &person
}

// Called is what to call the person.
func (l *letter) Called() string { return l.title }

// asWritten completes a time as browsers write it, without a zone.
func asWritten(catalogue *audience.Catalogue, name, text string) string {
	a, ok := catalogue.Attribute(name)
	if !ok || a.Type.Kind != audience.Time {
		return text
	}
	for _, layout := range []string{localTime, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return text
}

// localTime is how browsers write the time in a field.
const localTime = "2006-01-02T15:04"

// choose decodes the person and chooses their variants.
func (l *letter) choose() error {
	if err := l.message.Selection.Decode(l.person.Stored(l.now), l.now.UnixMilli(), l.decoded); err != nil {
		return fmt.Errorf("read the person: %w", err)
	}
	l.choices = l.message.Chooser.Choose(l.decoded, l.person.ID, l.choices[:0])
	return nil
}

// write renders the mail and reads it back. Links lead to their targets directly.
func (l *letter) write(w *workspace.Workspace) error {
	if err := l.choose(); err != nil {
		return err
	}
	base := ""
	if w.Config.PublicURL != nil {
		base = w.Config.PublicURL.String()
	}
	e := &render.Envelope{To: l.person.Email, Date: l.now, ID: "preview", Unsubscribe: base + "/u/preview", Preferences: base + "/p/preview"}
	var renderer render.Renderer
	var err error
	if l.Preheader, err = renderer.Preheader(l.message, l.decoded, l.choices, e); err != nil {
		return fmt.Errorf("write the preheader: %w", err)
	}
	rendered, err := renderer.Render(l.message, l.decoded, l.choices, e)
	if err != nil {
		return fmt.Errorf("write the mail: %w", err)
	}
	if l.Skipped = rendered.Skipped; l.Skipped != "" {
		l.Mail = emptyMail()
		return nil
	}
	l.Bytes = len(rendered.MIME)
	l.top, _, _ = strings.Cut(string(rendered.MIME), "\r\n\r\n")
	l.Mail, err = render.ReadMail(rendered.MIME)
	return err
}

func emptyMail() *render.Mail { return &render.Mail{} }

// mailPolicy is the policy of a mail's page. Nothing in it runs; its looks are its own. Pictures come from here, and from elsewhere only
// when asked for.
func mailPolicy(images string) string {
	sources := "'self' data:"
	switch images {
	case "off":
		sources = "data:"
	case "remote":
		sources += " http: https:"
	}
	return "default-src 'none'; style-src 'unsafe-inline'; img-src " + sources + "; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
}

// mail answers with the HTML of a view, for a frame.
func (p *Preview) mail(w http.ResponseWriter, r *http.Request) {
	ws := p.workshop.now().good
	if ws == nil {
		http.Error(w, "there is no mail yet", http.StatusNotFound)
		return
	}
	v := readView(r.URL.Query())
	people := newCast(ws, p.People, v.clock(p.Now()))
	v.complete(ws, people)
	l, err := p.letter(r.Context(), ws, people, &v)
	if err != nil {
		p.refuse(w, err)
		return
	}
	p.showMail(w, l.HTML, ws, looks{scheme: v.Scheme, images: v.Images})
}

func (p *Preview) showMail(w http.ResponseWriter, html string, ws *workspace.Workspace, how looks) {
	shown := how.show(html, assetPaths(ws))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", mailPolicy(how.images))
	w.Write([]byte(shown)) // whoever left does not need it
}

// refuse answers with an error in words.
func (p *Preview) refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, store.ErrNotFound) {
		status = http.StatusNotFound
	}
	http.Error(w, err.Error(), status)
}

// assetPaths maps the addresses that assets have in mail to where this server has them.
func assetPaths(w *workspace.Workspace) func(src string) (string, bool) {
	known := map[string]string{}
	if w != nil {
		for _, a := range w.PublicAssets() {
			here := "/a/" + a.Hash + "/" + url.PathEscape(a.Name)
			known[a.Path] = here
			if w.Config.PublicURL != nil {
				known[w.Config.PublicURL.String()+"/a/"+a.Hash+"/"+a.Name] = here
			}
		}
	}
	return func(src string) (string, bool) {
		here, ok := known[strings.TrimSpace(src)]
		return here, ok
	}
}

// raw returns an attribute's stored JSON as text; "" for none.
func raw(p *audience.Person, name string) string {
	if value := p.Attributes[name]; string(value) != "null" {
		return string(json.RawMessage(value))
	}
	return ""
}
