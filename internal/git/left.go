package git

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	tempPrefix = "adamant-git-"
	claimName  = "claim"
	// leftAge keeps a folder safe whose owner has not locked it yet.
	leftAge = 10 * time.Minute
	// unclaimedAge is when a folder that was never locked is nobody's: its owner was killed before it could.
	unclaimedAge = 24 * time.Hour
	// mostEntries is how much of a crowded folder for temporary files is looked at.
	mostEntries = 4096
)

// sweepLeft removes private folders in dir that are older than an instant and whose owner was killed: nobody holds their lock.
// A folder of somebody else or behind a link stays, and for a day one without a claim. It is a courtesy: what cannot be looked at or removed is
// left for the next start.
func sweepLeft(dir string, before time.Time) {
	folder, err := os.Open(dir)
	if err != nil {
		return
	}
	defer folder.Close()
	names, err := folder.Readdirnames(mostEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return
	}
	for _, name := range names {
		if !strings.HasPrefix(name, tempPrefix) {
			continue
		}
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || !isOwn(info) || !info.ModTime().Before(before) {
			continue
		}
		removeLeft(path, info.ModTime().Before(before.Add(-unclaimedAge)))
	}
}

// removeLeft removes a folder whose claim nobody holds; old, also one that has none.
func removeLeft(path string, old bool) {
	claim := filepath.Join(path, claimName)
	file, free := reclaim(claim)
	if file != nil {
		defer file.Close()
	} else if _, err := os.Lstat(claim); old && errors.Is(err, fs.ErrNotExist) {
		free = true
	}
	if free {
		_ = os.RemoveAll(path) // what is left is tried again at the next start
	}
}
