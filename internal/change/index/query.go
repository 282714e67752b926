package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

// Row is a change as the index has it.
type Row struct {
	Tip      git.OID // "" in the archive
	Archived bool
	change.State
}

// Query chooses changes. Empty fields choose all.
type Query struct {
	Statuses []change.Status
	Target   string
	Agent    string
	Task     string
	Archived bool // those in the archive too
	Limit    int  // 0 = all
}

// List returns the changes that a query chooses, the newest first.
func (x *Index) List(ctx context.Context, q Query) ([]Row, error) {
	where, args := []string{"1"}, []any{}
	if !q.Archived {
		where = append(where, "archive = ''")
	}
	for _, field := range []struct{ column, value string }{{"target", q.Target}, {"agent", q.Agent}, {"task", q.Task}} {
		if field.value != "" {
			where, args = append(where, field.column+" = ?"), append(args, field.value)
		}
	}
	if len(q.Statuses) > 0 {
		where = append(where, "status IN (?"+strings.Repeat(", ?", len(q.Statuses)-1)+")")
		for _, s := range q.Statuses {
			args = append(args, string(s))
		}
	}
	text := "SELECT tip, archive, state FROM changes WHERE " + strings.Join(where, " AND ") + " ORDER BY opened DESC, id"
	if q.Limit > 0 {
		text, args = text+" LIMIT ?", append(args, q.Limit)
	}
	return x.rows(ctx, text, args...)
}

// Inbox returns what needs the operator: riskiest first, then what waits longest.
func (x *Index) Inbox(ctx context.Context) ([]Row, error) {
	return x.rows(ctx, "SELECT tip, archive, state FROM changes WHERE archive = '' AND status IN (?, ?) ORDER BY level DESC, since, id",
		string(change.NeedsOperator), string(change.Suspended))
}

// Find returns the change that somebody names: by at least 8 digits of its id, or by the Change-Id of its commits. Of several
// with the same Change-Id the open one counts.
func (x *Index) Find(ctx context.Context, name string) (Row, error) {
	text, args := "SELECT tip, archive, state FROM changes WHERE alias = ? AND alias <> '' ORDER BY status IN ('merged', 'released', 'reverted', 'abandoned'), opened DESC LIMIT 1", []any{name}
	if len(name) >= 8 && strings.Trim(name, "0123456789abcdef") == "" {
		text, args = "SELECT tip, archive, state FROM changes WHERE id >= ? AND id < ? ORDER BY id LIMIT 10", []any{name, name + "g"}
	}
	rows, err := x.rows(ctx, text, args...)
	if err != nil {
		return Row{}, err
	}
	switch len(rows) {
	case 0:
		return Row{}, &change.NotFoundError{Name: name}
	case 1:
		return rows[0], nil
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return Row{}, &change.AmbiguousError{Name: name, IDs: ids}
}

// Broken lists what cannot be read.
func (x *Index) Broken(ctx context.Context) ([]*change.BrokenError, error) {
	db, err := x.handle()
	if err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT ref, oid, error, next FROM broken ORDER BY ref")
	if err != nil {
		return nil, storage(err)
	}
	defer rows.Close()
	var out []*change.BrokenError
	for rows.Next() {
		var ref, oid, message, next string
		if err := rows.Scan(&ref, &oid, &message, &next); err != nil {
			return nil, storage(err)
		}
		out = append(out, &change.BrokenError{Ref: ref, Commit: git.OID(oid), Err: errors.New(message), Next: next})
	}
	return out, storage(rows.Err())
}

func (x *Index) rows(ctx context.Context, text string, args ...any) ([]Row, error) {
	db, err := x.handle()
	if err != nil {
		return nil, err
	}
	found, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, storage(err)
	}
	defer found.Close()
	out := []Row{}
	for found.Next() {
		row, err := scan(found)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, storage(found.Err())
}

func scan(rows *sql.Rows) (Row, error) {
	var tip, archive, state string
	if err := rows.Scan(&tip, &archive, &state); err != nil {
		return Row{}, storage(err)
	}
	row := Row{Tip: git.OID(tip), Archived: archive != ""}
	if err := json.Unmarshal([]byte(state), &row.State); err != nil {
		return Row{}, storage(fmt.Errorf("a row is not what was written: %w", err))
	}
	return row, nil
}

// damaged says that SQLite found the file itself wrong.
func damaged(err error) bool {
	var said *sqlite.Error
	if !errors.As(err, &said) {
		return false
	}
	switch said.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_IOERR:
		return true
	}
	return false
}
