package build

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// Builds use slots of the sandbox that agents do not (those count from 0), and a file lock makes each one's for the whole machine.
const (
	firstSlot = 3072
	slotCount = 512
)

// slotFolder is where root's locks lie: a folder that only root writes to and that is empty after a restart.
const slotFolder = "/run/adamant-builds"

// Identity is a host user that no other build on this machine has now. release gives it back. Who is not root has none but itself.
func Identity() (id sandbox.Identity, release func() error, err error) {
	if os.Geteuid() != 0 {
		return sandbox.Self(), func() error { return nil }, nil
	}
	if err := os.MkdirAll(slotFolder, 0o700); err != nil {
		return id, nil, fmt.Errorf("find a user for a build: %w", err)
	}
	for n := firstSlot; n < firstSlot+slotCount; n++ {
		file, err := filelock.Open(filepath.Join(slotFolder, strconv.Itoa(n)), 0)
		if errors.Is(err, filelock.ErrLocked) {
			continue
		}
		if err != nil {
			return id, nil, fmt.Errorf("find a user for a build: %w", err)
		}
		if id, err = sandbox.Slot(n); err != nil {
			return id, nil, errors.Join(err, file.Close())
		}
		return id, file.Close, nil
	}
	return id, nil, fmt.Errorf("find a user for a build: %d builds are running", slotCount)
}
