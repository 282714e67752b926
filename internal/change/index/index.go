// Package index answers questions about many changes at once from a SQLite file. It promises that the file is a cache: it is
// rebuilt from git whenever it is missing, stale, of another version or damaged, and deleting it loses nothing. It never
// decides anything and is never the only place of a fact.
package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	_ "modernc.org/sqlite" // the driver

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

// version changes with the schema, and with what the columns or change.State mean: a file of another version is rebuilt.
const version = 1

const schema = `
CREATE TABLE changes (
	id TEXT PRIMARY KEY, tip TEXT NOT NULL, archive TEXT NOT NULL, status TEXT NOT NULL, level INTEGER NOT NULL,
	target TEXT NOT NULL, agent TEXT NOT NULL, task TEXT NOT NULL, alias TEXT NOT NULL, head TEXT NOT NULL,
	opened INTEGER NOT NULL, updated INTEGER NOT NULL, since INTEGER NOT NULL, state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX by_status ON changes (status, level DESC, since);
CREATE INDEX by_task ON changes (task);
CREATE INDEX by_alias ON changes (alias);
CREATE TABLE archives (ref TEXT PRIMARY KEY, tip TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE broken (ref TEXT PRIMARY KEY, tip TEXT NOT NULL, oid TEXT NOT NULL, error TEXT NOT NULL, next TEXT NOT NULL) STRICT, WITHOUT ROWID;
`

// Source is where changes come from; a change.Store is one.
type Source interface {
	Tips(ctx context.Context) (changes, archives []git.Ref, err error)
	Read(ctx context.Context, refs []git.Ref) ([]change.Change, []*change.BrokenError, error)
	Month(ctx context.Context, ref git.Ref) ([]change.Change, error)
}

// Index is an open index. It is safe for concurrent use.
type Index struct {
	path   string
	source Source
	log    func(string)

	mu sync.Mutex // held while the file is written or replaced
	db *sql.DB
}

// Open opens the index file at path, or makes it; Sync fills it. What is wrong with a file that is there is told to log, and
// the file is made anew.
func Open(ctx context.Context, path string, source Source, log func(string)) (*Index, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the index: %w", err)
	}
	x := &Index{path: path, source: source, log: log}
	db, err := open(ctx, path)
	if err != nil {
		x.log(fmt.Sprintf("the index of changes %s is made anew: %v", path, err))
		return x, x.recreate(ctx)
	}
	x.db = db
	return x, nil
}

// open opens a file that is of this version, or empty.
func open(ctx context.Context, path string) (*sql.DB, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	if err := prepare(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func prepare(ctx context.Context, db *sql.DB) error {
	var found, tables int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	switch {
	case found == version:
		var sound string
		if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&sound); err != nil {
			return err
		}
		if sound != "ok" {
			return fmt.Errorf("it is damaged: %s", sound)
		}
		return nil
	case found != 0 || tables != 0:
		return fmt.Errorf("it is of version %d, not %d", found, version)
	}
	_, err := db.ExecContext(ctx, fmt.Sprintf("BEGIN;%s PRAGMA user_version = %d; COMMIT", schema, version))
	return err
}

// recreate starts over with an empty file.
func (x *Index) recreate(ctx context.Context) error {
	if x.db != nil {
		if err := x.db.Close(); err != nil {
			x.log("closing the index of changes: " + err.Error())
		}
		x.db = nil
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(x.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the index of changes: %w", err)
		}
	}
	db, err := open(ctx, x.path)
	if err != nil {
		return fmt.Errorf("making the index of changes %s: %w", x.path, err)
	}
	x.db = db
	return nil
}

// Close closes the file.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.db == nil {
		return nil
	}
	err := x.db.Close()
	x.db = nil
	return err
}

// handle is the open file for reading.
func (x *Index) handle() (*sql.DB, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.db == nil {
		return nil, errors.New("the index of changes is closed")
	}
	return x.db, nil
}
