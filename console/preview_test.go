package console

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPreviewRefusesOtherAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{"127.0.0.1:4173": nil, "[::1]:1": nil, "localhost:0": nil, "0.0.0.0:4173": ErrLoopbackOnly, "192.0.2.1:80": ErrLoopbackOnly, ":4173": ErrLoopbackOnly, "example.com:1": ErrLoopbackOnly} {
		d := &desk{t: t, dir: t.TempDir()}
		_, err := NewPreview(PreviewConfig{Listen: address, Load: d.load, Now: time.Now})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestFlipsAreExact asks the chooser about every change that pages propose, and about its neighbours that they do not.
func TestFlipsAreExact(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	w := d.preview.workshop.now().good
	people := newCast(w, nil, someNow)
	proposed := 0
	for _, m := range w.Messages {
		for _, name := range people.names() {
			v := readView(url.Values{"template": {m.Name}, "person": {name}})
			l, err := d.preview.letter(t.Context(), w, people, &v)
			if err != nil {
				t.Fatal(err)
			}
			for i, flips := range l.flips(&v) {
				for _, f := range flips {
					proposed++
					address, err := url.Parse(f.URL)
					if err != nil {
						t.Fatal(err)
					}
					changed := readView(address.Query())
					if len(changed.Set) != 1 {
						t.Errorf("%s changes more than one attribute", f.URL)
					}
					other, err := d.preview.letter(t.Context(), w, people, &changed)
					if err != nil {
						t.Fatal(err)
					}
					b := l.message.Chooser.Blocks()[i]
					if got := b.Variants[other.choices[i].Would].Name; got != f.Variant {
						t.Errorf("%s: %s of %s: %s is %s, not %s", name, f.To, f.Attribute, b.Name, got, f.Variant)
					}
				}
			}
		}
	}
	if proposed < 20 {
		t.Errorf("only %d changes are proposed", proposed)
	}
}

// TestSmallestFlip holds the proposals to the nearest boundary.
func TestSmallestFlip(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for address, wants := range map[string][]string{
		"/?person=ana-trial-ending":                              {"set.trial_days_left=4", "set.projects_30d=0"},
		"/?person=ben-power-user":                                {"set.projects_30d=9"},
		"/?person=eli-stale":                                     {"set.projects_30d=10"},
		"/?person=fatima-shopper&template=welcome&at=2027-02-15": {"set.last_order_at=2026-11-18T00%3A00%3A00Z"}, // 89 days
	} {
		_, text := d.get(address)
		for _, want := range wants {
			if !strings.Contains(text, want+`"`) && !strings.Contains(text, want+`&`) {
				t.Errorf("%s does not propose %s", address, want)
			}
		}
	}
}

func TestViewsAreAddresses(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for address, want := range map[string]string{
		"/": "2 days left", "/?person=ben-power-user&tab=text": "You made 14 projects", "/?tab=headers": "List-Unsubscribe",
		"/?tab=source": "&lt;!doctype html&gt;", "/?tab=matrix": "chosen-for-you", "/?tab=compare": "ana-trial-ending beside", "/?tab=checks": "Nothing found",
		"/?person=gets.hero.power-user": "somebody who gets power-user", "/?set.plan=nothing": "cannot be",
		"/?at=2027-03-01T09:00": "2027-03-01T09:00", "/?template=no&person=no&width=9&tab=no&at=no": "weekly",
		"/?person=edge.missing&tab=text": "Good morning",
	} {
		answer, text := d.get(address)
		if address == "/" {
			_, text = d.get("/mail")
		}
		if answer.StatusCode != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: %s, without %q", address, answer.Status, want)
		}
	}
}

// TestFormSettles holds the form to one address for one state: it sends all fields, of which few are changed.
func TestFormSettles(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for query, want := range map[string]string{
		"form=1&person=eli-stale&set.plan=&set.first_name=Eli&set.projects_30d=4":                 "/?person=eli-stale&template=weekly",
		"form=1&person=eli-stale&set.plan=trial&set.first_name=":                                  "/?person=eli-stale&set.first_name=&set.plan=trial&template=weekly",
		"form=1&person=ben-power-user&set.interests=shortcuts&set.last_order_at=2026-10-20T15:04": "/?person=ben-power-user&template=weekly",
	} {
		answer, _ := d.get("/?" + query)
		if got := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("%s\nleads to %s\nnot     %s", query, got, want)
		}
	}
}

func TestLooks(t *testing.T) {
	t.Parallel()
	asset := func(src string) (string, bool) { return "/a/1/x.png", src == "assets/x.png" }
	for _, test := range []struct{ how, from, want string }{
		{"dark on", `<style>@media (prefers-color-scheme:dark){a{b:c}}</style>`, `<base target="_blank"><style>@media (min-width:0){a{b:c}}</style>`},
		{"light on", `<style>@media (Prefers-Color-Scheme: dark){a{b:c}}</style>`, `<base target="_blank"><style>@media (min-width:999999px){a{b:c}}</style>`},
		{"dark on", `<style>:root{color-scheme:light dark}</style>`, `<base target="_blank"><style>:root{color-scheme:dark}</style>`},
		{"light on", `<img src="assets/x.png" alt="a&quot;b">`, `<base target="_blank"><img src="/a/1/x.png" alt="a&#34;b">`},
		{"light off", `<img src="assets/x.png" alt="a">`, `<base target="_blank"><img data-src="assets/x.png" alt="a">`},
		{"light on", `<img src="https://elsewhere.example/x.png">`, `<base target="_blank"><img data-src="https://elsewhere.example/x.png">`},
		{"light remote", `<img src="https://elsewhere.example/x.png">`, `<base target="_blank"><img src="https://elsewhere.example/x.png">`},
		{"light on", `<td style="background:url(https://elsewhere.example/x.png)">`, `<base target="_blank"><td style="background:none">`},
		{"light on", `<meta http-equiv="refresh" content="0;url=https://elsewhere.example">`, `<base target="_blank"><meta data-http-equiv="refresh" content="0;url=https://elsewhere.example">`},
		{"light on", `<!--[if mso]><b><![endif]-->`, `<!--[if mso]><b><![endif]-->`},
	} {
		scheme, images, _ := strings.Cut(test.how, " ")
		if got := (looks{scheme, images}).show(test.from, asset); got != test.want {
			t.Errorf("%s: %s\nis    %s\nnot   %s", test.how, test.from, got, test.want)
		}
	}
}

func TestTestMail(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	send := func(to, site string) (*http.Response, string) {
		body := url.Values{"state": {"person=ben-power-user&set.plan=pro"}, "to": {to}}.Encode()
		request, err := http.NewRequest(http.MethodPost, d.server.URL+"/test-mail", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", site)
		return d.do(request)
	}
	answer, text := send("kim@acme.example", "same-origin")
	if m := <-d.posted; answer.StatusCode != http.StatusOK || !strings.Contains(text, "Written to the outbox for kim@acme.example") || m.Template != "weekly" || string(m.Person.Attributes["plan"]) != `"pro"` {
		t.Errorf("%s: %+v", answer.Status, m)
	}
	if answer, text := send("nobody", "same-origin"); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, "Not sent") {
		t.Errorf("a wrong address: %s", answer.Status)
	}
	if answer, _ := send("kim@acme.example", "cross-site"); answer.StatusCode != http.StatusForbidden {
		t.Errorf("from somebody else's page: %s", answer.Status)
	}
}

// TestPreviewAttacked does what a page of somebody else's in the same browser, or a hostile file, could do.
func TestPreviewAttacked(t *testing.T) {
	t.Parallel()
	secret := "the-secret-" + t.Name()
	d := newDesk(t, map[string]string{"outbox/keep.txt": secret, "outbox/.ids/x.eml": secret, "secret.eml": secret})
	if err := os.Symlink(filepath.Join(d.dir, "secret.eml"), filepath.Join(d.dir, "outbox", "link.eml")); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"/outbox?mail=../secret.eml", "/outbox/mail?mail=../secret.eml", "/outbox/mail?mail=..%2fsecret.eml", "/outbox/mail?mail=keep.txt", "/outbox/mail?mail=.ids/x.eml", "/outbox?mail=link.eml",
		"/outbox/mail?mail=link.eml", "/outbox/mail?mail=/etc/passwd", "/a/x/..%2f..%2fsecret.eml", "/a/../secret.eml", "/ui/" + d.preview.version + "/..%2fpreview.go", "/ui/" + d.preview.version + "/preview.html",
		"/?template=../secret.eml", "/?person=../secret.eml", "/?person=db.1", "/germane.yaml", "/people/sample.jsonl",
	} {
		_, text := d.get(address)
		if strings.Contains(text, secret) || strings.Contains(text, "root:") || strings.Contains(text, "postal_address") || strings.Contains(text, "package console") {
			t.Errorf("%s leaks", address)
		}
	}
	for _, host := range []string{"evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "0.0.0.0", "germane.local", "x"} {
		request, err := http.NewRequest(http.MethodGet, d.server.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		if answer, text := d.do(request); answer.StatusCode != http.StatusMisdirectedRequest || strings.Contains(text, "ana") {
			t.Errorf("host %q: %s", host, answer.Status)
		}
	}
	if answer, _ := d.get("/?set.first_name=" + strings.Repeat("a", maxQuery)); answer.StatusCode != http.StatusRequestURITooLong {
		t.Errorf("a long address: %s", answer.Status)
	}
}

// TestValuesStayText puts markup and addresses with scripts into values.
func TestValuesStayText(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for _, value := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `</textarea><script>`, "{{ brand.accent }}"} {
		for _, tab := range append([]string{"/mail"}, tabs...) {
			address := "/?tab=" + tab + "&set.first_name=" + url.QueryEscape(value)
			if tab == "/mail" {
				address = "/mail?set.first_name=" + url.QueryEscape(value)
			}
			answer, text := d.get(address)
			policy := answer.Header.Get("Content-Security-Policy")
			if answer.StatusCode != http.StatusOK || strings.Contains(text, "<script>alert") || strings.Contains(text, "<img src=x") || strings.Contains(text, `href="javascript:`) || strings.Contains(text, "</textarea><script>") {
				t.Errorf("%s: %s", address, answer.Status)
			}
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src 'unsafe") || tab != "/mail" && strings.Contains(policy, "unsafe") {
				t.Errorf("%s: policy %s", address, policy)
			}
		}
	}
}

// TestLargeFile saves a file of 100 MB beside others, and one in the outbox.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	large := bytes.Repeat([]byte("x\n"), 50<<20)
	d.write("blocks/large.md", string(large))
	d.write("outbox/20261122T090000.1Z-large.eml", string(large))
	began := time.Now()
	d.preview.workshop.read()
	_, text := d.get("/")
	if !strings.Contains(text, "blocks/large.md") || !strings.Contains(text, "file-too-large") {
		t.Error("the large file is not reported")
	}
	if _, text := d.get("/outbox"); !strings.Contains(text, "100 MB") {
		t.Error("the large mail is not refused")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestEdgePeopleAreAllowed holds invented people to the catalogue.
func TestEdgePeopleAreAllowed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	w := d.preview.workshop.now().good
	for _, e := range newCast(w, nil, someNow).edges {
		for _, problem := range e.person.Check(w.Catalogue, w.Config.TopicNames()) {
			t.Errorf("%s: %v", e.Name, problem)
		}
		if _, known := e.person.Attributes["plan"]; known == (e.Name == "edge.missing") {
			t.Errorf("%s: plan is there: %v", e.Name, known)
		}
	}
}
