package postgres

import (
	"iter"
	"testing"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

// TestEveryTableIsCopied: whoever adds a table says whether it goes along when a database moves (engine.Tables, engine.Stays), and which
// column the table numbers itself.
func TestEveryTableIsCopied(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	numbers := map[string]string{}
	const query = `SELECT c.relname, coalesce((SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attidentity <> ''), '')
		FROM pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`
	err := s.rows(t.Context(), query, nil, func(rows pgx.Rows) error {
		var table, number string
		err := rows.Scan(&table, &number)
		numbers[table] = number
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range engine.Tables() {
		if number, ok := numbers[table.Name]; !ok || number != table.Number {
			t.Errorf("table %s numbers %q, and not %q", table.Name, number, table.Number)
		}
		delete(numbers, table.Name)
	}
	for table := range numbers {
		if engine.Stays(table) == "" {
			t.Errorf("nobody said whether table %s is copied", table)
		}
	}
}

// TestTablesAreHeldAfterTheyWereFilled: what watches over deliveries is back, also where a partition was made meanwhile.
func TestTablesAreHeldAfterTheyWereFilled(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	rows := func(rows ...[]any) iter.Seq2[[]any, error] {
		return func(yield func([]any, error) bool) {
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
	err := s.FillAll(t.Context(), func(w engine.Writer) error {
		runs := rows([]any{int64(7), "weekly", "1", int64(0), "finished", int64(1), int64(0), int64(0)}, []any{int64(70_000), "weekly", "2", int64(0), "finished", int64(1), int64(0), int64(0)})
		err := w.Write(engine.Table{Name: "run"}, []string{"id", "campaign", "occurrence", "manual", "state", "cut", "due", "created"}, runs)
		if err != nil {
			return err
		}
		row := []any{int64(70_000), int64(1), int64(0), int64(0), int64(0), int64(1), int64(1), int64(store.Sent), "", nil, int64(0), int64(0), ""}
		columns := []string{"run", "person", "occasion", "chunk", "pin", "epoch", "attempt", "state", "reason", "choices", "claimed", "done", "provider"}
		return w.Write(engine.Table{Name: "delivery"}, columns, rows(row))
	})
	if err != nil {
		t.Fatal(err)
	}
	var off int
	if _, err := s.row(t.Context(), `SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'`, nil, &off); err != nil || off != 0 {
		t.Errorf("%d triggers are turned off, %v", off, err)
	}
	for _, run := range []int{7, 70_000} {
		if _, err := s.pool.Exec(t.Context(), `INSERT INTO delivery (run, person, occasion, chunk, pin, epoch, attempt, state, reason, claimed, done, provider) VALUES ($1, 2, 0, 0, 0, 1, 1, 2, '', 0, 0, '')`, run); err == nil {
			t.Errorf("a row of run %d started as sent", run)
		}
	}
	if _, err := s.pool.Exec(t.Context(), `UPDATE delivery SET state = 1`); err == nil {
		t.Error("a row moved backward")
	}
}
