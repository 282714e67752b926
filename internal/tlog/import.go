package tlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/adamant-os/adamant/internal/atomicfile"
)

// Import copies the log that r reads into dir, where there is none yet or an older state of the same log, as after a disk was lost. A
// log in dir that r does not continue is left as it is: ErrFork. The log in dir must not be open: ErrLocked.
func Import(ctx context.Context, dir string, key Key, r *Reader) error {
	if err := importLog(ctx, dir, key, r); err != nil {
		return fmt.Errorf("copying the log to %s: %w", dir, err)
	}
	return nil
}

func importLog(ctx context.Context, dir string, key Key, r *Reader) (err error) {
	l := &Log{dir: dir}
	if err := l.setKey(key); err != nil {
		return err
	}
	if err := l.take(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	signed, err := Dir(dir).ReadFile(ctx, checkpointPath, checkpointLimit)
	if err == nil {
		err = l.continued(ctx, signed, r)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folders := map[string]bool{}
	return r.Files(ctx, func(string) bool { return false }, func(path string, data []byte) error {
		if path == checkpointPath {
			if err := syncDirs(folders); err != nil {
				return err
			}
		}
		return errors.Join(l.write(path, data, folders), atomicfile.SyncDir(l.dir))
	})
}

// continued demands that what dir has is a part of what r reads.
func (l *Log) continued(ctx context.Context, signed []byte, r *Reader) error {
	c, err := openCheckpoint(signed, l.known)
	if err != nil {
		return &DamagedError{checkpointPath, err.Error()}
	}
	_, err = r.Consistency(ctx, c)
	return err
}
