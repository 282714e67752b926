package index_test

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite" // the driver
)

// sqlite runs a statement on the file, as somebody who meddles with it would.
func sqlite(t testing.TB, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
