//go:build unix

package testkit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

// Cluster is a Postgres of one test's own, which waits for the disk as one in earnest does, answers on a port of this machine, and can
// be stopped and started again.
type Cluster struct {
	Host string // and port

	t      testing.TB
	server *postgres
}

// NewCluster starts a Postgres, with an empty database, that ends with the test. When the test fails, it shows what Postgres said.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	server, err := newPostgres()
	if errors.Is(err, fs.ErrNotExist) {
		Missing(t, "postgresql")
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{Host: freeHost(t), t: t, server: server}
	_, server.port, _ = strings.Cut(c.Host, ":")
	t.Cleanup(c.end)
	c.Start()
	server.administer(t, `CREATE DATABASE germane`)
	return c
}

// Address is the database's, as reached by way of a host and port: the cluster's own, or somebody's in between.
func (c *Cluster) Address(host string) string {
	return "postgres://postgres@" + host + "/germane?sslmode=disable"
}

// Start returns when Postgres answers, after repairing what stopping broke off.
func (c *Cluster) Start() {
	c.t.Helper()
	if err := c.server.start("-c", "listen_addresses=127.0.0.1"); err != nil {
		c.t.Fatal(err)
	}
}

// Stop stops Postgres immediately: nothing under way is ended, no connection is told.
func (c *Cluster) Stop() {
	c.t.Helper()
	if _, err := io.WriteString(c.server.life, "keep\n"); err != nil {
		c.t.Fatal(err)
	}
	_ = c.server.shell.Wait() // its state is that of a Postgres that was killed
}

// Promote starts a Postgres that was stopped as a replica that takes over, and returns when it has: its write-ahead log goes on in another
// timeline.
func (c *Cluster) Promote() {
	c.t.Helper()
	signal := c.server.folder + "/data/recovery.signal"
	if err := os.WriteFile(signal, nil, 0o666); err != nil { // Postgres takes it away
		c.t.Fatal(err)
	}
	if err := c.server.start("-c", "listen_addresses=127.0.0.1", "-c", "restore_command=false", "-c", "hot_standby=off"); err != nil {
		c.t.Fatal(err)
	}
}

func (c *Cluster) end() {
	if log, err := os.ReadFile(c.server.folder + "/log"); c.t.Failed() && err == nil {
		lines := slices.DeleteFunc(strings.Split(string(log), "\n"), knocking)
		c.t.Logf("the end of what Postgres said:\n%s", strings.Join(lines[max(0, len(lines)-50):], "\n"))
	}
	_ = c.server.life.Close()
	_ = c.server.shell.Wait()
	_ = os.RemoveAll(c.server.folder) // when it was stopped, nobody else does
}

// knocking reports a line about somebody who came too early.
func knocking(line string) bool {
	return strings.Contains(line, "not yet accepting") || strings.Contains(line, "recovery state has not been yet reached")
}

// freeHost finds a port that nobody uses, and none of those that the system gives to whoever connects: while Postgres is stopped, a
// client that knocks again and again might be given the very port that it knocks at.
func freeHost(t testing.TB) string {
	t.Helper()
	for range 100 {
		host := fmt.Sprint("127.0.0.1:", 20_000+rand.IntN(12_000))
		if listener, err := net.Listen("tcp", host); err == nil {
			listener.Close()
			return host
		}
	}
	t.Fatal("no port is free")
	return ""
}
