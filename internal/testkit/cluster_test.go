package testkit

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestCluster stops a Postgres and starts it again: what was committed is there, what was not is not, and nobody answers meanwhile.
func TestCluster(t *testing.T) {
	t.Parallel()
	c, ctx := NewCluster(t), t.Context()
	connect := func() (*pgx.Conn, error) { return pgx.Connect(ctx, c.Address(c.Host)) }
	run := func(statements ...string) {
		conn, err := connect()
		for _, statement := range statements {
			if err == nil {
				_, err = conn.Exec(ctx, statement)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run(`CREATE TABLE kept (n int)`, `INSERT INTO kept VALUES (1)`, `BEGIN`, `INSERT INTO kept VALUES (2)`)
	c.Stop()
	if _, err := connect(); err == nil {
		t.Error("a Postgres that was stopped answers")
	}
	c.Start()
	conn, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	var sum int
	var fsync string
	if err := conn.QueryRow(ctx, `SELECT sum(n), current_setting('fsync') FROM kept`).Scan(&sum, &fsync); err != nil || sum != 1 || fsync != "on" {
		t.Errorf("after the start the rows sum up to %d, fsync is %s, %v", sum, fsync, err)
	}
}
