package postgres

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"germane/audience"
	"germane/store"
)

// TestTablesHoldConsent goes around the program: whatever it does, the tables refuse.
func TestTablesHoldConsent(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	u := audience.Update{ID: "ann", Email: "ann@acme.example", Topics: []audience.TopicConsent{{Topic: "tips", State: audience.ConsentUnsubscribed}}}
	if _, err := s.Import(t.Context(), []audience.Update{u}, store.Importing{At: noon}); err != nil {
		t.Fatal(err)
	}
	for _, attack := range []string{
		`UPDATE consent SET state = 2`,
		`UPDATE consent SET topic = 'other'`,
		`DELETE FROM consent`,
		`UPDATE consent_log SET state = 2`,
		`DELETE FROM consent_log`,
		`INSERT INTO consent (person, topic, state, basis, source, at) VALUES (1, 'tips', 2, '', '', 0) ON CONFLICT (person, topic) DO UPDATE SET state = 2`,
		`INSERT INTO consent (person, topic, state, basis, source, at) VALUES (1, 'tips', 3, '', '', 0) ON CONFLICT (person, topic) DO UPDATE SET state = 2`,
	} {
		_, err := s.pool.Exec(t.Context(), attack)
		var state audience.ConsentState
		var entries int
		read := `SELECT (SELECT state FROM consent WHERE topic = 'tips'), (SELECT count(*) FROM consent_log WHERE state = 3)`
		if scan := s.pool.QueryRow(t.Context(), read).Scan(&state, &entries); scan != nil || state != audience.ConsentUnsubscribed || entries != 1 {
			t.Errorf("%s: %v, and then %v, %d entries, %v", attack, err, state, entries, scan)
		}
	}
}

// TestTablesTurnGrantsToWithdrawals: somebody new at an address that withdrew is the same reader, whoever writes what.
func TestTablesTurnGrantsToWithdrawals(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	subscribe(t, s, 2)
	if err := s.Unsubscribe(t.Context(), 1, store.Withdrawal{At: noon}); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`UPDATE person SET address = 'gone' WHERE number = 1`,
		`UPDATE person SET address = (SELECT address FROM withdrawal WHERE address <> 'gone' LIMIT 1) WHERE number = 2`,
		`DELETE FROM withdrawal WHERE address = 'gone'`,
		`ALTER TABLE consent DISABLE TRIGGER USER; DELETE FROM consent; ALTER TABLE consent ENABLE TRIGGER USER`,
		`INSERT INTO consent (person, topic, state, basis, source, at) VALUES (2, 'tips', 2, '', 'import', 7), (2, 'offers', 2, '', 'import', 7), (1, 'tips', 1, '', 'import', 7)`,
	} {
		if _, err := s.pool.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for query, want := range map[string]string{
		`SELECT string_agg(concat(person, topic, state), ' ' ORDER BY person, topic) FROM consent`:                                                 "1tips1 2offers2 2tips3",
		`SELECT string_agg(concat(person, topic, state), ' ' ORDER BY person, topic, entry) FROM consent_log WHERE at < 100000000`:                 "1tips1 2offers2",
		`SELECT string_agg(concat(person, topic, state, source), ' ' ORDER BY person, topic, entry) FROM consent_log WHERE source LIKE 'earlier%'`: "2tips3earlier withdrawal",
	} {
		var got string
		if err := s.pool.QueryRow(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", query, got, err, want)
		}
	}
}

// TestTablesHoldDeliveries goes around the program: a row only moves forward.
func TestTablesHoldDeliveries(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	exec := func(query string, args ...any) error {
		_, err := s.pool.Exec(t.Context(), query, args...)
		return err
	}
	allowed := map[string]bool{"1>2": true, "1>3": true, "1>4": true, "1>7": true, "4>2": true, "4>3": true, "7>1": true}
	// How to get to each state.
	ways := map[int][]int{1: {1}, 2: {1, 2}, 3: {1, 3}, 4: {1, 4}, 5: {5}, 6: {6}, 7: {1, 7}}
	const insert = `INSERT INTO delivery (run, person, occasion, chunk, pin, epoch, attempt, state, reason, claimed, done, provider) VALUES (1, $1, 0, 0, 0, 1, 1, $2, '', 0, 0, '')`
	if err := exec(`SELECT germane_hold_run(1)`); err != nil {
		t.Fatal(err)
	}
	person := 0
	for from, way := range ways {
		for to := 1; to <= 7; to++ {
			person++
			if err := exec(insert, person, way[0]); err != nil {
				t.Fatal(err)
			}
			for _, state := range way[1:] {
				if err := exec(`UPDATE delivery SET state = $1 WHERE person = $2`, state, person); err != nil {
					t.Fatal(err)
				}
			}
			attempts := 0
			if from == 7 {
				attempts = 1
			}
			err := exec(`UPDATE delivery SET state = $1, attempt = attempt + $2 WHERE person = $3`, to, attempts, person)
			if move := fmt.Sprintf("%d>%d", from, to); from != to && (err == nil) != allowed[move] {
				t.Errorf("%s: %v", move, err)
			}
		}
	}
	for _, state := range []int{2, 3, 4, 7} {
		if err := exec(insert, 999, state); err == nil {
			t.Errorf("a row started with state %d", state)
		}
	}
}

// TestHotStatementsUseIndexes asks for the plans that prepared statements keep, and while tables and partitions are new or known to be
// empty, as that is when they may be made: a plan that reads a whole table would go on doing so when it has a million rows.
func TestHotStatementsUseIndexes(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]string{"new": `SELECT germane_hold_run(1), germane_hold_run(2000)`, "known to be empty": `VACUUM ANALYZE`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openTest(t)
			var version string
			if err := s.pool.QueryRow(t.Context(), `SELECT version()`).Scan(&version); err != nil {
				t.Fatal(err)
			}
			t.Log(version)
			conn, err := s.pool.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Release()
			for _, statement := range []string{`SELECT germane_hold_run(1), germane_hold_run(2000)`, prepare, `SET plan_cache_mode = force_generic_plan`} {
				if _, err := conn.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			wantIndexes(t, conn.Conn())
		})
	}
}

func wantIndexes(t *testing.T, conn *pgx.Conn) {
	// The tables that may be read whole: there is a row for each chunk, run or version, or one for each value that came as an array.
	whole := regexp.MustCompile(`Seq Scan on (\w+)`)
	few := map[string]bool{"switch": true, "run": true}
	parameter := regexp.MustCompile(`\$\d+`)
	for i, query := range []string{
		`SELECT ` + personColumns + ` FROM person WHERE id = $1`,
		`SELECT ` + personColumns + ` FROM person WHERE address = $1`,
		`SELECT ` + personColumns + ` FROM person WHERE number >= $1 AND number < $2 ORDER BY number LIMIT $3`,
		`SELECT person, topic, state FROM consent WHERE person >= $1 AND person <= $2 ORDER BY person, topic`,
		readByID, readByAddress, readConsents, readErased, readWithdrawn, updatePeople, upsertConsents,
		`DELETE FROM consent_log WHERE person = $1`,
		readyQuery,
		chunkQuery + `WHERE c.run = $1 AND c.no = $2 FOR UPDATE`,
		readRowsQuery, moveRows, insertRows, consentingQuery, cappedQuery, inDoubtQuery, deliveriesToQuery,
		`UPDATE delivery SET state = 4 WHERE run = $1 AND person >= $2 AND person < $3 AND chunk = $4 AND state = 1`,
		`UPDATE delivery SET state = 1, attempt = attempt + 1 WHERE run = $1 AND person = $2 AND occasion = $3 AND state = 7`,
		`DELETE FROM touch WHERE person = ANY($1::bigint[]) AND run = $2`,
		addEvent,
		`SELECT kind, block, variant, label, count(*) FROM event WHERE run = $1 GROUP BY kind, block, variant, label ORDER BY kind, block, variant, label`,
		kindCountQuery, armCountQuery, goalCountQuery,
		`SELECT hash FROM version WHERE hash >= $1 AND hash < $1 || 'g' ORDER BY hash LIMIT 2`,
		`SELECT min(at) FROM event WHERE person = $1 AND run = $2 AND occasion = $3 AND kind = 'delivery'`,
		`SELECT id FROM event WHERE person = $1 AND at >= $2 AND at <= $3 AND run = $4 AND kind = 'click' ORDER BY at DESC, id DESC LIMIT 5`,
	} {
		if _, err := conn.Exec(t.Context(), fmt.Sprintf(`PREPARE q%d AS %s`, i, query)); err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		count := 0
		for _, p := range parameter.FindAllString(query, -1) {
			var n int
			fmt.Sscanf(p, "$%d", &n)
			count = max(count, n)
		}
		rows, err := conn.Query(t.Context(), fmt.Sprintf(`EXPLAIN EXECUTE q%d (%s)`, i, strings.TrimSuffix(strings.Repeat("NULL, ", count), ", ")))
		var plan []string
		err = collect(rows, err)(func(rows pgx.Rows) error {
			var line string
			err := rows.Scan(&line)
			plan = append(plan, line)
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", query, err)
		}
		all := strings.Join(plan, "\n")
		for _, table := range whole.FindAllStringSubmatch(all, -1) {
			if !few[table[1]] {
				t.Errorf("%s:\n%s", query, all)
			}
		}
		if len(plan) == 0 || strings.Contains(all, "Hash Join") || strings.Contains(all, "Merge Join") || strings.Contains(all, "hashed SubPlan") {
			t.Errorf("%s:\n%s", query, all)
		}
	}
}
