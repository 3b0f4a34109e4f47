package postgres

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"germane/audience"
	"germane/internal/testkit"
	"germane/store"
)

// TestCommitWithUnknownOutcome cuts the connection when a change is being committed: before Postgres hears of it, and before its answer
// comes back. Nobody can tell the two apart, and the error must not pretend to.
func TestCommitWithUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"before it is heard": false, "before the answer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := testkit.Postgres(t)
			s := openAt(t, address, Options{})
			subscribe(t, s, 1)
			l := start(t, s, "1", 1)
			cut := &cutter{after: after}
			through := openAt(t, cut.listen(t, address), Options{})
			for name, change := range map[string]struct{ do, look func() error }{
				"an import": {
					func() error {
						_, err := through.Import(t.Context(), []audience.Update{{ID: "ann", Email: "ann@acme.example"}}, store.Importing{At: noon})
						return err
					},
					func() error { _, err := s.PersonByID(t.Context(), "ann"); return err },
				},
				"a step, which sends COMMIT with what it writes": {
					func() error { _, err := through.Step(t.Context(), claimOfOne(l)); return err },
					func() error { _, err := s.Delivery(t.Context(), l.Run, 1, 0); return err },
				},
			} {
				cut.armed.Store(true)
				if err := change.do(); !errors.Is(err, store.ErrUnknown) {
					t.Errorf("%s: got %v", name, err)
				}
				if err := change.look(); errors.Is(err, store.ErrNotFound) == after {
					t.Errorf("%s: heard %v, and then %v", name, after, err)
				}
				cut.armed.Store(false)
				if err := change.do(); err != nil {
					t.Errorf("%s cannot be done again: %v", name, err)
				}
			}
		})
	}
}

func claimOfOne(l store.Lease) *store.Step {
	return &store.Step{Lease: l, Now: noon, Until: noon.Add(time.Hour), Decisions: []store.Decision{{Person: 1, State: store.Claimed, Topic: "tips"}}}
}

// TestCommitThatIsRefused is certain to have changed nothing: whether COMMIT is refused, or what goes out with it, after which Postgres
// skips COMMIT.
func TestCommitThatIsRefused(t *testing.T) {
	t.Parallel()
	s := openAt(t, testkit.Postgres(t), Options{Connections: 2})
	const insert = `INSERT INTO person (id, address, email, time_zone, locale, attributes, observed, exceptions, created, updated) VALUES ('ann', $1, '', '', '', '', 0, '', 0, 0)`
	for name, test := range map[string]struct{ deferred, last bool }{"COMMIT": {deferred: true}, "a last statement": {last: true}, "COMMIT with last statements": {true, true}} {
		for range 3 { // nothing is left of it
			err := s.change(t.Context(), "repeat an id", func(t *transaction) error {
				if test.deferred {
					if err := t.run(`SET CONSTRAINTS ALL DEFERRED`); err != nil {
						return err
					}
				}
				if !test.last {
					return errors.Join(t.run(insert, []byte("a")), t.run(insert, []byte("b")))
				}
				t.last = &pgx.Batch{}
				t.last.Queue(insert, []byte("a"))
				t.last.Queue(insert, []byte("b"))
				return nil
			})
			var problem *pgconn.PgError
			if errors.Is(err, store.ErrUnknown) || !errors.As(err, &problem) || problem.Code != "23505" {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if _, err := s.PersonByID(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestCommitOfWhatFailed: an error that was kept to itself is one all the same.
func TestCommitOfWhatFailed(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	for name, last := range map[string]*pgx.Batch{"alone": nil, "with last statements": {}} {
		err := s.change(t.Context(), "fail", func(t *transaction) error {
			_ = t.run(`SELECT 1/0`)
			t.last = last
			return nil
		})
		if !errors.Is(err, pgx.ErrTxCommitRollback) || errors.Is(err, store.ErrUnknown) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestStepWaitsTwice counts how often a step waits for the network: each time costs as much as many mails.
func TestStepWaitsTwice(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	cut := &cutter{}
	s := openAt(t, cut.listen(t, address), Options{Connections: 2})
	subscribe(t, s, 10)
	step := claimOfOne(start(t, s, "1", 10))
	fewest := int64(100)
	for person := int64(1); person <= 10; person++ { // the first prepares statements, and a pool sometimes asks whether a connection is there
		d := &step.Decisions[0]
		d.Person, d.Caps = person, []store.Cap{{Max: 9, Since: noon.Add(-time.Hour)}}
		before := cut.turns.Load()
		if _, err := s.Step(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		fewest = min(fewest, cut.turns.Load()-before)
		step.Results = []store.Result{{Person: person, State: store.Failed, At: noon}}
	}
	if fewest != 2 {
		t.Errorf("a step waited %d times", fewest)
	}
}

// cutter passes on what goes to a Postgres and back until somebody commits.
type cutter struct {
	armed atomic.Bool
	after bool         // Postgres hears of it, and its answer is lost
	turns atomic.Int64 // how often somebody said something after an answer
}

// commits reports whether a message commits: by itself, or as the last of prepared statements.
func commits(message []byte) bool {
	digest := sha256.Sum256([]byte("commit"))
	prepared := fmt.Appendf(nil, "\x00stmtcache_%x\x00", digest[:24]) // as pgx names it
	return bytes.HasPrefix(message, []byte("Q")) && bytes.HasSuffix(message, []byte("commit\x00")) || bytes.Contains(message, prepared)
}

// listen returns the address under which to reach a database through it.
func (c *cutter) listen(t *testing.T, address string) string {
	const socket = ".s.PGSQL.5432"
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(folder, socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.pass(client, filepath.Join(config.Host, socket))
		}
	}()
	return strings.Replace(address, config.Host, folder, 1)
}

func (c *cutter) pass(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	answer := make(chan struct{})
	var committing, answered atomic.Bool
	go func() {
		defer client.Close()
		defer close(answer)
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if err != nil || committing.Load() {
				return
			}
			answered.Store(true)
			client.Write(buffer[:n])
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if answered.Swap(false) {
			c.turns.Add(1)
		}
		if c.armed.Load() && commits(buffer[:n]) {
			if !c.after {
				return
			}
			committing.Store(true)
			io.Copy(server, bytes.NewReader(buffer[:n]))
			<-answer
			return
		}
		server.Write(buffer[:n])
	}
}
