package sqlite

import (
	"database/sql"
	"slices"
	"testing"

	"germane/store/engine"
)

// TestEveryTableIsCopied: whoever adds a table says whether it goes along when a database moves (engine.Tables, engine.Stays).
func TestEveryTableIsCopied(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	keys := map[string][]string{}
	const query = `SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table' AND (c.pk > 0 OR c.cid = 0) ORDER BY t.name, c.pk`
	err := s.rows(t.Context(), query, nil, func(rows *sql.Rows) error {
		var table, column string
		err := rows.Scan(&table, &column)
		keys[table] = append(keys[table], column)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range engine.Tables() {
		if key := keys[table.Name]; !slices.Equal(key, table.Key) {
			t.Errorf("the key of %s is %v, and not %v", table.Name, key, table.Key)
		}
		delete(keys, table.Name)
	}
	for table := range keys {
		if engine.Stays(table) == "" {
			t.Errorf("nobody said whether table %s is copied", table)
		}
	}
}
