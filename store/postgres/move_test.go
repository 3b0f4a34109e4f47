package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"

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
