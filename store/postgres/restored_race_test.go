package postgres

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"germane/store"
)

// TestOthersWriteWhileItIsLooked: a ledger that is written while a new connection is asked did not go back in time.
func TestOthersWriteWhileItIsLooked(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	ctx, end := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	for i := range 3 {
		writing.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := s.Suppress(context.WithoutCancel(ctx), fmt.Sprintf("u%d-%d@mail.example", i, n), store.Suppression{Reason: store.Bounced, At: noon}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 300 {
		if err := s.stillThere(t.Context(), s.pool); err != nil {
			t.Error(err)
			break
		}
	}
	end()
	writing.Wait()
	if s.written.Load() == 0 {
		t.Error("the ledger was not written")
	}
}
