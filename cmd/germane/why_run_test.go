package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/internal/engines"
	"germane/store"
)

// TestWhyOfAnotherCompilersVersion holds the ledger's answer when the version's files mean something else to this program: slots and
// numbers of blocks may have moved, so that only the names that were stored are told.
func TestWhyOfAnotherCompilersVersion(t *testing.T) {
	t.Parallel()
	dir, now := filepath.Join(t.TempDir(), "hello"), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	database, environment := testDatabase(t, dir)
	germane := func(args ...string) (code int, out string) {
		var stdout, stderr bytes.Buffer
		code = run(t.Context(), args, &system{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, environment: environment, now: func() time.Time { return now }})
		return code, stdout.String() + stderr.String()
	}
	if code, out := germane("init", dir); code != 0 {
		t.Fatal(out)
	}
	s, err := engines.At(database)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.Import(t.Context(), []audience.Update{{ID: "ann", Email: "ann@acme.example"}}, store.Importing{At: now})
	must(err)
	must(s.Deploy(t.Context(), &store.Version{Hash: "abc", Format: 99, Deployed: now, Variants: []store.Variant{{Campaign: "weekly", BlockName: "hero", VariantName: "old"}}}))
	id, err := s.CreateRun(t.Context(), store.Run{Campaign: "weekly", Occurrence: "2026-11-23", Version: "abc", Cut: true, Created: now, Started: now},
		[]store.Chunk{{People: store.Everybody, Members: 1}})
	must(err)
	c, err := s.TakeChunk(t.Context(), id, 0, "test", now, now.Add(time.Minute))
	must(err)
	packed := blocks.Pack(nil, []blocks.Choice{{Reason: blocks.ValueMissing, Missing: 3}})
	_, err = s.Step(t.Context(), &store.Step{Lease: store.Lease{Run: id, Epoch: c.Epoch}, Now: now, Until: now, Decisions: []store.Decision{{Person: 1, State: store.Claimed, Choices: packed}}})
	must(err)
	must(s.Close())

	code, out := germane("-C", dir, "why", "1", "ann")
	for _, want := range []string{"run 1 of weekly, 2026-11-23: claimed", "hero: old, because no variant's rule was certainly true: a value was missing", "deployed by another germane"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, and nothing of %q in:\n%s", code, want, out)
		}
	}
	if strings.Contains(out, "now:") {
		t.Errorf("today's values are told:\n%s", out)
	}
}
