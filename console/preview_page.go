package console

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"germane/internal/finding"
	"germane/workspace"
)

// page is all that the preview's page shows.
type page struct {
	Version, Name       string
	Outbox, Posts, Real bool // there are such pages, buttons, people
	Build               int64
	View                *view // nil: there is nothing to show yet
	State               string
	Health              health
	Broken              bool
	Errors              []problem // of the files as they are, while they are broken
	Notice, Refusal     string    // of a test mail
	Templates, Blocks   []entry
	Personas, Edges     []entry
	Previous, Next      entry // people
	Tabs                []entry
	Trouble             string // why this person's mail cannot be shown

	Letter      *letter
	Title       string // whom it is shown as
	From        string
	Size        size
	Frame       template.URL
	Remote      int // pictures that are not loaded
	Groups      []problemGroup
	Why         []whyBlock
	Used, Other []field
	Now         string // the clock
	Source      template.HTML
	Headers     []header
	Matrix      *matrix
	Compared    *comparison
}

// entry is a link in a list.
type entry struct {
	Name, Title, URL, Note string
	Key                    string // on the keyboard
	Tone                   string // ok, warn, bad
	Current                bool
	Inside                 []entry
}

// size is a mail's, beside what Gmail shows of one.
type size struct {
	Bytes int
	Tone  string
}

// Gmail cuts a message off at about 102 KB; from 80 on somebody's longer values reach it.
const (
	clipBytes = 102 << 10
	warnBytes = 80 << 10
)

var words = template.FuncMap{
	"kb":      func(n int) string { return strconv.FormatFloat(float64(n)/1024, 'f', 1, 64) + " KB" },
	"initial": func(s string) string { return strings.ToUpper(string([]rune(s + " ")[0])) },
	"clip":    func() int { return clipBytes },
	"plural": func(n int, one string) string {
		if n == 1 {
			return "1 " + one
		}
		return strconv.Itoa(n) + " " + one + "s"
	},
}

// page answers with the preview.
func (p *Preview) page(w http.ResponseWriter, r *http.Request) {
	data, moved, err := p.look(r.Context(), r.URL.Query())
	if err != nil {
		p.refuse(w, err)
		return
	}
	if moved != "" {
		http.Redirect(w, r, moved, http.StatusSeeOther)
		return
	}
	p.show(w, http.StatusOK, "preview.html", data)
}

// look makes the page of a query. moved is the address to go to instead: of somebody drawn from the database, or of what a form says.
func (p *Preview) look(ctx context.Context, query url.Values) (data *page, moved string, err error) {
	b := p.workshop.now()
	data = &page{Version: p.version, Name: p.Name, Build: b.number, Broken: b.broken, Outbox: p.Outbox != "", Posts: p.Post != nil, Real: p.People != nil, Health: healthOf(b)}
	if b.broken {
		data.Errors = problems(errorsOf(b.findings))
	}
	if b.good == nil || len(b.good.Messages) == 0 {
		return data, "", nil
	}
	v := readView(query)
	people := newCast(b.good, p.People, v.clock(p.Now()))
	if v.Person == "random" {
		if v.Person, err = people.random(ctx); err != nil {
			return nil, "", err
		}
		return nil, v.As(v.Person), nil
	}
	v.complete(b.good, people)
	data.View = &v
	if query.Has("form") {
		return nil, p.settled(ctx, b.good, people, v), nil
	}
	data.lists(b, people)
	data.State = v.query().Encode()
	return data, "", p.fill(ctx, data, b, people)
}

// settled is the address of what a form says.
func (p *Preview) settled(ctx context.Context, w *workspace.Workspace, people *cast, v view) string {
	l, err := p.letter(ctx, w, people, &v)
	if err == nil {
		if original, _, err := people.find(ctx, v.Person); err == nil {
			l.settle(w, original, &v)
		}
	}
	return v.URL()
}

// fill writes the mail, and what its tab shows of it.
func (p *Preview) fill(ctx context.Context, data *page, b *build, people *cast) error {
	v := data.View
	l, err := p.letter(ctx, b.good, people, v)
	if err != nil {
		data.Trouble = err.Error()
		return nil
	}
	data.Letter, data.Title, data.Why = l, l.title, l.why(v)
	data.Now = l.now.Format(localTime)
	data.Used, data.Other = l.fields(b.good, v)
	data.From = sender(l)
	data.Size = sizeOf(l.Bytes)
	data.Groups = groups(b, l)
	data.Frame = frame(*v, l)
	switch v.Tab {
	case "email":
		if v.Images != "remote" {
			data.Remote = remotePictures(l.HTML, assetPaths(b.good))
		}
	case "source":
		data.Source = highlight(l.HTML)
	case "headers":
		data.Headers = headers(l)
	case "matrix":
		data.Matrix, err = newMatrix(ctx, b.good, people, l, v)
	case "compare":
		data.Compared, err = p.compare(ctx, b.good, people, l, v)
	}
	return err
}

func sizeOf(n int) size {
	switch {
	case n > clipBytes:
		return size{n, "bad"}
	case n > warnBytes:
		return size{n, "warn"}
	}
	return size{n, "ok"}
}

// frame is the address of the mail alone. It changes with what it shows, and only then.
func frame(v view, l *letter) template.URL {
	v.Tab, v.With, v.Width, v.Thumbs = tabs[0], "", 600, false
	sum := fnv.New64a()
	sum.Write([]byte(l.HTML))
	return template.URL("/mail?" + v.query().Encode() + "&v=" + strconv.FormatUint(sum.Sum64(), 36))
}

// lists fills the lists of what can be shown.
func (d *page) lists(b *build, people *cast) {
	w, v := b.good, d.View
	tones := tonesOf(b.findings)
	for _, source := range w.Templates {
		file := source.File.Name
		d.Templates = append(d.Templates, entry{Name: source.Name, URL: v.To("template", source.Name), Note: source.Description, Tone: tones[file], Current: source.Name == v.Template})
	}
	d.Blocks = blockEntries(w, v, tones)
	for _, persona := range people.personas {
		d.Personas = append(d.Personas, entry{Name: persona.Name, URL: v.As(persona.Name), Note: remark(persona), Tone: tones[persona.File.Name], Current: persona.Name == v.Person})
	}
	for _, e := range people.edges {
		d.Edges = append(d.Edges, entry{Name: e.Title, URL: v.As(e.Name), Current: e.Name == v.Person})
	}
	names := people.names()
	at := slices.Index(names, v.Person)
	d.Next = entry{Name: "next person", URL: v.As(names[(at+1)%len(names)]), Key: "j"}
	d.Previous = entry{Name: "previous person", URL: v.As(names[(max(at, 0)+len(names)-1)%len(names)]), Key: "k"}
	for i, tab := range tabs {
		d.Tabs = append(d.Tabs, entry{Name: strings.ToUpper(tab[:1]) + tab[1:], URL: v.To("tab", tab), Key: strconv.Itoa(i + 1), Current: tab == v.Tab})
	}
}

// blockEntries lists the blocks: those of this message with their variants, each with somebody who gets it.
func blockEntries(w *workspace.Workspace, v *view, tones map[string]string) []entry {
	users := map[string]string{} // a template for each block
	for _, m := range w.Messages {
		for _, b := range m.Chooser.Blocks() {
			if users[b.Name] == "" || m.Name == v.Template {
				users[b.Name] = m.Name
			}
		}
	}
	var list []entry
	for _, source := range w.Blocks {
		e := entry{Name: source.Name, Tone: tones[source.File.Name], Note: source.Description}
		user := users[source.Name]
		if e.Current = user == v.Template; !e.Current && user != "" {
			e.URL = v.To("template", user)
		}
		if source.Compiled != nil && e.Current {
			for i := range source.Compiled.Variants {
				name := source.Compiled.Variants[i].Name
				somebody := getsPrefix + source.Name + "." + name
				e.Inside = append(e.Inside, entry{Name: name, URL: v.As(somebody), Current: v.Person == somebody})
			}
		}
		list = append(list, e)
	}
	slices.SortStableFunc(list, func(a, b entry) int { return -cmp.Compare(one(a.Current), one(b.Current)) })
	return list
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// remark is the comment that a persona's file begins with.
func remark(p *workspace.Persona) string {
	if text, ok := strings.CutPrefix(p.File.Line(1), "#"); ok {
		return strings.TrimSpace(text)
	}
	return ""
}

// health is the workspace's, in a few words.
type health struct{ Tone, Text string }

func healthOf(b *build) health {
	switch {
	case b.broken:
		return health{"bad", "broken: " + finding.Summary(b.findings)}
	case finding.HasErrors(b.findings):
		return health{"bad", finding.Summary(b.findings)}
	case len(b.findings) > 0:
		return health{"warn", finding.Summary(b.findings)}
	case !b.proved:
		return health{"ok", "in order"}
	}
	return health{"ok", "in order, proved"}
}

func errorsOf(findings []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f finding.Finding) bool { return f.Severity != finding.Error })
}

// tonesOf says of each file with findings how bad they are.
func tonesOf(findings []finding.Finding) map[string]string {
	tones := map[string]string{}
	for _, f := range findings {
		if f.Severity == finding.Error {
			tones[f.File] = "bad"
		} else if tones[f.File] == "" {
			tones[f.File] = "warn"
		}
	}
	return tones
}

// sender is who the mail is from, as an inbox shows it.
func sender(l *letter) string {
	if l.Skipped != "" {
		return ""
	}
	list, err := l.Header.AddressList("From")
	if err != nil || len(list) == 0 {
		return l.Header.Get("From")
	}
	return cmp.Or(list[0].Name, list[0].Address)
}

// Status says in a sentence what is shown: screen readers say it when that changes.
func (d *page) Status() string {
	if d.View == nil || d.Letter == nil {
		return d.Health.Text
	}
	var chosen []string
	for _, b := range d.Why {
		chosen = append(chosen, b.Block+" is "+b.Variant)
	}
	return fmt.Sprintf("%s as %s: %s. %s.", d.View.Template, d.Title, strings.Join(chosen, ", "), d.Health.Text)
}

// Checks counts the findings that the Checks tab shows.
func (d *page) Checks() int {
	n := 0
	for _, g := range d.Groups {
		n += len(g.Problems)
	}
	return n
}

// OtherChanged reports whether an attribute that the message does not use is changed.
func (d *page) OtherChanged() bool {
	return slices.ContainsFunc(d.Other, func(f field) bool { return f.Changed })
}
