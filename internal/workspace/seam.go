package workspace

import "context"

// Identity is a host user and group. Until internal/sandbox lands.
type Identity struct{ UID, GID int }

// Mount is one thing of the host inside the sandbox.
type Mount struct {
	Source, Target string
	Writable       bool
}

// Starter starts a process in a sandbox.
type Starter interface {
	Run(ctx context.Context) error
}
