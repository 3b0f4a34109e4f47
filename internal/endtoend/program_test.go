package endtoend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"germane/store"
	"germane/store/postgres"
	"germane/store/sqlite"
	"germane/token"
)

// germane is the program, built by [TestMain].
var germane string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "germane-endtoend")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	germane = filepath.Join(dir, "germane")
	if out, err := exec.Command("go", "build", "-o", germane, "germane/cmd/germane").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// site is a workspace that `germane init` made, with people.
type site struct {
	t       *testing.T
	dir     string
	environ []string
}

// newSite makes a workspace with people that delivers to an address. set are further variables.
func newSite(t *testing.T, delivery string, people int, set ...string) *site {
	t.Helper()
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "site")}
	s.environ = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GERMANE_DELIVERY=" + delivery}, set...)
	s.must(s.command(nil, "init", s.dir))
	s.must(s.command(jsonLines(t, people), "-C", s.dir, "people", "import", "-", "--format", "jsonl"))
	return s
}

func (s *site) command(stdin []byte, args ...string) *exec.Cmd {
	c := exec.Command(germane, args...)
	c.Env, c.Stdin = s.environ, bytes.NewReader(stdin)
	return c
}

// must runs a command that must succeed, and returns its stdout.
func (s *site) must(c *exec.Cmd) []byte {
	s.t.Helper()
	var problems bytes.Buffer
	c.Stderr = &problems
	out, err := c.Output()
	if err != nil {
		s.t.Fatalf("%v: %v\n%s", c.Args[1:], err, problems.Bytes())
	}
	return out
}

// run runs a command in the workspace, and returns what it said and its exit code.
func (s *site) run(args ...string) (said string, code int) {
	s.t.Helper()
	c := s.command(nil, append([]string{"-C", s.dir}, args...)...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// exits runs a command that must end with a code and say something.
func (s *site) exits(code int, says string, args ...string) {
	s.t.Helper()
	said, got := s.run(args...)
	if got != code || !strings.Contains(said, says) {
		s.t.Fatalf("germane %s: exit code %d, want %d; it should say %q:\n%s", strings.Join(args, " "), got, code, says, said)
	}
}

// report is what `germane runs --json` says of a run.
type report struct {
	Run                                     int64
	State                                   store.RunState
	Planned, Sent, Failed, Skipped, Waiting int64
	HeldOut                                 int64 `json:"held_out"`
	InDoubt                                 int64 `json:"in_doubt"`
	Reasons                                 map[string]int64
}

// report asks the program for its latest run. Whatever happened, a run adds up, and is not over while anybody waits.
func (s *site) report() report {
	s.t.Helper()
	var runs []report
	if s.json(&runs, "runs", "--json", "--limit", "1"); len(runs) == 0 {
		s.t.Fatal("there is no run")
	}
	r := runs[0]
	switch {
	case r.Planned != r.Sent+r.Failed+r.Skipped+r.HeldOut+r.InDoubt+r.Waiting:
		s.t.Errorf("the run does not add up: %+v", r)
	case r.Waiting > 0 && (r.State == store.RunFinished || r.State == store.RunSettling),
		r.InDoubt > 0 && r.State == store.RunFinished:
		s.t.Errorf("the run is %s and has open rows: %+v", r.State, r)
	}
	return r
}

// json reads what a command prints for programs.
func (s *site) json(into any, args ...string) {
	s.t.Helper()
	out := s.must(s.command(nil, append([]string{"-C", s.dir}, args...)...))
	if err := json.Unmarshal(out, into); err != nil {
		s.t.Fatalf("germane %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// open opens the workspace's database, as long as no process sends from its file.
func (s *site) open() store.Database {
	s.t.Helper()
	var db store.Database
	var err error
	if at := s.variable("GERMANE_DATABASE"); at == "" {
		db, err = sqlite.Open(s.t.Context(), filepath.Join(s.dir, "germane.db"), sqlite.Options{})
	} else {
		db, err = postgres.Open(s.t.Context(), at, postgres.Options{Connections: 2, Migrate: true})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close() })
	return db
}

// variable is what a variable is set to last; "": it is not.
func (s *site) variable(name string) (value string) {
	for _, set := range s.environ {
		if text, ok := strings.CutPrefix(set, name+"="); ok {
			value = text
		}
	}
	return value
}

// keys are those that the workspace's addresses are signed with.
func (s *site) keys(db store.Keys) *token.Keys {
	s.t.Helper()
	stored, err := db.SigningKeys(s.t.Context(), "token")
	if err != nil || len(stored) == 0 {
		s.t.Fatal(stored, err)
	}
	keys, err := token.NewKeys(token.Key{ID: uint8(stored[0].ID), Master: stored[0].Secret})
	if err != nil {
		s.t.Fatal(err)
	}
	return keys
}

// process is a command under way.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	exited chan struct{}
	mu     sync.Mutex
	said   bytes.Buffer
}

// start starts a command in the workspace. It does not outlive the test.
func (s *site) start(args ...string) *process {
	s.t.Helper()
	p := &process{t: s.t, cmd: s.command(nil, append([]string{"-C", s.dir}, args...)...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state says how it ended
		close(p.exited)
	}()
	s.t.Cleanup(func() { p.end(syscall.SIGKILL) })
	return p
}

// Write keeps what the process says.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *process) words() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// end sends a signal and returns the exit code: -1 when the signal killed the process.
func (p *process) end(signal os.Signal) int {
	_ = p.cmd.Process.Signal(signal) // it may have ended
	return p.wait()
}

func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(2 * time.Minute):
		p.t.Errorf("%v does not end:\n%s", p.cmd.Args[1:], p.words())
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
	return p.cmd.ProcessState.ExitCode()
}

// over reports whether the process ended.
func (p *process) over() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// people are those of whom every fifth is outside the audience, and who see all variants of the starter's blocks.
func person(i int) map[string]any {
	attributes := map[string]any{"first_name": fmt.Sprintf("Ann%d", i), "plan": []string{"trial", "free", "trial", "free", "pro"}[i%5], "projects_30d": i % 23}
	if i%5 == 0 || i%5 == 2 {
		attributes["trial_days_left"] = i % 11
	}
	if i%3 == 0 {
		attributes["interests"] = []string{"planning", "teams"}
	}
	return map[string]any{
		"id": fmt.Sprintf("u%d", i), "email": address(i), "time_zone": "Europe/Paris", "attributes": attributes, "topics": map[string]string{"tips": "subscribed"},
	}
}

func address(i int) string { return fmt.Sprintf("ann.%d@mail.example", i) }

func jsonLines(t *testing.T, people int) []byte {
	t.Helper()
	var lines [][]byte
	for i := range people {
		line, err := json.Marshal(person(i))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return slices.Concat(bytes.Join(lines, []byte("\n")), []byte("\n"))
}
