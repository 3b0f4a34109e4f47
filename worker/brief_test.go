package worker

import "testing"

// TestBrief: what a server says is printed on terminals.
func TestBrief(t *testing.T) {
	t.Parallel()
	if got, want := brief("550 no\x1b[2J \u009b2J\x7f\r\nway\xff"), "550 no [2J  2J   way\uFFFD"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
