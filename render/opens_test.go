package render_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"germane/audience"
	"germane/render"
	"germane/workspace"
)

func TestThePictureThatCountsOpens(t *testing.T) {
	t.Parallel()
	files := func(template, opens string) fstest.MapFS {
		return fstest.MapFS{
			"germane.yaml":         {Data: []byte("senders: {default: {name: Acme, email: hello@acme.example, postal_address: 1 Main St}}\ntopics: {tips: Tips}\npublic_url: https://l.acme.example\ntrack: {opens: " + opens + "}\n")},
			"attributes.yaml":      {Data: []byte("first_name: {type: string}\n")},
			"templates/hello.html": {Data: []byte("---\nsubject: Hello\n---\n" + template)},
		}
	}
	const whole = `<!doctype html><html lang="en"><head><title>Hi</title></head><body><p>Hello</p><p><a href="{{ links.unsubscribe }}">Unsubscribe</a></p></BODY></html>`
	for name, test := range map[string]struct{ opens, address, want string }{
		"on":               {"true", "https://l.acme.example/o/abc.gif?a=1&b", `<img src="https://l.acme.example/o/abc.gif?a=1&amp;b" width="1" height="1" alt="" style="display:block;border:0"></BODY>`},
		"on, but not here": {"true", "", `</p></BODY>`},
		"off":              {"false", "https://l.acme.example/o/abc.gif", `</p></BODY>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, findings := workspace.Load(files(whole, test.opens), nil)
			message, ok := w.Message("hello")
			if !ok {
				t.Fatal(findings)
			}
			var d audience.Decoded
			p := &audience.Person{ID: "u1", Email: "ann@mail.example"}
			if err := message.Selection.Decode(p.Stored(time.Now()), time.Now().UnixMilli(), &d); err != nil {
				t.Fatal(err)
			}
			var r render.Renderer
			rendered, err := r.Render(message, &d, nil, &render.Envelope{To: p.Email, Date: time.Now(), ID: "1", Unsubscribe: "https://l.acme.example/u/x", Open: test.address})
			if err != nil {
				t.Fatal(err)
			}
			mail, err := render.ReadMail(rendered.MIME)
			if err != nil || !strings.Contains(mail.HTML, test.want) {
				t.Errorf("got %v\n%s", err, mail.HTML)
			}
		})
	}
}
