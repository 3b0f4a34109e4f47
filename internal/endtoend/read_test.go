package endtoend

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"

	"germane/blocks"
	"germane/store"
	"germane/token"
)

// page is a mail as a mail program shows it. What a server does not keep is empty.
type page struct {
	header     mail.Header
	text, html string
}

// read takes a mail apart, with nothing of ours.
func read(data []byte) (*page, error) {
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	p := &page{header: message.Header}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	for parts := multipart.NewReader(message.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		var body io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		content, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind == "text/html" {
			p.html = string(content)
		} else {
			p.text = string(content)
		}
	}
}

// shows is what only one variant of the starter's blocks says.
var shows = map[string]map[string]string{
	"hero":      {"trial-ending": "left on your trial", "power-user": "projects this month", "otherwise": "Pick up where you left off"},
	"next-step": {"first-project": "make a project. It takes", "invite": "invite a colleague to", "otherwise": "tell us what is missing"},
	"reading":   {"chosen-for-you": "For planners", "otherwise": "Worth reading"},
}

// entitled is which variants the starter's rules give to person i, said once more.
func entitled(i int) map[string]string {
	plan, projects := []string{"trial", "free", "trial", "free", "pro"}[i%5], i%23
	choices := map[string]string{"hero": "otherwise", "next-step": "otherwise", "reading": "otherwise"}
	switch {
	case plan == "trial" && i%11 <= 3:
		choices["hero"] = "trial-ending"
	case projects >= 10:
		choices["hero"] = "power-user"
	}
	switch {
	case projects == 0:
		choices["next-step"] = "first-project"
	case projects < 10:
		choices["next-step"] = "invite"
	}
	if i%3 == 0 {
		choices["reading"] = "chosen-for-you"
	}
	return choices
}

// reader compares mails of a run with the ledger and with the rules.
type reader struct {
	*site
	run      int64
	keys     *token.Keys
	rows     map[string]*store.Delivery // by the id that is in its mail
	persons  map[int64]int              // by number: which of the people it is
	variants []store.Variant
	links    []store.Link
	control  int // people who got the first block's otherwise to measure against
	entitled int // people to whom its rules give another variant
}

func (s *site) reader(run int64) *reader {
	s.t.Helper()
	db, ctx := s.open(), s.t.Context()
	r := &reader{site: s, run: run, keys: s.keys(db), rows: map[string]*store.Delivery{}, persons: map[int64]int{}}
	must := func(err error) {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	rows, err := db.DeliveriesIn(ctx, run, store.Everybody)
	must(err)
	for _, d := range rows {
		r.rows[store.DeliveryID(run, d.Person, d.Occasion)] = d
	}
	for p, err := range db.EachPerson(ctx, store.Everybody) {
		must(err)
		var i int
		_, err = fmt.Sscanf(p.Email, "ann.%d@", &i)
		must(err)
		r.persons[p.Number] = i
	}
	r.variants, err = db.RunVariants(ctx, run)
	must(err)
	r.links, err = db.RunLinks(ctx, run)
	must(err)
	must(db.Close())
	return r
}

// chosen are a row's choices by name, and what the rules had chosen.
func (r *reader) chosen(d *store.Delivery) (got, would map[string]string, err error) {
	choices, err := blocks.Unpack(d.Choices)
	got, would = map[string]string{}, map[string]string{}
	for _, c := range choices {
		for _, v := range r.variants {
			if v.BlockNumber == int(c.Block) && v.Number == int(c.Variant) {
				got[v.BlockName] = v.VariantName
			}
			if v.BlockNumber == int(c.Block) && v.Number == int(c.Would) {
				would[v.BlockName] = v.VariantName
			}
		}
		if c.Reason == blocks.Control {
			r.control++
		}
	}
	return got, would, err
}

// check compares a mail with its row, and its row with the rules.
func (r *reader) check(to string, d *store.Delivery, p *page) {
	r.t.Helper()
	i := r.persons[d.Person]
	got, would, err := r.chosen(d)
	if err != nil || address(i) != to || len(got) != len(shows) {
		r.t.Errorf("%s has the mail of %s, with choices %v: %v", to, address(i), got, err)
		return
	}
	if entitled(i)["hero"] != "otherwise" {
		r.entitled++
	}
	for block, variant := range entitled(i) {
		if would[block] != variant {
			r.t.Errorf("%s: %s chose %s, and the rules say %s", to, block, would[block], variant)
		}
		for name, words := range shows[block] {
			if strings.Contains(p.html, words) != (name == got[block]) || strings.Contains(p.text, words) != (name == got[block]) {
				r.t.Errorf("%s: the ledger says %s/%s; whether the mail says %q is wrong", to, block, got[block], words)
			}
		}
	}
	if !strings.Contains(p.html, fmt.Sprintf("Good morning, Ann%d<", i)) {
		r.t.Errorf("%s is not greeted by name", to)
	}
	r.checkLinks(to, d, p.html, got)
	r.checkLinks(to, d, p.text, got)
}

const public = "http://127.0.0.1:8080"

var addressed = regexp.MustCompile(regexp.QuoteMeta(public) + `/([cup])/([^\s"<>)\]]+)`)

// checkLinks reads all of a mail's addresses that are this person's own.
func (r *reader) checkLinks(to string, d *store.Delivery, text string, chosen map[string]string) {
	r.t.Helper()
	var hero, pages int
	for _, found := range addressed.FindAllStringSubmatch(html.UnescapeString(text), -1) {
		switch kind, rest := found[1], found[2]; kind {
		case "c":
			click, ok := r.keys.Click(rest)
			link := r.link(click.Link)
			if !ok || int64(click.Person) != d.Person || int64(click.Run) != r.run || link == nil {
				r.t.Errorf("%s: a link is of %+v (%v)", to, click, ok)
				return
			}
			if link.Block != "" && link.Variant != chosen[link.Block] {
				r.t.Errorf("%s: a link is of %s/%s, and %s was chosen", to, link.Block, link.Variant, chosen[link.Block])
			}
			if link.Block == "hero" {
				hero++
			}
		default:
			pages++
			r.checkManage(to, d, kind, rest)
		}
	}
	if hero != 1 || pages < 1 {
		r.t.Errorf("%s: %d links of the first block, %d to withdraw", to, hero, pages)
	}
}

func (r *reader) checkManage(to string, d *store.Delivery, kind, rest string) {
	r.t.Helper()
	purpose := token.Unsubscribe
	if kind == "p" {
		purpose = token.Preferences
	}
	if m, ok := r.keys.Manage(purpose, rest); !ok || int64(m.Person) != d.Person || int64(m.Run) != r.run {
		r.t.Errorf("%s: a page is of %+v (%v)", to, m, ok)
	}
}

func (r *reader) link(id int) *store.Link {
	for i := range r.links {
		if r.links[i].ID == id {
			return &r.links[i]
		}
	}
	return nil
}

// checkWhole compares a mail of which all arrived.
func (r *reader) checkWhole(l *letter) {
	r.t.Helper()
	d, p := r.rows[l.id()], (*page)(nil)
	p, err := read(l.data)
	if err != nil || d == nil {
		r.t.Errorf("%s: row %+v, %v", l.to, d, err)
		return
	}
	if d.State != store.Sent {
		r.t.Errorf("%s got a mail and is %s", l.to, d.State)
	}
	r.check(l.to, d, p)
	i := r.persons[d.Person]
	withdraw, ok := strings.CutPrefix(strings.Trim(strings.Split(p.header.Get("List-Unsubscribe"), ",")[0], "<> "), public+"/u/")
	if !ok {
		r.t.Errorf("%s: List-Unsubscribe is %q", l.to, p.header.Get("List-Unsubscribe"))
	}
	r.checkManage(l.to, d, "u", withdraw)
	for name, want := range map[string]string{
		"Subject": fmt.Sprintf("Ann%d, your week at Acme", i), "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "From": "Acme <hello@mail.acme.example>",
		"To": "<" + address(i) + ">", "Mime-Version": "1.0",
	} {
		if got := p.header.Get(name); got != want {
			r.t.Errorf("%s: %s is %q, want %q", l.to, name, got, want)
		}
	}
	if _, err := mail.ParseDate(p.header.Get("Date")); err != nil {
		r.t.Errorf("%s: %v", l.to, err)
	}
}

// checkAll compares all that arrived of a finished run.
func (s *site) checkAll(arrived []letter) {
	s.t.Helper()
	run := s.report()
	if run.State != store.RunFinished || run.Sent != int64(len(arrived)) || run.Sent+run.HeldOut != run.Planned || run.Sent == 0 {
		s.t.Errorf("%d mails arrived, and the run is %+v", len(arrived), run)
	}
	s.checkOnce(run.Run, arrived)
	r := s.reader(run.Run)
	for i := range arrived {
		if r.checkWhole(&arrived[i]); i >= 20 && s.t.Failed() {
			s.t.Fatal("so do others, probably")
		}
	}
	r.checkControl()
}

// checkControl says whether about as many people as meant got the first block's otherwise to measure against.
func (r *reader) checkControl() {
	r.t.Helper()
	if share := float64(r.control) / float64(r.entitled); r.entitled > 1000 && (share < 0.08 || share > 0.12) {
		r.t.Errorf("%.1f%% are control, and 10%% should be", 100*share)
	}
}
