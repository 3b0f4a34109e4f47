// Package storetest is one suite that every engine of store must pass. An engine's test calls [Run] with a function that opens an
// empty store; each test opens its own, and all run side by side.
//
// It leaves to the engine's own tests what only that engine has: files, versions of it, plans of queries, the power cut.
package storetest

import (
	"context"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

// Open opens an empty store, which ends with the test.
type Open func(t testing.TB) store.Store

// Run holds an engine to the suite.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, *fixture){
		"people/import merges":              importMerges,
		"people/import finds by id or mail": importFinds,
		"people/import moves addresses":     importMoves,
		"people/dry run":                    dryRun,
		"people/each":                       eachPerson,
		"people/zones":                      zoneCounts,
		"people/cancelled":                  cancelled,
		"people/concurrent":                 concurrentImports,
		"consent/withdrawal stays":          withdrawalStays,
		"consent/log":                       consentLog,
		"people/forget":                     forget,
		"suppression":                       suppression,
		"keys":                              keys,
		"switches":                          switches,
		"versions":                          versions,
		"topics":                            topics,
		"clock":                             clock,
		"campaigns":                         campaigns,
		"runs":                              runs,
		"runs/repin":                        repin,
		"runs/halts":                        halts,
		"chunks/leases":                     leases,
		"chunks/reopened":                   reopened,
		"deliveries/moves":                  deliveryMoves,
		"deliveries/claim looks again":      claimLooksAgain,
		"deliveries/caps":                   caps,
		"deliveries/crashes":                crashes,
		"measures/goals":                    goals,
		"measures/kinds":                    kindCounts,
		"measures/variants":                 runVariants,
		"chunks/aside":                      aside,
		"deliveries/others' results":        foreignResults,
		"workers":                           sharers,
		"senders":                           senderDays,
		"runs/held":                         heldRuns,
		"events":                            events,
		"events/clicks":                     clickCounts,
		"events/judged":                     judged,
		"notices/settle":                    noticesSettle,
		"notices/spare":                     noticesSpare,
		"notices/soft":                      noticesSoft,
		"notices/quarantine":                quarantine,
		"notices/quarantine lasts":          quarantineLasts,
		"notices/any order":                 noticesInAnyOrder,
		"retention":                         retention,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &fixture{t, open(t), t.Context()})
		})
	}
}

// fixture is a store and what makes tests of it short: every error ends the test.
type fixture struct {
	t testing.TB
	store.Store
	ctx context.Context
}

// noon is the time of everything that says nothing else.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// people imports updates at noon and wants a result for each.
func (f *fixture) people(how store.Importing, updates []audience.Update, want ...store.ImportResult) []store.Outcome {
	f.t.Helper()
	if how.At.IsZero() {
		how.At = noon
	}
	outcomes, err := f.Import(f.ctx, updates, how)
	f.must(err)
	for i, outcome := range outcomes {
		wanted := store.Created
		if len(want) > 0 {
			wanted = want[i]
		}
		if outcome.Result != wanted {
			f.t.Errorf("row %d: got %d (%s), want %d", i, outcome.Result, outcome.Reason, wanted)
		}
	}
	return outcomes
}

func (f *fixture) byEmail(email string) *store.Person {
	f.t.Helper()
	p, err := f.PersonByEmail(f.ctx, email)
	f.must(err)
	return p
}

// ann is somebody who can be mailed.
func ann() audience.Update {
	return audience.Update{ID: "ann", Email: "ann@acme.example", TimeZone: "Europe/London", Locale: "en", Attributes: []byte(`{"plan":"trial","points":3}`)}
}
