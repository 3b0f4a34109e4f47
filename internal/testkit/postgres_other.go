//go:build !unix

package testkit

import "testing"

// Postgres needs processes that run as somebody else, and sockets in folders.
func Postgres(t testing.TB) (dsn string) {
	t.Helper()
	Missing(t, "a Unix with postgresql")
	return ""
}

// Cluster is a Postgres of one test's own.
type Cluster struct{ Host string }

// NewCluster needs the same.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	Missing(t, "a Unix with postgresql")
	return nil
}

// Address is the database's.
func (c *Cluster) Address(host string) string { return host }

// Start starts it.
func (c *Cluster) Start() {}

// Stop stops it.
func (c *Cluster) Stop() {}
