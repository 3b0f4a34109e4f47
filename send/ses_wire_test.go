package send

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// TestGivingUp: whoever gives up before there is a connection sends nothing, even if one comes a moment later; afterwards it is too late.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]bool{"before the connection": true, "after it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := net.Pipe()
			defer theirs.Close()
			cancelled := false
			w := &wire{cancel: func() { cancelled = true }}
			if early {
				w.giveUp()
			}
			w.try()
			w.connect(ours)
			w.giveUp()
			w.write()
			if tried, written := w.seen(); !tried || written == early || cancelled != early {
				t.Errorf("tried %v, written %v, cancelled %v", tried, written, cancelled)
			}
			if err := ours.SetDeadline(time.Now()); errors.Is(err, io.ErrClosedPipe) != early {
				t.Errorf("the connection: %v", err)
			}
			ours.Close()
		})
	}
}
