package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"germane/console"
	"germane/workspace"
)

// TestPreviewPosts holds the preview's test mails to an outbox, or to who may be mailed before a database is armed.
func TestPreviewPosts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ delivery, template, to, refused string }{
		{"", "weekly", "anybody@elsewhere.example", ""},
		{"", "welcome", "kim@acme.example", "no campaign sends welcome"},
		{"smtp+starttls://me@smtp.acme.example:587", "weekly", "anybody@elsewhere.example", "allow_recipients"},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, workspace.Starter()); err != nil {
			t.Fatal(err)
		}
		sys := &system{stdout: io.Discard, stderr: io.Discard, now: time.Now, environment: []string{"GERMANE_SMTP_PASSWORD=x"}}
		if test.delivery != "" {
			sys.environment = append(sys.environment, "GERMANE_DELIVERY="+test.delivery)
		}
		p := &previewCommand{sys: sys, o: &options{dir: dir}, listen: previewAddress}
		w, _, err := load(sys, p.o)
		if err != nil {
			t.Fatal(err)
		}
		person := w.Personas[0].Person
		said, err := p.post(t.Context(), &console.TestMail{Workspace: w, Template: test.template, Person: person, To: test.to, Now: time.Now()})
		mails, globErr := filepath.Glob(filepath.Join(dir, "outbox", "*.eml"))
		if globErr != nil {
			t.Fatal(globErr)
		}
		switch {
		case test.refused != "":
			if err == nil || !strings.Contains(err.Error(), test.refused) || len(mails) > 0 {
				t.Errorf("%+v: %v, %d mails", test, err, len(mails))
			}
		case err != nil || len(mails) != 1 || !strings.Contains(said, "Nothing left this machine"):
			t.Errorf("%+v: %q, %v, %d mails", test, said, err, len(mails))
		}
	}
}
