package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/internal/engines"
)

// office is a workspace in a folder, with a hook that is told when something needs a person.
type office struct {
	t           *testing.T
	dir         string
	database    string
	environment []string
	mu          sync.Mutex
	hook        []hookAlert
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, dir: filepath.Join(t.TempDir(), "hello")}
	o.database, o.environment = testDatabase(t, o.dir)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var alert hookAlert
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &alert)
		}
		if err != nil || r.Method != http.MethodPost {
			t.Errorf("the hook got %s %q: %v", r.Method, body, err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.hook = append(o.hook, alert)
	}))
	t.Cleanup(server.Close)
	o.run(0, "init", o.dir)
	o.run(0, "people", "import", filepath.Join(o.dir, "people", "sample.jsonl"))
	config, err := os.OpenFile(filepath.Join(o.dir, "germane.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(config, "\nalerts: [%s/alerts, oncall@acme.example]\n", server.URL)
	if err := config.Close(); err != nil {
		t.Fatal(err)
	}
	return o
}

// run runs a command that ends with an exit code, and returns what it printed.
func (o *office) run(want int, args ...string) (stdout, stderr string) {
	o.t.Helper()
	var out, talk bytes.Buffer
	if args[0] != "init" {
		args = append(args, "-C", o.dir)
	}
	code := run(context.Background(), args, &system{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, environment: o.environment, now: time.Now})
	if code != want {
		o.t.Fatalf("germane %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, out.String(), talk.String())
	}
	return out.String(), talk.String()
}

// downFor makes a database look as if nobody had planned a campaign for a time.
func (o *office) downFor(campaign, cadence string, d time.Duration) {
	o.t.Helper()
	s, err := engines.At(o.database)
	if err != nil {
		o.t.Fatal(err)
	}
	defer s.Close()
	if err := s.PlannedUntil(context.Background(), campaign, cadence, time.Now().UTC().Add(-d)); err != nil {
		o.t.Fatal(err)
	}
}

// TestWhatIsDueIsTold: a machine was down, and what it missed, what is too late and what waits for approval is told to a hook and by
// mail, logged, and shown to whoever is on call.
func TestWhatIsDueIsTold(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := time.Now().UTC().Add(-2 * time.Hour).Format("15:04")
	campaign := func(name, more string) {
		text := "state: live\nobjective: activation\ngoal: project_created within 7d\ntopic: tips\naudience: true\ntemplate: weekly\n" +
			"cadence:\n  every: day " + at + "\n  time_zone: UTC\n" + more
		if err := os.WriteFile(filepath.Join(o.dir, "campaigns", name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	campaign("late", "  max_late: 1h\n")
	campaign("many", "expect: {audience: 100000..200000}\n")
	campaign("held", "")
	o.run(0, "deploy")
	o.run(0, "pause", "held")
	for _, name := range []string{"late", "many", "held"} {
		o.downFor(name, "day "+at+" UTC", 50*time.Hour)
	}
	_, log := o.run(0, "worker", "--drain")
	for _, want := range []string{"an occurrence is not sent", "reason=late", "reason=missed", `reason="the campaign is paused"`, "run planned"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log says nothing of %q:\n%s", want, log)
		}
	}
	told := map[string]string{}
	for _, alert := range o.hook {
		told[alert.Campaign+" "+alert.What] += alert.Text
		if time.Since(alert.At) > time.Minute {
			t.Errorf("an alert of %s", alert.At)
		}
	}
	if len(o.hook) != 3 || !strings.Contains(told["late missed"], "occurrences of late are not sent, the last due ") ||
		!strings.Contains(told["many waiting_approval"], "at least 100000 are expected") || told["many missed"] == "" {
		t.Errorf("the hook was told %v", o.hook)
	}
	mails, err := filepath.Glob(filepath.Join(o.dir, "outbox", "*.eml"))
	if err != nil || len(mails) != 3 {
		t.Fatalf("the outbox has %v, %v", mails, err)
	}
	for _, name := range mails {
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), "To: oncall@acme.example\r\nSubject: germane: ") {
			t.Errorf("a mail says %s, %v", text, err)
		}
	}
	out, talk := o.run(1, "runs", "--since", "24h")
	for _, want := range []string{": missed, nobody is mailed\n    note: late\n    ! missed: germane send late, if it should still be sent\n", "held, ", "    note: the campaign is paused\n", "! waits for approval"} {
		if !strings.Contains(out, want) {
			t.Errorf("on call one sees no %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "germane send held") || strings.Contains(out, "nobody planned") || !strings.Contains(talk, "runs need a person") {
		t.Errorf("on call one sees\n%s%s", out, talk)
	}
	// How long something takes already may differ by now.
	if again, _ := o.run(1, "runs", "--since", "24h", "--limit", "1"); headlines(again) != headlines(out) {
		t.Errorf("with a limit one sees\n%s\ninstead of\n%s", again, out)
	}
}

// headlines are the lines of a list that begin its entries.
func headlines(list string) (lines string) {
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, " ") {
			lines += line
		}
	}
	return lines
}
