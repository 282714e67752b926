package git

import (
	"errors"
	"io"
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
	// mostEntries is how much of a crowded folder for temporary files is looked at.
	mostEntries = 4096
)

// sweepLeft removes private folders in dir that are older than an instant and whose owner was killed: nobody holds their lock.
// A folder without a claim, of somebody else or behind a link stays. It is a courtesy: what cannot be looked at or removed is
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
		removeLeft(path)
	}
}

// removeLeft removes a folder whose claim nobody holds.
func removeLeft(path string) {
	file, free := reclaim(filepath.Join(path, claimName))
	if file == nil {
		return
	}
	defer file.Close()
	if free {
		_ = os.RemoveAll(path) // what is left is tried again at the next start
	}
}
