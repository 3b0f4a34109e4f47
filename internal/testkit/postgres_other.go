//go:build !unix

package testkit

import "testing"

// Postgres needs processes that run as somebody else, and sockets in folders.
func Postgres(t testing.TB) (dsn string) {
	t.Helper()
	Missing(t, "a Unix with postgresql")
	return ""
}
