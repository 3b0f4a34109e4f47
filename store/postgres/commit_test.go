package postgres

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

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
			cut := &cutter{after: after}
			through := openAt(t, cut.listen(t, address), Options{})
			do := func() error {
				_, err := through.Import(t.Context(), []audience.Update{{ID: "ann", Email: "ann@acme.example"}}, store.Importing{At: noon})
				return err
			}
			cut.armed.Store(true)
			if err := do(); !errors.Is(err, store.ErrUnknown) {
				t.Errorf("got %v", err)
			}
			if _, err := s.PersonByID(t.Context(), "ann"); errors.Is(err, store.ErrNotFound) == after {
				t.Errorf("heard %v, and then %v", after, err)
			}
			cut.armed.Store(false)
			if err := do(); err != nil {
				t.Errorf("it cannot be done again: %v", err)
			}
		})
	}
}

// TestCommitThatIsRefused is certain to have changed nothing.
func TestCommitThatIsRefused(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	err := s.change(t.Context(), "repeat an id", func(t *transaction) error {
		const insert = `INSERT INTO person (id, address, email, time_zone, locale, attributes, observed, exceptions, created, updated) VALUES ('ann', $1, '', '', '', '', 0, '', 0, 0)`
		if err := t.run(`SET CONSTRAINTS ALL DEFERRED`); err != nil {
			return err
		}
		return errors.Join(t.run(insert, []byte("a")), t.run(insert, []byte("b")))
	})
	var problem *pgconn.PgError
	if errors.Is(err, store.ErrUnknown) || !errors.As(err, &problem) || problem.Code != "23505" {
		t.Errorf("got %v", err)
	}
}

// cutter passes on what goes to a Postgres and back until somebody commits.
type cutter struct {
	armed atomic.Bool
	after bool // Postgres hears of it, and its answer is lost
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
	var committing atomic.Bool
	go func() {
		defer client.Close()
		defer close(answer)
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if err != nil || committing.Load() {
				return
			}
			client.Write(buffer[:n])
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if c.armed.Load() && bytes.HasPrefix(buffer[:n], []byte("Q")) && bytes.HasSuffix(buffer[:n], []byte("commit\x00")) {
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
