package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

const readAtOnce = 1000 // changes in memory at a time

// Sync brings the index up to what git says. It reads only the changes whose references moved. A file that turns out to be
// damaged is made anew once.
func (x *Index) Sync(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.db == nil {
		return fmt.Errorf("bringing the index of changes up to date: it is closed")
	}
	tips, archives, err := x.source.Tips(ctx)
	if err != nil {
		return err
	}
	err = x.sync(ctx, tips, archives)
	if !damaged(err) {
		return err
	}
	x.log(fmt.Sprintf("the index of changes %s is made anew: %v", x.path, err))
	if err := x.recreate(ctx); err != nil {
		return err
	}
	return x.sync(ctx, tips, archives)
}

// storageError marks what SQLite said, as against what git said.
type storageError struct{ err error }

func (e *storageError) Error() string { return "the index of changes: " + e.err.Error() }
func (e *storageError) Unwrap() error { return e.err }

func storage(err error) error {
	if err == nil {
		return nil
	}
	return &storageError{err}
}

func (x *Index) sync(ctx context.Context, tips, archives []git.Ref) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return storage(err)
	}
	defer tx.Rollback() // after Commit it says that there is nothing to do
	moved, err := forget(ctx, tx, tips)
	if err != nil {
		return storage(err)
	}
	for chunk := range slices.Chunk(moved, readAtOnce) {
		if err := x.take(ctx, tx, chunk); err != nil {
			return err
		}
	}
	if err := x.syncArchives(ctx, tx, archives); err != nil {
		return err
	}
	return storage(tx.Commit())
}

// forget drops the rows of references that moved or went, and returns those to read.
func forget(ctx context.Context, tx *sql.Tx, tips []git.Ref) ([]git.Ref, error) {
	known, err := pairs(ctx, tx, "SELECT id, tip FROM changes WHERE archive = '' UNION ALL SELECT ref, tip FROM broken")
	if err != nil {
		return nil, err
	}
	var moved []git.Ref
	for _, ref := range tips {
		key := ref.Name
		if id := change.RefID(ref.Name); id != "" && known[key] == "" {
			key = id
		}
		if known[key] != string(ref.OID) {
			moved = append(moved, ref)
			continue // its row goes, or is replaced
		}
		delete(known, key)
	}
	for key := range known {
		if _, err := tx.ExecContext(ctx, "DELETE FROM changes WHERE id = ? AND archive = ''", key); err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM broken WHERE ref = ?", key); err != nil {
			return nil, err
		}
	}
	return moved, nil
}

func pairs(ctx context.Context, tx *sql.Tx, query string) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return nil, err
		}
		out[key] = value
	}
	return out, rows.Err()
}

func (x *Index) take(ctx context.Context, tx *sql.Tx, refs []git.Ref) error {
	changes, broken, err := x.source.Read(ctx, refs)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if err := put(ctx, tx, c, ""); err != nil {
			return err
		}
	}
	tips := map[string]git.OID{}
	for _, ref := range refs {
		tips[ref.Name] = ref.OID
	}
	for _, b := range broken {
		if err := report(ctx, tx, b, tips[b.Ref]); err != nil {
			return err
		}
	}
	return nil
}

// syncArchives reads the months that changed. What is in a later month, or out of the archive again, stands over an earlier one.
func (x *Index) syncArchives(ctx context.Context, tx *sql.Tx, archives []git.Ref) error {
	known, err := pairs(ctx, tx, "SELECT ref, tip FROM archives")
	if err != nil {
		return storage(err)
	}
	gone, err := hidden(ctx, tx, known, archives)
	if err != nil {
		return storage(err)
	}
	for _, ref := range archives {
		if known[ref.Name] == string(ref.OID) && !gone {
			continue
		}
		if err := x.takeMonth(ctx, tx, ref); err != nil {
			return err
		}
	}
	return nil
}

// hidden drops everything archived when a month has gone, which nobody but a person with git does.
func hidden(ctx context.Context, tx *sql.Tx, known map[string]string, archives []git.Ref) (bool, error) {
	for _, ref := range archives {
		delete(known, ref.Name)
	}
	if len(known) == 0 {
		return false, nil
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM changes WHERE archive <> ''"); err != nil {
		return false, err
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM archives")
	return true, err
}

func (x *Index) takeMonth(ctx context.Context, tx *sql.Tx, ref git.Ref) error {
	changes, err := x.source.Month(ctx, ref)
	b := (*change.BrokenError)(nil)
	if err != nil && !errors.As(err, &b) {
		return err
	}
	for _, c := range changes {
		var over string
		err := tx.QueryRowContext(ctx, "SELECT CASE archive WHEN '' THEN 'z' ELSE archive END FROM changes WHERE id = ?", c.ID).Scan(&over)
		if err == nil && over > ref.Name {
			continue
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return storage(err)
		}
		if err := put(ctx, tx, c, ref.Name); err != nil {
			return err
		}
	}
	if b != nil { // its tip is not noted: the next Sync tries again
		return report(ctx, tx, b, ref.OID)
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO archives VALUES (?, ?)", ref.Name, string(ref.OID))
	return storage(err)
}

func report(ctx context.Context, tx *sql.Tx, b *change.BrokenError, tip git.OID) error {
	_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO broken VALUES (?, ?, ?, ?, ?)", b.Ref, string(tip), string(b.Commit), b.Err.Error(), b.Next)
	return storage(err)
}

// Put takes one change as it was just written, so that the index need not wait for the next Sync. A change that is older than
// what the index has is put right by that Sync.
func (x *Index) Put(ctx context.Context, c change.Change) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.db == nil {
		return fmt.Errorf("writing change %s to the index: it is closed", c.State.Short())
	}
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return storage(err)
	}
	defer tx.Rollback()
	if err := put(ctx, tx, c, ""); err != nil {
		return err
	}
	return storage(tx.Commit())
}

func put(ctx context.Context, tx *sql.Tx, c change.Change, archive string) error {
	s := &c.State
	state, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encoding change %s: %w", s.Short(), err)
	}
	level := -1
	if s.Assessment != nil {
		level = int(s.Assessment.Level)
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", c.ID, string(c.Tip), archive, string(s.Status), level,
		s.Origin.Target, s.Origin.Agent, s.Origin.Task, s.Origin.Alias, string(s.Head()), s.OpenedAt.Unix(), s.Updated.Unix(), since(s).Unix(), string(state))
	return storage(err)
}

// since is when the change began to wait for the operator, or was opened.
func since(s *change.State) time.Time {
	switch {
	case s.Status == change.Suspended && s.Stop != nil:
		return s.Stop.At
	case s.Status == change.NeedsOperator && len(s.Asks) > 0:
		return s.Asks[len(s.Asks)-1].At
	}
	return s.OpenedAt
}
