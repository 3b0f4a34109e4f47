package judges

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/internal/finding"
	"germane/render"
	"germane/workspace"
)

// monday is when all messages of these tests are rendered. The starter's personas were observed a while before.
var monday = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

// starterWith is the starter workspace with some files added or replaced.
func starterWith(t *testing.T, files map[string]string) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	starter := workspace.Starter()
	err := fs.WalkDir(starter, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(starter, name)
		all[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func load(t *testing.T, fsys fs.FS, environment map[string]string) *workspace.Workspace {
	t.Helper()
	w, findings := workspace.Load(fsys, environment)
	if w == nil || finding.HasErrors(findings) || len(w.Messages) == 0 {
		var report strings.Builder
		_ = finding.WriteText(&report, findings, false)
		t.Fatalf("the workspace has mistakes:\n%s", report.String())
	}
	return w
}

// letter is a message rendered for somebody, and read back.
type letter struct {
	*render.Mail
	mime    []byte
	targets map[int]string // where each link that was met leads, by id
	choices []*blocks.Explanation
}

// write renders a message. tracked gives links the address that [clickAddress] makes of their ids, else they lead to their targets.
func write(t *testing.T, message *render.Message, person *audience.Person, tracked bool) *letter {
	t.Helper()
	var decoded audience.Decoded
	if err := message.Selection.Decode(person.Stored(monday), monday.UnixMilli(), &decoded); err != nil {
		t.Fatal(err)
	}
	l := &letter{targets: map[int]string{}}
	choices := message.Chooser.Choose(&decoded, person.ID, nil)
	for _, choice := range choices {
		l.choices = append(l.choices, message.Chooser.Explain(choice, &decoded))
	}
	e := &render.Envelope{
		To: person.Email, Date: monday, ID: message.Name + "-" + person.ID, Unsubscribe: "https://mail.acme.example/u/judged", Preferences: "https://mail.acme.example/p/judged",
	}
	if tracked {
		e.Link = func(dst []byte, id int, values []string) []byte {
			l.targets[id] = string(message.Links[id].AppendTarget(nil, values))
			return append(dst, clickAddress(id)...)
		}
	}
	var renderer render.Renderer
	rendered, err := renderer.Render(message, &decoded, choices, e)
	if err != nil || rendered.Skipped != "" {
		t.Fatalf("%s for %s: %v %s", message.Name, person.ID, err, rendered.Skipped)
	}
	if l.Mail, err = render.ReadMail(rendered.MIME); err != nil {
		t.Fatal(err)
	}
	l.mime = append(l.mime, rendered.MIME...)
	return l
}
